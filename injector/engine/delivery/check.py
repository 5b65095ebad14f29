"""Runs a program on staged content, before readers see it."""

from collections.abc import Callable, Mapping

from injector.base.clock import Clock
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify.command import run_command

# Stands in the arguments for the path of the staged file, or of the bundle's staged directory.
PLACEHOLDER = "{staged}"


async def check_command(
    staged: str,
    *,
    what: str,
    check: model.Check,
    clock: Clock,
    redact: Callable[[str], str],
    environ: Mapping[str, str],
) -> None:
    """Return if the program succeeds; raises HookError with the end of what it printed."""
    try:
        await run_command(
            [word.replace(PLACEHOLDER, staged) for word in check.command],
            timeout=check.timeout,
            clock=clock,
            redact=redact,
            environ=environ,
        )
    except HookError as exc:
        raise HookError(f"check of {what}: {exc}") from exc
