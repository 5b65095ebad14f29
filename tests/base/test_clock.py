"""Sleeping across a suspend, and being woken early."""

import asyncio
import math
import subprocess
import sys

import pytest

from injector.base.clock import SystemClock, Wakeup
from tests.runtime.test_in_flight import daemon
from tests.support.counting import counting
from tests.support.engine import configuration
from tests.support.fakes import LIMIT


class Suspended(SystemClock):
    """A machine that was suspended: CLOCK_BOOTTIME is ahead of asyncio's timers."""

    ahead = 0.0

    def now(self):
        return super().now() + self.ahead


async def sleeping(clock, seconds, wakeup=None):
    task = asyncio.create_task(clock.sleep(seconds, wakeup))
    await asyncio.sleep(0)
    return task


async def test_a_sleeper_is_woken_after_a_suspend_that_outlasted_it():
    clock = Suspended()
    short, long = await sleeping(clock, 3600), await sleeping(clock, 10_000)

    clock.ahead = 7200
    clock.wake_overdue()
    await asyncio.sleep(0)

    assert short.done()
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long


def test_the_clock_counts_while_the_machine_is_suspended():
    """A time namespace is as far ahead as a suspend of two hours leaves CLOCK_BOOTTIME."""
    code = (
        "import time; from injector.base.clock import SystemClock; "
        "print(SystemClock().now() - time.monotonic())"
    )
    suspended = ["unshare", "--user", "--map-root-user", "--time", "--boottime", "7200", "--fork"]
    if subprocess.run([*suspended, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine offers no time namespaces")

    both = [
        subprocess.run([*how, sys.executable, "-c", code], capture_output=True, check=True).stdout
        for how in ([], suspended)
    ]

    before, after = map(float, both)
    assert after - before == pytest.approx(7200, abs=5)


async def test_after_a_suspend_a_daemon_replaces_what_has_expired(
    app, proxy, tmpfs, tmp_path, monkeypatch
):
    """Its timers are an hour away; what it looks at instead, every 15 s, is looked at sooner."""
    monkeypatch.setattr("injector.base.clock.RESUME_CHECK", 0.05)
    app.put("db", password="one")
    entry = {"contents": "{{ db.password }}", "destination": str(tmpfs / "db")}
    config = configuration(
        app,
        proxy.address,
        secrets={"db": {"path": app.path("db"), "refresh": "1h"}},
        template=[entry],
        listener=[{"type": "unix", "address": f"{tmpfs}/socket"}],
    )
    clock = Suspended()

    async with daemon(tmp_path, config, clock), asyncio.timeout(LIMIT):
        while not (tmpfs / "db").exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
        app.put("db", password="two")
        clock.ahead = 7200
        while (tmpfs / "db").read_text() != "two":  # noqa: ASYNC110
            await asyncio.sleep(0.01)

        assert proxy.count("/login") == 2


async def test_a_ring_interrupts_the_sleep_and_is_reported():
    wakeup = Wakeup()
    task = await sleeping(SystemClock(), math.inf, wakeup)

    wakeup.ring()

    assert await task is True


async def test_a_ring_survives_the_cancellation_of_its_sleeper():
    """A reload cancels services, and what was rung for is for those that follow."""
    clock, wakeup = SystemClock(), Wakeup()
    task = await sleeping(clock, math.inf, wakeup)

    wakeup.ring()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert await clock.sleep(math.inf, wakeup)


async def test_a_ring_before_the_sleep_is_not_lost_and_counts_once():
    clock, wakeup = SystemClock(), Wakeup()
    wakeup.ring()
    wakeup.ring()

    assert await clock.sleep(math.inf, wakeup) is True
    assert await clock.sleep(0, wakeup) is False


async def test_a_time_in_the_past_is_not_waited_for():
    assert await SystemClock().sleep(-5) is False


async def test_a_deadline_ends_what_takes_too_long():
    with pytest.raises(TimeoutError):
        async with SystemClock().deadline(0.01):
            await asyncio.Event().wait()


async def test_a_sleep_that_is_over_needs_no_timer():
    clock, wakeup = SystemClock(), Wakeup()
    wakeup.ring()

    with counting(asyncio.BaseEventLoop.call_later) as timers:
        await clock.sleep(0)
        await clock.sleep(60, wakeup)

    assert timers() == 0
