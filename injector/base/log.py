"""Logging: one event a line, and no secret value in any of them."""

import contextlib
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from enum import Enum
from math import inf
from typing import Any, TextIO, cast

import msgspec

from injector.base import lean

with lean.without("rich"):  # tracebacks with local variables, which may be secrets
    import structlog

from injector.base import colour
from injector.base.clock import SystemClock, iso
from injector.base.printable import printable

LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

_CLOCK = SystemClock()
# A message that a library repeats is logged once in so many seconds; so many are remembered.
REPEATED_EVERY, MOST_MESSAGES = 60.0, 100

# What is always ours, and never masked, whatever values there are. Neither are keys and numbers.
OURS = frozenset({"timestamp", "level", "event", "error_class", "rotation", "rotations"})
NO_TEXT = (int, float, Enum, type(None))

Logger = structlog.typing.FilteringBoundLogger


def logger(
    *, level: str, style: str, redact: Callable[[str], str], stream: TextIO | None = None
) -> Logger:
    """Make the program's logger; `redact` gets every text of an event that is not ours.

    `style` is json, console, or auto: console on a terminal, JSON elsewhere.
    """
    stream = stream or sys.stderr
    console = style in ("console", "standard") or (style == "auto" and stream.isatty())
    render: list[structlog.typing.Processor]
    if console:
        colors = colour.is_wanted(stream, os.environ)
        # Plain tracebacks: they show no local variables, which could be secrets.
        plain = structlog.dev.plain_traceback
        render = [
            _printable,
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain),
        ]
    else:
        render = [_as_people_look, structlog.processors.JSONRenderer(serializer=_to_json)]

    def masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, fact in event.items():
            if key not in OURS:
                event[key] = _masked(fact, redact)
        return event

    made: Logger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", _Tolerant(stream))),
        processors=[
            structlog.processors.add_log_level,
            _stamped,
            structlog.processors.format_exc_info,
            masked,
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    ).bind()
    return made


def _stamped(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = iso(_CLOCK.wall())
    return event


def _masked(fact: Any, redact: Callable[[str], str]) -> Any:
    """Redact what is text; numbers and members of our own enumerations are not."""
    if isinstance(fact, NO_TEXT):
        return fact
    if isinstance(fact, str):
        return redact(fact)
    if isinstance(fact, Mapping):
        return {key: _masked(inner, redact) for key, inner in fact.items()}
    if isinstance(fact, Iterable):
        return [_masked(inner, redact) for inner in fact]
    return redact(str(fact))


def _printable(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Let no text from outside move the cursor, or begin a line that looks like one of ours."""
    for key, fact in event.items():
        if isinstance(fact, str):
            event[key] = printable(fact, lines=key == "exception")
        elif isinstance(fact, list):
            event[key] = [printable(each) if isinstance(each, str) else each for each in fact]
    return event


def _as_people_look(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put what people look for first: time, level, event; then the facts."""
    return {**{key: event[key] for key in ("timestamp", "level", "event")}, **event}


class _Tolerant:
    """Ignores lines that cannot be written: a full disk or a closed pipe must not stop us."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


@contextlib.contextmanager
def library_logs(log: Logger, redact: Callable[[str], str]) -> Iterator[None]:
    """Redact and forward what libraries log through the standard library."""
    handler, root = _Forward(log, redact), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


class _Forward(logging.Handler):
    """Says the same message once a minute, and how often it was left out: each has a traceback."""

    def __init__(self, log: Logger, redact: Callable[[str], str]) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._redact = redact
        self._tracebacks = logging.Formatter()
        self._said_at: dict[tuple[str, str], float] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        key, now = (record.name, str(record.msg)), _CLOCK.now()
        if now < self._said_at.get(key, -inf) + REPEATED_EVERY:
            self._left_out[key] += 1
            return
        if len(self._said_at) >= MOST_MESSAGES:
            self._said_at.clear()
        self._said_at[key] = now
        facts: dict[str, Any] = {"message": self._redact(record.getMessage())}
        if left_out := self._left_out.pop(key, 0):
            facts["left_out"] = left_out
        if record.exc_info:
            facts["exception"] = self._redact(self._tracebacks.formatException(record.exc_info))
        method = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        method("library", logger=record.name, **facts)


def _to_json(event: Any, **_: Any) -> str:
    try:
        return msgspec.json.encode(event, enc_hook=str).decode()
    except UnicodeEncodeError:  # a name on disk that is not UTF-8
        return json.dumps(event, default=str)
