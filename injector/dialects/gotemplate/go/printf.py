"""Go's Printf: splits a format into directives, and reports those that do not fit their values."""

import re
from collections.abc import Sequence
from typing import Any

from injector.dialects.gotemplate.go.values import MISSING, type_of
from injector.dialects.gotemplate.go.verbs import Directive, formatted

_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_LARGEST = 1_000_000  # width or precision
_DIGITS = re.compile(r"[0-9]*")
_INDEX = re.compile(r"\[([0-9]+)\]")


def sprintf(format_: str, values: Sequence[Any]) -> str:
    """Return the text; errors are part of it, as in Go."""
    return _Printf(format_, values).run()


class _Printf:
    def __init__(self, format_: str, values: Sequence[Any]) -> None:
        self._format = format_
        self._values = [None if value is MISSING else value for value in values]
        self._at = 0
        self._next = 0  # index of the next value
        self._good = True  # whether the directive's argument numbers have been valid so far
        self._indexed = False  # whether an argument number directly precedes
        self._reordered = False

    def run(self) -> str:
        out: list[str] = []
        while (percent := self._format.find("%", self._at)) >= 0:
            out.append(self._format[self._at : percent])
            self._at = percent + 1
            out.append(self._directive())
        out.append(self._format[self._at :])
        if not self._reordered and self._next < len(self._values):
            extra = map(_with_type, self._values[self._next :])
            out.append(f"%!(EXTRA {', '.join(extra)})")
        return "".join(out)

    def _directive(self) -> str:
        directive = Directive()
        self._good, self._indexed = True, False
        while flag := _FLAGS.get(self._char()):
            setattr(directive, flag, True)
            self._at += 1
        self._index()
        complaints = self._width(directive) + self._precision(directive)
        if not self._indexed:
            self._index()
        verb = self._char()
        self._at += 1
        if not verb:
            return f"{complaints}%!(NOVERB)"
        if verb == "%":
            return f"{complaints}%"
        if not self._good:
            return f"{complaints}%!{verb}(BADINDEX)"
        if self._next >= len(self._values):
            return f"{complaints}%!{verb}(MISSING)"
        if verb == "v":
            directive.as_go, directive.sharp = directive.sharp, False
            directive.with_names, directive.plus = directive.plus, False
        return complaints + formatted(self._take(), verb, directive)

    def _width(self, directive: Directive) -> str:
        if self._char() == "*":
            directive.width = self._star()
            if directive.width is None:
                return "%!(BADWIDTH)"
            if directive.width < 0:
                directive.width, directive.minus = -directive.width, True
                directive.zero = False
            return ""
        directive.width = self._number()
        if self._indexed and directive.width is not None:
            self._good = False
        return ""

    def _precision(self, directive: Directive) -> str:
        if self._char() != ".":
            return ""
        self._at += 1
        if self._indexed:
            self._good = False
        self._index()
        if self._char() != "*":
            directive.precision = self._number() or 0
            return ""
        directive.precision = self._star()
        if directive.precision is not None and directive.precision < 0:
            directive.precision = None
        return "%!(BADPREC)" if directive.precision is None else ""

    def _char(self) -> str:
        return self._format[self._at : self._at + 1]

    def _take(self) -> Any:
        self._next += 1
        return self._values[self._next - 1]

    def _number(self) -> int | None:
        match = _DIGITS.match(self._format, self._at)
        if not match or not match[0]:
            return None
        self._at = match.end()
        if int(match[0]) > _LARGEST:
            self._at = len(self._format)  # Go gives up here
            return None
        return int(match[0])

    def _star(self) -> int | None:
        """Read a width or precision from the values."""
        self._at += 1
        self._indexed = False
        if self._next >= len(self._values):
            return None
        value = self._take()
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return int(value) if is_number and abs(value) <= _LARGEST else None

    def _index(self) -> None:
        """Read an argument number such as `[2]`."""
        self._indexed = False
        if self._char() != "[":
            return
        self._reordered = True
        match = _INDEX.match(self._format, self._at)
        if match is None:
            self._good = False
            closing = self._format.find("]", self._at)
            self._at = closing + 1 if closing >= 0 else self._at + 1
            return
        self._at = match.end()
        self._indexed = True
        if 1 <= int(match[1]) <= len(self._values):
            self._next = int(match[1]) - 1
        else:
            self._good = False


def _with_type(value: Any) -> str:
    return "<nil>" if value is None else f"{type_of(value)}={formatted(value, 'v', Directive())}"
