"""What the scenarios share: a server-side login, and a configuration for either daemon."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from benchmarks.errors import CouldNotRunError
from injector.base.errors import TransientError
from injector.dev.bao import executable

APP = "app"


def main(measure: Callable[[Path], None]) -> int:
    """Run a scenario in a folder of its own; it prints what it finds."""
    try:
        with scratch() as folder:
            measure(folder)
    except (CouldNotRunError, TransientError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="injector-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def login(admin: Any, folder: Path, rules: Mapping[str, list[str]], **role: Any) -> None:
    """Make a policy and an AppRole, and write what a login with it needs."""
    admin.sys.create_or_update_policy(
        APP,
        "".join(
            f'path "{path}" {{ capabilities = {json.dumps(allowed)} }}\n'
            for path, allowed in rules.items()
        ),
    )
    admin.sys.enable_auth_method("approle")
    admin.auth.approle.create_or_update_approle(APP, token_policies=[APP], **role)
    role_id = admin.auth.approle.read_role_id(APP)["data"]["role_id"]
    secret_id = admin.auth.approle.generate_secret_id(APP)["data"]["secret_id"]
    (folder / "role_id").write_text(role_id)
    (folder / "secret_id").write_text(secret_id)


def ours(address: str, folder: Path, **blocks: Any) -> list[str]:
    """Write our configuration; return the command."""
    config = {
        "vault": {"address": address},
        "auto_auth": {
            "method": {
                "type": "approle",
                "config": {
                    "role_id_file_path": str(folder / "role_id"),
                    "secret_id_file_path": str(folder / "secret_id"),
                    "remove_secret_id_file_after_reading": False,
                },
            }
        },
        "listener": [{"type": "unix", "address": str(folder / "socket")}],
        **blocks,
    }
    path = folder / "injector.yaml"
    path.write_text(yaml.safe_dump(config))
    return [sys.executable, "-m", "injector", "run", "-c", str(path)]


def peer(
    address: str,
    folder: Path,
    templates: Mapping[Path, str],
    *,
    interval: str,
    hooks: Mapping[Path, list[str]] = MappingProxyType({}),
) -> list[str]:
    """Write the same job for `bao agent`; return the command."""
    blocks = [
        f'vault {{ address = "{address}" }}',
        'auto_auth { method "approle" { config = {',
        f'  role_id_file_path = "{folder}/role_id"',
        f'  secret_id_file_path = "{folder}/secret_id"',
        "  remove_secret_id_file_after_reading = false",
        "} } }",
        f'template_config {{ static_secret_render_interval = "{interval}" }}',
    ]
    for file, contents in templates.items():
        lines = [f"contents = {json.dumps(contents)}", f'destination = "{file}"']
        if file in hooks:
            lines.append(f"exec {{ command = {json.dumps(hooks[file])} }}")
        blocks.append("template {\n  " + "\n  ".join(lines) + "\n}")
    path = folder / "agent.hcl"
    path.write_text("\n".join(blocks) + "\n")
    return [str(executable()), "agent", f"-config={path}"]
