"""Gives the token to other programs, as files. None by default."""

from collections.abc import Callable

from injector.clock import Clock, Wakeup
from injector.config import model
from injector.destination import File, Owner, Rights
from injector.errors import WriteError
from injector.health import Health
from injector.log import Logger
from injector.secret import backoff
from injector.vault import Tokens

LONGEST_BACKOFF = 20.0


class Sinks:
    """Writes the current token to each sink, again whenever it changes."""

    name = "sinks"

    def __init__(  # noqa: PLR0913 - the parts of a service, by name
        self,
        sinks: tuple[model.Sink, ...],
        *,
        require_memory_backed: bool,
        tokens: Tokens,
        clock: Clock,
        health: Health,
        log: Logger,
        draw: Callable[[], float],
    ) -> None:
        self.files = [
            File(
                sink.config.path,
                Rights(sink.config.mode, Owner(sink.config.uid, sink.config.gid)),
                create_dest_dirs=True,
                in_place=False,
                require_memory_backed=require_memory_backed,
            )
            for sink in sinks
        ]
        self._tokens = tokens
        self._clock = clock
        self._health = health
        self._log = log
        self._draw = draw
        self.news = Wakeup()  # rung when there is a new token
        for file in self.files:
            health.waiting("sink", file.path)

    async def run(self) -> None:
        """Write whenever there is a new token. Runs until cancelled."""
        failures = 0
        while True:
            token = await self._tokens.current()
            written = [self._write(file, token.value.encode()) for file in self.files]
            if all(written):
                failures, wait = 0, float("inf")
            else:
                failures += 1
                wait = backoff(failures, first=1.0, longest=LONGEST_BACKOFF, draw=self._draw())
            await self._clock.sleep(wait, self.news)

    def _write(self, file: File, content: bytes) -> bool:
        try:
            if file.write(content):
                self._log.info("token written", path=file.path)
        except WriteError as exc:
            self._health.failing("sink", file.path, exc)
            self._log.error("token not written", path=file.path, error=str(exc))
            return False
        self._health.ok("sink", file.path)
        return True
