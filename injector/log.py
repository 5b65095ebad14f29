"""Logging: one event a line, and no secret value in any of them."""

import base64
import contextlib
import json
import logging
import sys
from bisect import bisect_left
from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import suppress
from typing import Any, TextIO, cast
from urllib.parse import quote

import msgspec
import structlog

from injector.clock import SystemClock, iso

# Shorter values are words like "true" or "db": masking them would make a log unreadable.
SHORTEST_SECRET = 6
MASK = "[redacted]"
LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

_CLOCK = SystemClock()

Logger = structlog.typing.FilteringBoundLogger


class Redactor:
    """Knows every live value and the one before it, also as base64, URL and JSON text.

    Whoever holds a secret is an owner: the store for values and leases, the login for what it posts
    and for tokens. What an owner releases is forgotten, so memory does not grow.

    Forms are indexed by their first characters, so the cost of a line depends on its length, not
    on the number of secrets; new values are indexed when something is logged, not on arrival.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._stale: set[Hashable] = set()
        self._forms: dict[Hashable, frozenset[str]] = {}
        self._index: dict[str, dict[str, int]] = {}  # beginning → form → how many owners have it
        self._sorted: list[str] | None = None  # the beginnings, once a text that goes on needs them

    def learn(self, owner: Hashable, value: Any) -> None:
        """Remember what `owner` (a secret, the token) now holds, and what it held before."""
        before = self._known.get(owner, ())
        if before[:1] != (value,):
            self._known[owner] = (value, *before[:1])
            self._stale.add(owner)

    def forget(self, owner: Hashable) -> None:
        self._known.pop(owner, None)
        self._stale.add(owner)

    def redact(self, text: str) -> str:
        """Return the text with every known value masked; where two match, the longer one."""
        return self._scan(text, whole=True)[0]

    def split(self, text: str) -> tuple[str, str]:
        """Redact a part of a stream: return what is certain, and the rest unchanged.

        The rest may be the beginning of a value that the next part completes.
        """
        return self._scan(text, whole=False)

    def _scan(self, text: str, *, whole: bool) -> tuple[str, str]:
        self._catch_up()
        parts: list[str] = []
        done = 0
        for position in range(len(text) - SHORTEST_SECRET + 1):
            forms = self._index.get(text[position : position + SHORTEST_SECRET])
            if forms is None or position < done:
                continue
            if not whole and _goes_on(text, position, forms):
                return "".join((*parts, text[done:position])), text[position:]
            fitting = [len(form) for form in forms if text.startswith(form, position)]
            if fitting:
                parts += (text[done:position], MASK)
                done = position + max(fitting)
        rest = "" if whole else self._short_beginning(text[done:])
        parts.append(text[done : len(text) - len(rest)])
        return "".join(parts), rest

    def _short_beginning(self, text: str) -> str:
        """Return the end of a text with which a form may begin, too short to be in the index."""
        if self._sorted is None:
            self._sorted = sorted(self._index)
        for length in range(min(len(text), SHORTEST_SECRET - 1), 0, -1):
            end = text[-length:]
            place = bisect_left(self._sorted, end)
            if place < len(self._sorted) and self._sorted[place].startswith(end):
                return end
        return ""

    def _catch_up(self) -> None:
        if self._stale:
            self._sorted = None
        for owner in self._stale:
            before = self._forms.pop(owner, frozenset())
            now = frozenset(
                form
                for value in self._known.get(owner, ())
                for form in _forms(value)
                if len(form) >= SHORTEST_SECRET
            )
            for form in now - before:
                owners = self._index.setdefault(form[:SHORTEST_SECRET], {})
                owners[form] = owners.get(form, 0) + 1
            for form in before - now:
                self._drop(form)
            if now:
                self._forms[owner] = now
        self._stale.clear()

    def _drop(self, form: str) -> None:
        beginning = form[:SHORTEST_SECRET]
        owners = self._index[beginning]
        owners[form] -= 1
        if not owners[form]:
            del owners[form]
        if not owners:
            del self._index[beginning]  # it is a part of a secret


def _goes_on(text: str, position: int, forms: Iterable[str]) -> bool:
    """Return whether one of these forms begins here and is longer than the text."""
    left = len(text) - position
    return any(len(form) > left and form.startswith(text[position:]) for form in forms)


def _forms(value: Any) -> Iterator[str]:
    for leaf in _leaves(value):
        if len(leaf) < SHORTEST_SECRET:
            continue
        yield leaf
        yield quote(leaf, safe="")
        yield json.dumps(leaf)[1:-1]
        yield json.dumps(leaf, ensure_ascii=False)[1:-1]
        raw = leaf.encode(errors="surrogatepass")
        yield base64.b64encode(raw).decode().rstrip("=")
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
        # A multi-line value (a key, a certificate) may show up line by line.
        yield from (line for line in leaf.splitlines() if len(line) >= SHORTEST_SECRET)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def logger(
    *, level: str, style: str, redact: Callable[[str], str], stream: TextIO | None = None
) -> Logger:
    """Make the program's logger.

    `style` is json, console, or auto: console on a terminal, JSON elsewhere.
    """
    stream = stream or sys.stderr
    console = style in ("console", "standard") or (style == "auto" and stream.isatty())
    render: Any
    if console:
        # Plain tracebacks: they show no local variables, which could be secrets.
        render = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
        render = structlog.processors.JSONRenderer(serializer=_to_json)

    def last(name: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return redact(str(render(name, method, event)))

    as_json: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        _as_people_look,
    ]
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _stamped,
        *([] if console else as_json),
        last,
    ]
    made: Logger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", _Tolerant(stream))),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    ).bind()
    return made


def _stamped(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = iso(_CLOCK.wall())
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
def library_logs(log: Logger) -> Iterator[None]:
    """Redact and forward what libraries log through the standard library."""
    handler, root = _Forward(log), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


class _Forward(logging.Handler):
    def __init__(self, log: Logger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        method = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        method("library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info)


def _to_json(event: Any, **_: Any) -> str:
    try:
        return msgspec.json.encode(event, enc_hook=str).decode()
    except UnicodeEncodeError:  # a name on disk that is not UTF-8
        return json.dumps(event, default=str)
