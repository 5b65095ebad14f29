"""Notifies an application that its files have changed, and verifies that it accepted them.

- `protocol`: what can be notified, and the possible results
- `signal`: notifies by signal, through a pidfd
- `find`: selects the processes that the configuration means
- `processes`: reads from /proc which processes there are
- `reaction`: decides what a signal would do to a process; nothing is sent
- `http`: notifies by a request
- `command`: notifies by running a program
- `output`: the end of a program's output, made safe to show
- `verify`: checks until a deadline whether a change was accepted
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

from injector.base.context import Context
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify.protocol import NoCommand, NotifyResult, Overtaken, Target, Unseen

__all__ = [
    "Application",
    "InTurn",
    "NotifyResult",
    "Overtaken",
    "Target",
    "Unseen",
    "application_of",
    "target_of",
    "verifier_of",
]


def application_of(
    name: str,
    notify: model.Notify,
    context: Context,
    *,
    users: Collection[int] = (),
    overtaken: Callable[[], bool] = lambda: False,
) -> "Application":
    """Make what `notify.<name>` of the configuration describes."""
    how = target_of(notify, context, users=users)
    return Application(name, how, verifier_of(notify, context, overtaken))


def target_of(
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
            return NoCommand()
        from injector.targets.notify.signal import SignalTarget

        return SignalTarget(
            notify.signal, notify.process, context, users=users, child_pid=child_pid
        )
    if notify.http is not None:
        from injector.targets.notify.http import HttpTarget

        return HttpTarget(notify.http, context)
    from injector.targets.notify.command import CommandTarget

    return CommandTarget(notify.command, context, timeout=notify.timeout)


def verifier_of(
    notify: model.Notify, context: Context, overtaken: Callable[[], bool]
) -> Callable[[], Awaitable[None]] | None:
    """Return the function that verifies a change; None if there is none.

    It stops once `overtaken` reports a newer change.
    """
    if notify.verify is None:
        return None
    from injector.targets.notify.verify import verify

    return partial(verify, notify.verify, context, overtaken=overtaken)


class InTurn:
    """Notifies those that share a turn one after another, in the order in which they are due."""

    def __init__(self, how: Target, turn: asyncio.Lock) -> None:
        self._how = how
        self._turn = turn

    async def notify(self, written_at: float) -> NotifyResult:
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

    async def notify(self, written_at: float) -> NotifyResult:
        """Notify it that its files changed at `written_at`, on the wall clock; raises HookError.

        Raises Unseen while no process outside our own container can be seen.
        """
        with self._naming():
            return await self._how.notify(written_at)

    async def verify(self) -> None:
        """Return once it has accepted the change, as far as can be determined.

        Raises HookError, or Overtaken.
        """
        if self._verify is not None:
            with self._naming():
                await self._verify()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except HookError as exc:
            kind = Unseen if isinstance(exc, Unseen) else HookError
            raise kind(f"hook '{self._name}': {exc}") from exc
