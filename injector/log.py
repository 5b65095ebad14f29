"""Logging: one event a line, and no secret value in any of them."""

import base64
import json
import logging
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TextIO
from urllib.parse import quote

import msgspec
import structlog

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

Logger = structlog.typing.FilteringBoundLogger


class Redactor:
    """Knows every live value and the one before it, also as base64, URL and JSON text."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._needles: list[str] | None = []

    def learn(self, owner: Hashable, value: Any) -> None:
        """Remember what `owner` (a secret, the token) now holds, and what it held before."""
        self._known[owner] = (value, *self._known.get(owner, ())[:1])
        self._needles = None

    def forget(self, owner: Hashable) -> None:
        self._known.pop(owner, None)
        self._needles = None

    def redact(self, text: str) -> str:
        if self._needles is None:  # computed when something is logged, not when a secret arrives
            self._needles = sorted(
                {form for value in self._known.values() for form in _forms(value)},
                key=len,
                reverse=True,
            )
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text


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

    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if console else [structlog.processors.format_exc_info]),
        last,
    ]
    made: Logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    ).bind()
    return made


def _to_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
