"""What `run` and `once` share: loading, logging, the event loop, errors → exit code."""

import asyncio
import gc
import os
import random
import resource
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from injector.agent.assembly import Kept
from injector.clock import SystemClock
from injector.config import Loaded
from injector.errors import InjectorError
from injector.log import Logger, Redactor, logger


def execute(loaded: Loaded, main: Callable[[Kept], Coroutine[Any, Any, int]]) -> int:
    """Run `main` in an event loop and return its exit code, or that of the error which ended it."""
    # Modules and configuration stay for good: they need not be looked through again (see __main__).
    gc.freeze()
    gc.enable()
    # A core dump would hold every secret.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    redactor = Redactor()
    config = loaded.config
    log = logger(level=config.log_level, style=config.log_format, redact=redactor.redact)
    for warning in loaded.warnings:
        log.warning("configuration", warning=warning)
    kept = Kept(SystemClock(), log, redactor, os.environ, random.random)
    try:
        return asyncio.run(main(kept))
    except BaseExceptionGroup as group:
        return _ended_by(group, log)


def _ended_by(group: BaseExceptionGroup[BaseException], log: Logger) -> int:
    errors = [error for error in _leaves(group) if isinstance(error, InjectorError)]
    for error in errors:
        log.error("cannot go on", error=str(error), error_class=error.label)
    if errors:
        return min(error.exit_code for error in errors)
    log.error("internal error: please report this", exc_info=group)
    return InjectorError.exit_code


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
