"""The log of aiohttp's server, without the mistakes of clients: one line a minute counts those."""

import logging
import math
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from injector.base.clock import Clock
from injector.base.log import Logger

SAID_EVERY = 60.0  # seconds


class ServerLog(logging.LoggerAdapter[logging.Logger]):
    """What a client sends that is not HTTP is no fault of ours, and may come without end."""

    def __init__(self, log: Logger, clock: Clock) -> None:
        super().__init__(logging.getLogger("aiohttp.server"))
        self._ours = log
        self._clock = clock
        self._said_at = -math.inf
        self._unsaid = 0

    def exception(self, msg: object, *args: object, **options: Any) -> None:
        error = options.get("exc_info")
        if not isinstance(error, HttpProcessingError | web.RequestPayloadError):
            super().exception(msg, *args, **options)
        elif (now := self._clock.now()) < self._said_at + SAID_EVERY:
            self._unsaid += 1
        else:
            what = type(error).__name__  # its words hold what was sent
            self._ours.info("malformed request", error=what, more_before=self._unsaid)
            self._said_at, self._unsaid = now, 0
