"""When to write and when to notify. Arithmetic only: no clock, no I/O."""

from injector.config import model

# consul-template's rule for a `wait` without `max`.
DEFAULT_MAX = 4.0

# A template that lacks this many secrets is not tried at each arrival. How long it waits, seconds:
# for each secret that it lacks, and at most.
MANY = 20
PATIENCE_EACH, LONGEST_PATIENCE = 0.001, 1.0


def quiet_at(first: float, last: float, wait: model.Wait) -> float:
    """Return when a run of changes is over: `min` after the last, at most `max` after the first."""
    longest = wait.max or wait.min * DEFAULT_MAX
    return min(last + wait.min, first + longest)


def notify_at(
    first: float,
    last: float,
    *,
    notify: model.Notify,
    notified_at: float | None,
    complete: bool,
    jitter: float,
) -> float:
    """Return when to notify an application.

    The first delivery at once, if all its files are in place (`complete`); later ones on the
    trailing edge, no sooner than `min_interval` after the last, plus the fleet's `splay`.
    """
    if notified_at is None:
        return last if complete else quiet_at(first, last, notify.wait)
    due = max(quiet_at(first, last, notify.wait), notified_at + notify.min_interval)
    return due + notify.splay * jitter


def worth_a_try_at(now: float, still_lacking: int) -> float:
    """Return when to render a template again that still lacks this many secrets.

    The cost of rendering is proportional to their number; rendering at each arrival would be
    quadratic.
    """
    return now + min(still_lacking * PATIENCE_EACH, LONGEST_PATIENCE)
