"""One pass: until everything is in place, or cannot be."""

from injector.base.clock import Clock
from injector.base.errors import TransientError
from injector.base.health import Health, HealthState, Report, exit_code, verdict
from injector.runtime.assembly import Assembly, take_over
from injector.runtime.plan import Plan
from injector.runtime.services import alongside
from injector.runtime.signals import Stop, handling
from injector.runtime.state import ProcessState

# How long an error may last that waiting could fix (replication), seconds.
GRACE = 5.0
# On shutdown, requests whose result would be lost get this long, seconds.
LAST_REQUESTS = 1.0


async def once(plan: Plan, state: ProcessState, *, timeout: float) -> int:  # noqa: ASYNC109 - the user's
    """Deliver everything once and return the exit code (docs/operations.md).

    Raises an InjectorError that ends the program (`exit_on_err`).
    """
    with take_over(plan, state):
        assembly = Assembly(plan, state)
        assembly.remove_leftovers()
        stop = Stop(assembly.health.changed.ring)
        try:
            with handling(stop.reactions()):
                end = _end(assembly, state.clock, timeout, stop)
                code = await alongside(assembly.services(), end)
            await assembly.release()
        finally:
            await assembly.close()
    if code:
        state.log.error(
            "not everything is in place", exit_code=code, reasons=_reasons(assembly.health)
        )
    else:
        state.log.info("everything is in place", files=len(assembly.outputs))
    return code


async def _end(assembly: Assembly, clock: Clock, timeout: float, stop: Stop) -> int:  # noqa: ASYNC109
    code = await settled(assembly.health, clock, timeout, stop)
    await assembly.unrepeatable.finish(clock, LAST_REQUESTS)
    return code


async def settled(health: Health, clock: Clock, timeout: float, stop: Stop) -> int:  # noqa: ASYNC109
    """Wait until the outcome is clear; return the exit code, after a signal 128 + its number."""
    ends_at = clock.now() + timeout
    while True:
        now = clock.now()
        if stop.signal is not None:
            return 128 + stop.signal
        code, wait = verdict(health, now=now, grace=lambda _: GRACE)
        if code is not None:
            return code
        if now >= ends_at:
            return exit_code(health.failures())
        await clock.sleep(min(wait, ends_at - now), health.changed)


def _reasons(health: Health) -> list[str]:
    """List what fails, with the reason if the log has mentioned it only in passing."""
    titles: dict[str, list[str]] = {}
    for report in sorted(health.failures() or _unfinished(health), key=_title):
        titles.setdefault(_why(report), []).append(_title(report))
    return [f"{', '.join(named)}: {why}" for why, named in titles.items()]


def _unfinished(health: Health) -> list[Report]:
    return [report for report in health.all() if report.state is not HealthState.OK]


def _why(report: Report) -> str:
    match report.error:
        case None:
            return report.state
        case TransientError() as error:
            return str(error)
        case error:
            return error.label


def _title(report: Report) -> str:
    """Return a report's kind, and its name unless there is only one of the kind."""
    return report.kind if report.kind in ("token", "vault") else f"{report.kind} {report.name}"
