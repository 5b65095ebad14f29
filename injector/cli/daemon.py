"""What `run` and `once` share: loading, logging, the event loop, errors → exit code."""

import gc
import os
import random
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TextIO, cast

from injector.base.clock import Clock, SystemClock
from injector.base.errors import InjectorError
from injector.base.log import Logger, library_logs, logger
from injector.base.private import keep_memory_private
from injector.base.redactor import Redactor
from injector.cli import eventloop
from injector.config import Loaded, model
from injector.runtime import programs
from injector.runtime.state import ProcessState


def execute(
    loaded: Loaded,
    main: Callable[[ProcessState], Coroutine[Any, Any, int]],
    *,
    level: str | None = None,
) -> int:
    """Run `main` in an event loop; return its exit code, or that of the error that ended it.

    `level` is what to log, instead of what the configuration says.
    """
    # Modules and configuration are permanent: the collector need not look at them (see __main__).
    gc.freeze()
    gc.enable()
    keep_memory_private()
    redactor = Redactor()
    config = loaded.config
    clock = SystemClock()
    log = logger(
        level=level or config.log_level,
        style=config.log_format,
        redact=redactor.proofread,
        stream=_stream(config, clock),
    )
    for warning in loaded.warnings:
        log.warning("configuration", warning=str(warning))
    for program, users in programs.missing(config, os.environ):
        log.warning("program not found", program=program, used_by=users)
    state = ProcessState(clock, log, redactor, os.environ, random.random)
    with library_logs(log, redactor.redact):
        try:
            return eventloop.run(main(state))
        except Exception as error:  # noqa: BLE001 - the last one who can redact what it says
            return _ended_by(error, log)


def _stream(config: model.Config, clock: Clock) -> TextIO:
    if not config.log_file:
        return sys.stderr
    from injector.base.logfile import LogFile, LogRotation  # only with `log_file`

    rotation = LogRotation(
        config.log_rotate_bytes, config.log_rotate_duration, config.log_rotate_max_files
    )
    return cast("TextIO", LogFile(config.log_file, rotation, clock, sys.stderr))


def _ended_by(ending: Exception, log: Logger) -> int:
    """Log every error that ended it, and return the smallest exit code among them."""
    codes = []
    for error in _leaves(ending):
        if isinstance(error, InjectorError):
            log.error("cannot continue", error=str(error), error_class=error.label)
            codes.append(error.exit_code)
        else:
            log.error("internal error: please report this", exc_info=error)
            codes.append(InjectorError.exit_code)
    return min(codes)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
