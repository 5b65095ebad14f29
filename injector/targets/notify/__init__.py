"""Notifies an application that its files have changed, and verifies that it accepted them.

One application: finds it (`find`, `processes`), notifies it (`signal` through a pidfd, `http`,
`command`), verifies that it accepted a change (`verify`).

- `outcome`: possible results of a notification, and the protocol of everything that can be
  notified
- `output`: the end of a program's output, made safe to show
- `reaction`: decides what a signal would do to a process. Nothing is sent
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

from injector.base.context import Context
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify.outcome import Nobody, Outcome, Overtaken, Target, Unseen

__all__ = [
    "Application",
    "InTurn",
    "Outcome",
    "Overtaken",
    "Target",
    "Unseen",
    "application",
    "asking",
    "target",
]


def application(
    name: str,
    notify: model.Notify,
    context: Context,
    *,
    users: Collection[int] = (),
    overtaken: Callable[[], bool] = lambda: False,
) -> "Application":
    """Make what `notify.<name>` of the configuration describes."""
    how = target(notify, context, users=users)
    return Application(name, how, asking(notify, context, overtaken))


def target(
    notify: model.Notify,
    context: Context,
    *,
    users: Collection[int] = (),
    child_pid: Callable[[], int | None] = lambda: None,
) -> Target:
    """Return how to notify; each kind is imported only if it is used.

    Of several processes of the same name, those of our own uid and of `users` are meant.
    `child_pid` is called at each signal, since the supervised command may have been restarted. If
    there is none, there is nothing to restart.
    """
    if notify.process is not None:
        if not notify.signal:
            return Nobody()
        from injector.targets.notify.signal import SignalTarget

        return SignalTarget(
            notify.signal, notify.process, context, users=users, child_pid=child_pid
        )
    if notify.http is not None:
        from injector.targets.notify.http import HttpTarget

        return HttpTarget(notify.http, clock=context.clock, redact=context.redactor.redact)
    from injector.targets.notify.command import CommandTarget

    return CommandTarget(
        notify.command,
        timeout=notify.timeout,
        clock=context.clock,
        redact=context.redactor.redact,
        environ=context.environ,
    )


def asking(
    notify: model.Notify, context: Context, overtaken: Callable[[], bool]
) -> Callable[[], Awaitable[None]] | None:
    """Return the function that verifies a change; None if there is none.

    It stops once `overtaken` reports a newer change.
    """
    if notify.verify is None:
        return None
    from injector.targets.notify.verify import verify

    return partial(
        verify,
        notify.verify,
        clock=context.clock,
        redact=context.redactor.redact,
        environ=context.environ,
        overtaken=overtaken,
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
        """Notify it that its files changed at `written_at`, on the wall clock; raises HookError.

        Raises Unseen while nobody outside our own container can be seen.
        """
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
            kind = Unseen if isinstance(exc, Unseen) else HookError
            raise kind(f"hook '{self._name}': {exc}") from exc
