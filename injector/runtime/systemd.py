"""Tells systemd our state, for units of `Type=notify` and `notify-reload`."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from injector.base.clock import Clock, Wakeup
from injector.base.health import Health

# How often readiness is checked, since not everything that it depends on wakes us. Seconds.
LOOK_EVERY = 1.0


class Systemd:
    """Reports this assembly as ready once it is; the daemon reports everything else.

    Without an address systemd has not asked, and is told nothing.
    """

    name = "systemd"

    def __init__(
        self, address: str, health: Health, clock: Clock, *, waits_for: Callable[[], list[str]]
    ) -> None:
        self._address = address
        self._clock = clock
        self._waits_for = waits_for
        self._notified = not address
        self._health_changed = Wakeup()
        if address:
            health.also_ring(self._health_changed)

    async def run(self) -> None:
        """Report readiness once it is due, and again after `stays`. Runs until cancelled."""
        while True:
            if not self._notified and not self._waits_for():
                self._notified = self._send("READY=1")
            await self._clock.sleep(inf if self._notified else LOOK_EVERY, self._health_changed)

    def reloads(self) -> None:
        # systemd wants its own clock, to tell this reload from an earlier one.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stays(self) -> None:
        """Report again that it is ready, after a reload that failed."""
        self._notified = not self._address
        self._health_changed.ring()

    def stops(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str) -> bool:
        """Return whether it need not be sent again: that helps only if systemd's queue is full."""
        if not self._address:
            return True
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.setblocking(False)
            try:
                end.sendto(message.encode(), address)
            except BlockingIOError:
                return False
        return True
