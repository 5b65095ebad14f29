"""Whatever starts a program explains in the same words why it did not start, and how it ended."""

import os

import pytest

from injector.base.clock import SystemClock
from injector.base.errors import HookError
from injector.targets.child.process import CannotStart, Launch, start
from injector.targets.notify.command import run_command
from injector.targets.program import how_ended
from tests.support.fakes import context


@pytest.mark.parametrize(
    ("program", "why", "status"),
    [
        ("/no/such/program", "was not found, or the interpreter in its first line was not", 127),
        ("/etc/passwd/program", "was not found, or the interpreter in its first line was not", 127),
        ("/etc/passwd", f"is not executable for uid {os.geteuid()}: make it executable", 126),
        ("a\0b", "cannot be started: embedded null byte", 126),
    ],
)
async def test_a_hook_and_a_supervised_command_do_not_start_for_the_same_reason(
    program, why, status
):
    clock = SystemClock()
    with pytest.raises(HookError) as hook:
        await run_command([program], context(clock), timeout=5)
    with pytest.raises(CannotStart) as supervised:
        start(
            Launch((program,), {"PATH": "/usr/bin"}),
            terminal=None,
            output=(None, None),
            clock=clock,
            on_end=lambda: None,
        )

    assert why in str(hook.value)
    assert str(hook.value).partition("` ")[2] == str(supervised.value).partition("` ")[2]
    assert supervised.value.status == status


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-15, "SIGTERM"), (-40, "signal 40")],
)
def test_an_end_is_an_exit_code_or_the_name_of_a_signal(status, words):
    assert how_ended(status) == words
