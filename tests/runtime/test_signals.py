"""Reactions to signals."""

import asyncio
import os
import signal

from injector.runtime.signals import handling
from tests.support.fakes import LIMIT


async def test_a_signal_that_cannot_be_caught_is_left_alone_and_the_others_are_heard():
    """SIGKILL always; a real-time signal under valgrind, which needs it for itself."""
    heard = asyncio.Event()

    with handling({signal.SIGKILL: heard.set, signal.SIGUSR2: heard.set}):
        os.kill(os.getpid(), signal.SIGUSR2)
        async with asyncio.timeout(LIMIT):
            await heard.wait()
