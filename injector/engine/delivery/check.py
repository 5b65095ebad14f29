"""Runs a program on staged content, before readers see it."""

from injector.base.context import Context
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify.command import run_command

# Stands in the arguments for the path of the staged file, or of the bundle's staged directory.
PLACEHOLDER = "{staged}"


async def check_command(staged: str, *, what: str, check: model.Check, context: Context) -> None:
    """Return if the program succeeds; raises HookError with the end of what it printed."""
    try:
        await run_command(
            [word.replace(PLACEHOLDER, staged) for word in check.command],
            context,
            timeout=check.timeout,
        )
    except HookError as exc:
        raise HookError(f"check of {what}: {exc}") from exc
