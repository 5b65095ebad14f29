"""Checks repeatedly whether an application has accepted a change, until a deadline."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from injector.base.clock import Clock
from injector.base.context import Context
from injector.base.errors import HookError, unreachable
from injector.config import model
from injector.targets.notify.command import run_command
from injector.targets.notify.http import request
from injector.targets.notify.protocol import Overtaken

INTERVAL = 0.5


async def verify(check: model.Verify, context: Context, *, overtaken: Callable[[], bool]) -> None:
    """Return at the first success; raise HookError with the last reason after `check.timeout`.

    Raises Overtaken after a failure that may be due to a newer change.
    """
    clock = context.clock
    end = clock.now() + check.timeout
    while True:
        left = max(end - clock.now(), INTERVAL)
        try:
            return await _once(check, context, within=left)
        except HookError as exc:
            if overtaken():
                raise Overtaken from exc
            if clock.now() + INTERVAL >= end:
                raise HookError(f"not confirmed within {check.timeout:g} s: {exc}") from exc
        await clock.sleep(INTERVAL)


async def _once(check: model.Verify, context: Context, *, within: float) -> None:
    if check.http is not None:
        limit = min(check.http.timeout, within)
        # Always GET: a check that is repeated must not change anything.
        await request(check.http, "GET", context, timeout=limit)
    elif check.tcp:
        await connect(check.tcp, timeout=within, clock=context.clock)
    else:
        await run_command(check.command, context, timeout=within)


async def connect(
    address: str,
    *,
    timeout: float,  # noqa: ASYNC109 - on the given clock, and named in the error
    clock: Clock,
) -> None:
    """Open a TCP connection to `host:port` and close it again."""
    try:
        parts = urlsplit(f"//{address}")
        async with clock.deadline(timeout):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.close()
            await writer.wait_closed()
    except TimeoutError:
        raise HookError(
            f"no connection to {address} within {round(timeout, 1):g} s; is it up?"
        ) from None
    except (OSError, ValueError) as exc:
        why = unreachable(exc) if isinstance(exc, OSError) else exc
        raise HookError(f"no connection to {address}: {why}; is it up?") from exc
