"""Commands: real programs, their groups, their output, and what is left behind (nothing)."""

import asyncio
import os
import select
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from injector.base.clock import SystemClock
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify import NotifyResult, application_of
from injector.targets.notify.command import run_command
from injector.targets.notify.processes import processes
from tests.support.fakes import context

SECRET = "canary-4711-value"


class HastyClock(SystemClock):
    """A second passes in a twentieth."""

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return super().deadline(seconds / 20)


class HeldClock(SystemClock):
    """The first deadline, which is the command's own, passes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._first: asyncio.Timeout | None = None

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        if self._first is not None:
            return super().deadline(seconds)
        self._first = asyncio.timeout(None)
        return self._first

    def expire(self) -> None:
        assert self._first is not None
        self._first.reschedule(asyncio.get_running_loop().time())


async def run(
    *argv: str,
    timeout: float = 5,  # noqa: ASYNC109 - the command's
    clock: SystemClock | None = None,
    **options,
) -> str:
    environ = {"PATH": os.environ["PATH"], **options.pop("environ", {})}
    made = context(clock or SystemClock(), secrets=[SECRET], environ=environ)
    return await run_command(argv, made, timeout=timeout, **options)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> set[int]:
    return {found.pid for found in processes().values() if found.parent == os.getpid()}


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    before, others = descriptors(), children()  # the session's own servers may run
    yield
    assert descriptors() == before
    assert children() == others


async def line(path: Path) -> str:
    """Wait for what a program writes into a FIFO."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        loop.add_reader(fd, ready.set)
        async with asyncio.timeout(5):
            await ready.wait()
        return os.read(fd, 100).decode().strip()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def gone(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(5000))


async def test_a_command_that_succeeds_returns_the_end_of_its_output():
    text = await run("sh", "-c", f"echo out; echo err {SECRET} >&2; printf end")

    assert text == "out\nerr [redacted: secret]\nend"


async def test_a_failure_shows_code_and_output_without_values():
    with pytest.raises(HookError) as failure:
        await run("sh", "-c", f"echo no such {SECRET}; exit 3", SECRET)

    assert str(failure.value) == (
        "`sh -c 'echo no such [redacted: secret]; exit 3' '[redacted: secret]'` exited with 3: "
        "no such [redacted: secret]"
    )


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["sh", "-c", "printf half; kill -KILL $$"], "was ended by SIGKILL$"),
        (["sh", "-c", "kill -40 $$"], "was ended by signal 40"),
        (["/no/such/program"], "was not found"),
        (["no-such-program"], "was not found"),
        (["/etc/passwd"], "is not executable"),
        (["sh", "a\0b"], "cannot be started: embedded null byte"),
        (["sh", "a" * 200_000], "larger than Linux allows; remove variables"),
    ],
)
async def test_every_failure_has_its_message(argv, reason):
    with pytest.raises(HookError, match=reason):
        await run(*argv)


async def test_a_file_without_an_interpreter_is_not_a_program(tmp_path):
    program = tmp_path / "hook"
    program.write_text("")
    program.write_bytes(b"\x01\x02")
    program.chmod(0o755)

    with pytest.raises(HookError, match="a script needs a first line"):
        await run(str(program))


async def test_a_missing_directory_is_not_mistaken_for_a_missing_program(tmp_path):
    with pytest.raises(HookError, match="there is no such directory"):
        await run("true", cwd=str(tmp_path / "none"))


@pytest.fixture
def input_for_us() -> Iterator[None]:
    saved = os.dup(0)
    reading, writing = os.pipe()
    os.write(writing, b"for the injector only\n")
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    yield
    os.dup2(saved, 0)
    os.close(saved)


@pytest.mark.usefixtures("input_for_us")
async def test_a_command_has_no_input_no_credentials_and_a_group_of_its_own(tmp_path):
    script = 'cat; pwd; echo "${VAULT_TOKEN-none} $APP"; cut -d " " -f 5 /proc/$$/stat'

    text = await run(
        *["sh", "-c", script], cwd=str(tmp_path), environ={"VAULT_TOKEN": "x", "APP": "y"}
    )

    folder, names, group = text.splitlines()
    assert (folder, names) == (str(tmp_path), "none y")
    assert int(group) != os.getpgrp()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


