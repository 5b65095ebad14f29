"""The application only: tell it that its files have changed."""

from collections.abc import Callable, Mapping

from injector.clock import Clock
from injector.config import model
from injector.errors import HookError
from injector.notify.outcome import Outcome, Target

__all__ = ["Outcome", "Target", "target"]


def target(
    name: str,
    notify: model.Notify,
    *,
    clock: Clock,
    redact: Callable[[str], str],
    environ: Mapping[str, str],
    child_pid: Callable[[], int | None] = lambda: None,
) -> Target:
    """Make what `notify.<name>` of the configuration describes.

    `child_pid` is asked at each signal for the supervised command, which restarts.
    """
    how: Target
    # Each kind is imported where it is used: most configurations have one, or none.
    if notify.process is not None:
        from injector.notify.signal import SignalTarget

        how = SignalTarget(notify.signal, notify.process, clock=clock, child_pid=child_pid)
    elif notify.http is not None:
        from injector.notify.http import HttpTarget

        how = HttpTarget(notify.http, clock=clock, redact=redact)
    else:
        from injector.notify.command import CommandTarget

        how = CommandTarget(
            notify.command, timeout=notify.timeout, clock=clock, redact=redact, environ=environ
        )
    return _Named(name, how)


class _Named:
    """Says which hook it was that failed; the others only say what happened."""

    def __init__(self, name: str, how: Target) -> None:
        self._name = name
        self._how = how

    async def tell(self, written_at: float) -> Outcome:
        try:
            return await self._how.tell(written_at)
        except HookError as exc:
            raise HookError(f"hook '{self._name}': {exc}") from exc
