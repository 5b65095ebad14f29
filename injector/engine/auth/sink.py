"""Gives the token to other programs, as files. None by default."""

import json
from dataclasses import dataclass, field

from injector.base.clock import Wakeup
from injector.base.context import Context
from injector.base.errors import InjectorError, nothing_unforeseen
from injector.base.retry import Availability
from injector.config import model
from injector.secret import backoff
from injector.sources.vault import Token, Tokens, Vault
from injector.targets.files import File, Owner, Rights

LONGEST_BACKOFF = 20.0


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapping token as a sink holds it (`content`), with the token and TTL that it is for."""

    token: str = field(repr=False)
    ttl: float
    content: bytes = field(repr=False)


class Sinks:
    """Writes the current token to each sink, again whenever it changes."""

    name = "sinks"

    def __init__(
        self,
        sinks: tuple[model.Sink, ...],
        context: Context,
        *,
        settings: model.TemplateConfig,
        vault: Vault,
        tokens: Tokens,
        availability: Availability,
        wrapped: dict[str, Wrapped],
    ) -> None:
        self._context = context
        self._vault = vault
        self._tokens = tokens
        self._availability = availability
        self._wrapped = wrapped  # by path; it survives a reload
        self._sinks = [_Sink(sink, settings) for sink in sinks]
        self.outdated = Wakeup()  # rung when there may be a new token, or a file has changed
        for sink in self._sinks:
            context.health.waiting("sink", sink.file.path)

    @property
    def files(self) -> list[File]:
        return [sink.file for sink in self._sinks]

    @property
    def plain(self) -> frozenset[str]:
        """Return the files that are put right when another program removes or changes them."""
        return frozenset(sink.file.path for sink in self._sinks if not sink.wrap_ttl)

    async def run(self) -> None:
        """Write whenever there is a new token. Runs until cancelled."""
        context = self._context
        failures = 0
        while True:
            token = await self._tokens.current()
            written = [await self._write(sink, token) for sink in self._sinks]
            if all(written):
                failures, wait = 0, float("inf")
            else:
                failures += 1
                wait = backoff(
                    failures, first=1.0, longest=LONGEST_BACKOFF, jitter=context.jitter()
                )
            await context.clock.sleep(wait, self.outdated)

    async def _write(self, sink: "_Sink", token: Token) -> bool:
        context, path = self._context, sink.file.path
        try:
            with nothing_unforeseen():
                content = await self._content(sink, token)
                if sink.is_given(content):
                    return True
                written = sink.file.write(content)
        except InjectorError as exc:
            report = context.health.failing("sink", path, exc)
            self._availability.report(exc)
            report.log(context.log, "token not written", path=path)
            return False
        sink.given = content
        if written:
            context.log.info("token written", path=path)
        context.health.ok("sink", path)
        return True

    async def _content(self, sink: "_Sink", token: Token) -> bytes:
        """Return the token, or a wrapping token for it as JSON.

        If the token was renewed, or is the same after a reload, its wrapping token stays: a new one
        would invalidate the reader's.
        """
        if not sink.wrap_ttl:
            return token.value.encode()
        known = self._wrapped.get(sink.file.path)
        if known is None or (known.token, known.ttl) != (token.value, sink.wrap_ttl):
            answer = await self._vault.wrap(token, sink.wrap_ttl)
            self._context.redactor.learn(("wrapped token", sink.file.path), answer)
            answer.setdefault("wrapped_accessor", "")  # as the agents write it
            text = json.dumps(answer, separators=(",", ":"))
            known = Wrapped(token.value, sink.wrap_ttl, f"{text}\n".encode())
            self._wrapped[sink.file.path] = known
        return known.content


class _Sink:
    """One file, and for how long what is in it can be unwrapped."""

    def __init__(self, sink: model.Sink, settings: model.TemplateConfig) -> None:
        self.file = File(
            sink.config.path,
            Rights(sink.config.mode, Owner(sink.config.uid, sink.config.gid)),
            create_dest_dirs=True,
            in_place=False,
            require_memory_backed=settings.require_memory_backed,
            require_trusted_directory=settings.require_trusted_directory,
        )
        self.wrap_ttl = sink.wrap_ttl
        self.given = b""

    def is_given(self, content: bytes) -> bool:
        """Return whether its one reader was given this content, and may have removed the file."""
        return self.wrap_ttl > 0 and self.given == content