async def test_a_command_that_hangs_is_ended_with_everything_it_started(fifo):
    # The grandchild has been double-forked, ignores SIGTERM and keeps the output open.
    script = f"""
        grandchild=$( (trap '' TERM; exec sleep 1000) >&2 & echo $! )
        echo waiting for {SECRET}
        printf 'half of canary-47'
        echo $grandchild > {fifo}
        exec sleep 1000
    """
    clock = HeldClock()
    hook = asyncio.create_task(run("sh", "-c", script, clock=clock))
    grandchild = os.pidfd_open(int(await line(fifo)))

    clock.expire()
    with pytest.raises(HookError) as failure:
        await hook

    assert gone(grandchild)
    os.close(grandchild)
    text = str(failure.value)
    assert text.endswith("did not end within 5 s and was killed: waiting for [redacted: secret]")


async def test_a_command_that_handles_sigterm_may_clean_up(fifo):
    script = "trap 'rm lock; echo cleaned; exit 0' TERM; >lock; sleep 1000 & echo > fifo; wait"
    clock = HeldClock()
    hook = asyncio.create_task(run("sh", "-c", script, clock=clock, cwd=str(fifo.parent)))
    await line(fifo)

    clock.expire()
    with pytest.raises(HookError, match="was killed: cleaned"):
        await hook

    assert not (fifo.parent / "lock").exists()


async def test_a_grandchild_that_handles_sigterm_may_clean_up_too(fifo):
    script = """
        (trap 'rm lock; exit' TERM; >lock; sleep 1000 & echo > fifo; wait) &
        exec sleep 1000
    """
    clock = HeldClock()
    hook = asyncio.create_task(run("sh", "-c", script, clock=clock, cwd=str(fifo.parent)))
    await line(fifo)

    clock.expire()
    with pytest.raises(HookError, match=r"was killed$"):
        await hook

    assert not (fifo.parent / "lock").exists()


async def test_what_a_killed_grandchild_was_about_to_print_is_not_shown(fifo):
    script = f"trap 'exit 0' TERM; (printf canary-47; echo > {fifo}; exec sleep 1000) & wait"
    clock = HeldClock()
    hook = asyncio.create_task(run("sh", "-c", script, clock=clock))
    await line(fifo)

    clock.expire()
    with pytest.raises(HookError, match=r"was killed$"):
        await hook


async def test_a_cancelled_command_is_ended_with_everything_it_started(fifo):
    script = f"(trap '' TERM; exec sleep 1000) & echo $! > {fifo}; wait"
    hook = asyncio.create_task(run("sh", "-c", script))
    grandchild = os.pidfd_open(int(await line(fifo)))

    hook.cancel()

    with pytest.raises(asyncio.CancelledError):
        await hook
    assert gone(grandchild)
    os.close(grandchild)


async def test_a_command_cancelled_twice_is_killed_at_once(fifo):
    hook = asyncio.create_task(
        run("sh", "-c", f"trap '' TERM; echo $$ > {fifo}; while :; do sleep 1; done")
    )
    program = os.pidfd_open(int(await line(fifo)))

    hook.cancel()
    await asyncio.sleep(0)  # it asks the group to end, and waits
    hook.cancel()

    with pytest.raises(asyncio.CancelledError):
        await hook
    assert gone(program)
    os.close(program)


async def test_a_program_left_running_on_purpose_is_neither_waited_for_nor_killed(fifo):
    script = f"sleep 1000 & echo $! > {fifo}; echo started"
    hook = asyncio.create_task(run("sh", "-c", script))
    daemon = int(await line(fifo))

    assert await hook == "started"

    os.kill(daemon, 0)
    os.kill(daemon, 9)


async def test_a_flood_of_output_neither_uses_memory_nor_loses_the_end():
    flood = "import sys; [sys.stdout.write('x' * 99 + '\\n') for _ in range(300_000)]; print('end')"
    tracemalloc.start()

    text = await run(sys.executable, "-c", flood)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert text.endswith("x\nend")
    assert len(text) <= 4096
    assert peak < 4 * 1024 * 1024  # of 30; masking the end takes 2 of it


async def test_an_endless_flood_is_ended_in_time():
    with pytest.raises(HookError) as failure:
        await run("sh", "-c", f"yes 0123{SECRET}4567", timeout=5, clock=HastyClock())

    assert "canary" not in str(failure.value)
    assert len(str(failure.value)) < 4500


async def test_a_hundred_commands_leave_nothing():
    await asyncio.gather(*(run("sh", "-c", "(sleep 0 &) ; echo x") for _ in range(100)))


def notify(**options) -> model.Notify:
    return model.Notify(**options)


async def test_a_hook_names_itself_when_it_fails():
    def hook(*argv: str):
        made = context(SystemClock(), secrets=[SECRET], environ=os.environ)
        return application_of("web", notify(command=argv), made)

    assert await hook("true").notify(0.0) is NotifyResult.SENT
    with pytest.raises(HookError, match=r"^hook 'web': `false` exited with 1$"):
        await hook("false").notify(0.0)
