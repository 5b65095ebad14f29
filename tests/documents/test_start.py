"""docs/start.md, step by step, as a newcomer who pastes it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import clean_environment

PAGE = (Path(__file__).parents[2] / "docs" / "start.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LIMIT = 20.0

pytestmark = pytest.mark.timeout(90)


class Newcomer:
    """Somebody with two terminals; files in memory are in a corner of their own."""

    def __init__(self, home: Path, memory: Path) -> None:
        self.home, self.memory = home, memory
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environ = clean_environment(HOME=str(home), PATH=path, SECRETS=f"{memory}/shop")
        self.pasted: list[int] = []
        self.first: subprocess.Popen[str] | None = None

    def paste(self, number: int) -> str:
        """Paste a block into the second terminal; return what it shows."""
        ran = subprocess.run(
            ["bash", "-e", "-c", self._text(number)],
            cwd=self.home / "shop" if (self.home / "shop").exists() else self.home,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def leave_running(self, number: int) -> None:
        """Paste a block into the first terminal, whose last command goes on."""
        self.first = subprocess.Popen(
            ["bash", "-e", "-c", self._text(number).replace("injector dev", "exec injector dev")],
            cwd=self.home / "shop",
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.read_until("Ctrl-C ends")

    def read_until(self, text: str) -> str:
        assert self.first is not None
        assert self.first.stdout is not None
        said = ""
        for line in self.first.stdout:
            said += line
            if text in line:
                return said
        raise AssertionError(f"ended without {text!r}:\n{said}")

    def _text(self, number: int) -> str:
        self.pasted.append(number)
        return BLOCKS[number].replace("/dev/shm", str(self.memory))


@pytest.fixture
def newcomer(tmp_path: Path, tmpfs: Path) -> Iterator[Newcomer]:
    newcomer = Newcomer(tmp_path, tmpfs)
    yield newcomer
    if newcomer.first is not None:
        newcomer.first.send_signal(signal.SIGINT)
        newcomer.first.communicate(timeout=LIMIT)


def test_the_first_steps_lead_to_a_rotation_an_error_and_an_outage(newcomer, tmpfs):
    file = tmpfs / "shop" / "app.env"
    # The first block is `make demo`, which has tests of its own.
    assert "ok (1 secret, 1 file, 1 notification target)" in newcomer.paste(1)
    newcomer.leave_running(2)

    looked = newcomer.paste(3)
    assert re.search(r"^DB_PASSWORD='\w{20}'$", looked, re.MULTILINE)
    assert "ready" in looked

    before = file.read_text()
    changed = newcomer.paste(4)
    assert file.read_text() != before
    assert "app  changed" in changed
    assert "reloaded" in changed

    before = file.read_text()
    broken = newcomer.paste(5)
    assert before in broken
    assert "did you mean" in broken

    newcomer.paste(6)
    after = newcomer.paste(7)
    assert "unsealed" in after
    assert re.search(r"app\.env  app +shop +ok$", after, re.MULTILINE)
    assert 'path "secret/data/shop"' in newcomer.paste(8)
    assert newcomer.pasted == list(range(1, len(BLOCKS)))
