"""`injector demo` as people run it: what it tells, what it hides, what it leaves behind."""

import contextlib
import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from injector.base.clock import SystemClock
from injector.dev.demo.directory import directory
from injector.dev.timeline import Timeline
from tests.support.disk import require_disk
from tests.support.processes import clean_environment, command, processes

LIMIT = 60.0  # seconds; it takes a sixth of that on an idle machine

STORY = """
OpenBao [0-9.]+ on http://127.0.0.1:[0-9]+
KV v2 and v1, login by AppRole and Kubernetes
First render
wrote a password .KV v2. am•••, a key .KV v1. pe•••
logged in by AppRole
wrote app.env .mode 0600.
sent SIGHUP
application +holds DATABASE_PASSWORD=am••• API_KEY=pe•••
Rotation
changed the password to bi•••
wrote app.env
sent SIGHUP
application +holds DATABASE_PASSWORD=bi••• API_KEY=pe•••
Kubernetes login
vouched for system:serviceaccount:shop:api
logged in by Kubernetes
exit 0
Token renewal
renewed its token
Outage
noticed: a read got no answer
still ready
woke the server after 1.[0-9] s
recovered by itself
application +holds DATABASE_PASSWORD=bi••• API_KEY=qu•••
The end
SIGTERM, ended with exit code 0
Measured
first file +[0-9]+ ms
rotation → file +[0-9]+ ms
rotation → application +[0-9]+ ms
1.[0-9] s outage over → fresh again +[0-9]+ ms
tokens renewed +[1-9]
All 5 processes and all files of the demo are gone
Now try
"""


@dataclass
class Demo:
    """A running demo; its children are known by a variable of the environment."""

    popen: "subprocess.Popen[str]"
    mark: str
    temporary: Path
    output: str = ""

    def read_until(self, text: str) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}:\n{self.output}")

    def end(self) -> int:
        assert self.popen.stdout is not None
        self.output += self.popen.stdout.read()
        return self.popen.wait(LIMIT)

    def processes(self) -> dict[int, str]:
        """Return what it started and has not ended: number and command line."""
        found = processes(f"MARK={self.mark}")
        found.pop(self.popen.pid, None)
        return found

    def left(self) -> list[str]:
        """Return every trace of it: processes, and files in memory and on disk."""
        folders = [str(path) for path in Path("/dev/shm").glob(f"*demo-{self.popen.pid}-*")]
        return [
            *self.processes().values(),
            *folders,
            *map(str, self.temporary.iterdir()),
        ]


@pytest.fixture
def demo(tmp_path) -> Iterator[Demo]:
    (tmp_path / "tmp").mkdir()
    more = {"MARK": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "VAULT_ADDR": "http://[::1]:9"}
    popen = subprocess.Popen(
        command("demo"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(**more),
    )
    running = Demo(popen, str(tmp_path), tmp_path / "tmp")
    yield running
    popen.kill()
    popen.wait()
    assert popen.stdout is not None
    popen.stdout.close()
    for pid in running.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(90)
def test_it_tells_its_story_in_order_shows_no_secret_and_leaves_nothing(demo):
    assert demo.end() == 0, demo.output

    rest = demo.output
    for line in STORY.strip().splitlines():
        found = re.search(line, rest)
        assert found, f"{line!r} is not in what follows in:\n{demo.output}"
        rest = rest[found.end() :]
    assert no_secret(demo.output)
    assert "\x1b" not in demo.output
    assert demo.left() == []


@pytest.mark.timeout(90)
def test_a_dead_injector_ends_it_with_exit_1_and_the_injectors_last_lines(demo):
    demo.read_until("Rotation")
    (injector,) = [pid for pid, text in demo.processes().items() if "injector run" in text]
    os.kill(injector, signal.SIGKILL)

    assert demo.end() == 1

    assert "demo: the injector ended (exit code -9)" in demo.output
    assert '"event":"logged in"' in demo.output
    assert demo.left() == []
    assert no_secret(demo.output)


@pytest.mark.timeout(90)
def test_a_dead_server_ends_it_with_exit_1(demo):
    demo.read_until("runs, and knows nothing yet")
    (server,) = [pid for pid, text in demo.processes().items() if "server -dev" in text]
    os.kill(server, signal.SIGKILL)

    assert demo.end() == 1

    assert re.search(r"^demo: (the injector|could not)", demo.output, re.MULTILINE)
    assert demo.left() == []


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("number", "line", "code"),
    [
        (signal.SIGINT, "First render", 130),
        (signal.SIGINT, "froze the server", 130),
        (signal.SIGTERM, "Rotation", 143),
    ],
)
def test_an_interrupted_demo_leaves_nothing(demo, number, line, code):
    demo.read_until(line)
    demo.popen.send_signal(number)

    assert demo.end() == code
    assert demo.left() == []


@pytest.mark.timeout(90)
def test_a_killed_demo_leaves_nothing(demo):
    demo.read_until("Rotation")
    demo.popen.kill()
    demo.end()

    deadline = time.monotonic() + LIMIT
    while left := demo.left():
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def no_secret(output: str) -> bool:
    """Nothing but the first two letters of a value, no token, no role or secret id."""
    value = r"(amber|birch|pearl|quartz)"
    token = r"\b(hv)?s\.[A-Za-z0-9]{16,}|eyJ[A-Za-z0-9]"
    identity = r"[0-9a-f]{8}-[0-9a-f]{4}-"
    return not re.search(f"{value}|{token}|{identity}", output)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("no_color", "stream", "colored"),
    [("", Terminal(), True), ("1", Terminal(), False), ("", io.StringIO(), False)],
)
def test_colors_are_for_terminals_that_support_them(monkeypatch, no_color, stream, colored):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    timeline = Timeline(stream, SystemClock(), name="demo")

    timeline.say("injector", "wrote app.env")

    assert "wrote app.env" in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) is colored


async def test_piped_output_has_no_animation():
    stream = io.StringIO()
    timeline = Timeline(stream, SystemClock(), name="demo")

    with timeline.waiting("something"):
        pass

    assert stream.getvalue() == ""


def test_without_a_memory_backed_directory_it_uses_a_disk_and_says_so(tmp_path):
    disk = require_disk(tmp_path)

    with directory([str(disk), "", "/nonexistent"]) as made:
        assert not made.in_memory
        assert made.path.stat().st_mode & 0o777 == 0o700
    assert not made.path.exists()
