"""Sleeping across a suspend, and being woken early."""

import asyncio
import math

import pytest

from injector.clock import SystemClock, Wakeup


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


async def test_a_ring_cuts_the_sleep_short_and_says_so():
    wakeup = Wakeup()
    task = await sleeping(SystemClock(), math.inf, wakeup)

    wakeup.ring()

    assert await task is True


async def test_a_ring_before_the_sleep_is_not_lost_and_counts_once():
    clock, wakeup = SystemClock(), Wakeup()
    wakeup.ring()
    wakeup.ring()

    assert await clock.sleep(math.inf, wakeup) is True
    assert await clock.sleep(0, wakeup) is False


async def test_time_that_has_passed_is_not_waited_for():
    assert await SystemClock().sleep(-5) is False


async def test_a_deadline_ends_what_takes_too_long():
    with pytest.raises(TimeoutError):
        async with SystemClock().deadline(0.01):
            await asyncio.Event().wait()
