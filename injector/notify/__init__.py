"""Notifies an application that its files have changed, and verifies that it accepted them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from injector.clock import Clock
from injector.config import model
from injector.errors import HookError
from injector.notify.outcome import Nobody, Outcome, Overtaken, Target

__all__ = [
    "Application",
    "InTurn",
    "Outcome",
    "Overtaken",
    "Target",
    "application",
    "asking",
    "target",
]


def application(
    name: str,
    notify: model.Notify,
    *,
    clock: Clock,
    redact: Callable[[str], str],
    environ: Mapping[str, str],
    overtaken: Callable[[], bool] = lambda: False,
) -> "Application":
    """Make what `notify.<name>` of the configuration describes."""
    how = target(notify, clock=clock, redact=redact, environ=environ)
    asked = asking(notify, clock=clock, redact=redact, environ=environ, overtaken=overtaken)
    return Application(name, how, asked)


def target(
    notify: model.Notify,
    *,
    clock: Clock,
    redact: Callable[[str], str],
    environ: Mapping[str, str],
    child_pid: Callable[[], int | None] = lambda: None,
) -> Target:
    """Return how to notify; each kind is imported only if it is used.

    `child_pid` is called at each signal, since the supervised command may have been restarted. If
    there is none, there is nothing to restart.
    """
    if notify.process is not None:
        if not notify.signal:
            return Nobody()
        from injector.notify.signal import SignalTarget

        return SignalTarget(notify.signal, notify.process, clock=clock, child_pid=child_pid)
    if notify.http is not None:
        from injector.notify.http import HttpTarget

        return HttpTarget(notify.http, clock=clock, redact=redact)
    from injector.notify.command import CommandTarget

    return CommandTarget(
        notify.command, timeout=notify.timeout, clock=clock, redact=redact, environ=environ
    )


def asking(
    notify: model.Notify,
    *,
    clock: Clock,
    redact: Callable[[str], str],
    environ: Mapping[str, str],
    overtaken: Callable[[], bool],
) -> Callable[[], Awaitable[None]] | None:
    """Return the function that verifies a change; None if there is none.

    It stops once `overtaken` reports a newer change.
    """
    if notify.verify is None:
        return None
    from injector.notify.verify import verify

    return partial(
        verify, notify.verify, clock=clock, redact=redact, environ=environ, overtaken=overtaken
    )


class InTurn:
    """Notifies those that share a turn one after another, in the order in which they are due."""

    def __init__(self, how: Target, turn: asyncio.Lock) -> None:
        self._how = how
        self._turn = turn

    async def notify(self, written_at: float) -> Outcome:
        async with self._turn:
            return await self._how.notify(written_at)


class Application:
    """An application that is notified and verified.

    Adds the hook's name to errors.
    """

    def __init__(
        self, name: str, how: Target, verify: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._name = name
        self._how = how
        self._verify = verify

    async def notify(self, written_at: float) -> Outcome:
        """Notify it that its files changed at `written_at`, on the wall clock; raises HookError."""
        with self._named():
            return await self._how.notify(written_at)

    async def verify(self) -> None:
        """Return once it has accepted the change, as far as can be determined.

        Raises HookError, or Overtaken.
        """
        if self._verify is not None:
            with self._named():
                await self._verify()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except HookError as exc:
            raise HookError(f"hook '{self._name}': {exc}") from exc
