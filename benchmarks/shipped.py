"""The program as it is shipped: its wheel, and nothing beside it but requirements/run.txt.

The development environment would not do: structlog imports `rich` where it can, for example, and
an editable project is imported from source.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.errors import CouldNotRunError

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements" / "run.txt"
HOME = ROOT / ".venv-bench"


def environment() -> Path:
    """Return the directory of an up-to-date virtual environment, made if there is none."""
    newest = _newest()
    dependencies = _digest([REQUIREMENTS]) + newest + version_of(newest)
    if _stamp("dependencies") != dependencies:
        subprocess.run([newest, "-m", "venv", "--clear", "--without-pip", str(HOME)], check=True)
        _pip("--python", str(_python()), "install", "--require-hashes", "-r", str(REQUIREMENTS))
        _write_stamp("dependencies", dependencies)
    sources = _digest([ROOT / "pyproject.toml", *sorted((ROOT / "injector").rglob("*.py"))])
    if _stamp("sources") != sources:
        with tempfile.TemporaryDirectory() as built:
            _pip("wheel", "--no-deps", "--no-build-isolation", "-w", built, str(ROOT))
            wheel = next(Path(built).glob("*.whl"))
            _pip(
                "--python", str(_python()), "install", "--no-deps", "--force-reinstall", str(wheel)
            )
        _write_stamp("sources", sources)
    return HOME


def version_of(python: str) -> str:
    answer = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _newest() -> str:
    """Return the newest Python that is installed here, as an image has the newest there is."""
    names = [f"python3.{minor}" for minor in range(20, sys.version_info.minor, -1)]
    newer = (path for path in map(shutil.which, names) if path and version_of(path))
    return next(newer, sys.executable)


def _python() -> Path:
    return HOME / "bin" / "python"


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise CouldNotRunError(f"pip {' '.join(arguments)}:\n{answer.stderr}")


def _digest(files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()


def _stamp(name: str) -> str:
    path = HOME / f".{name}"
    return path.read_text() if path.exists() else ""


def _write_stamp(name: str, text: str) -> None:
    (HOME / f".{name}").write_text(text)
