"""Go's regular expressions: RE2 has the same syntax and results, in time linear in the text."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from time import thread_time
from typing import Any

import re2

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.limits import check_list, check_text
from injector.dialects.gotemplate.go.values import bytes_of, text_of

# For all matches in one text. Each takes linear time, but may look at the whole rest of the text.
_PATIENCE = 1.0  # seconds of CPU time
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd".encode()
_CONTINUATION = range(0x80, 0xC0)  # bytes of a character after its first
# Literal text, a class and an escape can contain what looks like a group.
_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|(?P<byte>\\C)|\\."
    r"|(?P<group>\((?:\?P?<(?P<name>\w+)>|(?!\?)))",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,7}")


class Subject:
    """A text as both engines see it: a byte that is not UTF-8 is U+FFFD to Go, nothing to RE2."""

    __slots__ = ("_bytes", "_replaced", "seen")

    def __init__(self, text: str) -> None:
        self._bytes = self.seen = bytes_of(text)
        self._replaced: list[int] = []  # positions of such bytes in `seen`
        if _NOT_UTF8.search(text):
            self._replace(text_of(self._bytes))

    def _replace(self, text: str) -> None:
        pieces = [piece.encode() for piece in _NOT_UTF8.split(text)]
        self.seen = _REPLACEMENT.join(pieces)
        position = 0
        for piece in pieces[:-1]:
            position += len(piece)
            self._replaced.append(position)
            position += len(_REPLACEMENT)

    def text(self, start: int, end: int) -> str:
        """Return the text between two positions in `seen`."""
        return text_of(self._bytes[self._original(start) : self._original(end)])

    def _original(self, position: int) -> int:
        if not self._replaced:
            return position
        return position - (len(_REPLACEMENT) - 1) * bisect_left(self._replaced, position)


class Match:
    """One match; positions are those in the subject's bytes."""

    __slots__ = ("_groups", "_match", "_subject", "end", "start")

    def __init__(self, match: Any, subject: Subject, groups: Sequence[str]) -> None:
        self._match = match
        self._subject = subject
        self._groups = groups
        self.start, self.end = match.span()

    def __str__(self) -> str:
        return self._subject.text(self.start, self.end)

    def group(self, name: str) -> str:
        """Return the text of a group by number or name; an unknown one is empty."""
        for number in self._numbers(name):
            start, end = self._match.span(number)
            if start >= 0:
                return self._subject.text(start, end)
        return ""

    def _numbers(self, name: str) -> list[int]:
        if _NUMBER.fullmatch(name):
            return [int(name)] if int(name) < len(self._groups) else []
        return [number for number, called in enumerate(self._groups) if called == name]


class Expression:
    """A compiled expression."""

    __slots__ = ("_groups", "_regexp")

    def __init__(self, pattern: str) -> None:
        self._regexp = _parsed(pattern)
        tokens = list(_TOKEN.finditer(pattern))
        # The names of the groups: Go allows the same one twice, RE2 tells only one.
        self._groups = ["", *(token["name"] or "" for token in tokens if token["group"])]
        if any(token["byte"] for token in tokens):  # `\\C` is one byte, in RE2 only
            raise _refusal("invalid escape sequence")
        if not all(name.isascii() for name in self._groups):  # only RE2 accepts other names
            raise _refusal("invalid named capture")

    def matches(self, subject: Subject) -> Iterator[Match]:
        """Yield every match as Go does: an empty match directly after another one is skipped."""
        last_end, count, since = -1, 0, thread_time()
        for found in self._regexp.finditer(subject.seen):
            match = Match(found, subject, self._groups)
            if match.end == match.start and (
                match.end == last_end or _inside_character(subject.seen, match.end)
            ):
                continue
            last_end = match.end
            count += 1
            check_list(count)
            _check_time(since)
            yield match

    def first(self, text: str) -> Match | None:
        return next(self.matches(Subject(text)), None)


def _parsed(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # on standard error, with the expression
    try:
        return re2.compile(bytes_of(pattern), options)
    except re2.error as exc:
        raise _refusal(exc.args[0].decode(errors="replace").partition(":")[0]) from None


def _refusal(why: str) -> GoError:
    return GoError(f"error parsing regexp: {why}")


def _inside_character(text: bytes, position: int) -> bool:
    return position < len(text) and text[position] in _CONTINUATION


def _check_time(since: float) -> None:
    if thread_time() - since > _PATIENCE:
        raise GoError(
            f"the regular expression takes more than {_PATIENCE:g} s on this text: does each match "
            "look for something that is not in the rest of the text?"
        )


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Expression:
    """Compile an expression; raises GoError."""
    return Expression(pattern)


def replaced(pattern: str, replacement: str, text: str) -> str:
    """Replace every match; `$1` and `${name}` are groups."""
    if "$" not in replacement:
        return replaced_by(pattern, lambda _: replacement, text)
    return replaced_by(pattern, lambda match: _expanded(replacement, match), text)


def _expanded(template: str, match: Match) -> str:
    return _REFERENCE.sub(
        lambda found: "$" if found[1] else match.group(found[2] or found[3]), template
    )


def replaced_by(pattern: str, made: Callable[[Match], str], text: str) -> str:
    """Replace every match by what is made of it."""
    out: list[str] = []
    subject, done, length = Subject(text), 0, 0
    for match in compiled(pattern).matches(subject):
        between, new = subject.text(done, match.start), made(match)
        length += len(between) + len(new)
        check_text(length)
        out += (between, new)
        done = match.end
    return "".join((*out, subject.text(done, len(subject.seen))))


def _match(pattern: str, text: str) -> bool:
    return compiled(pattern).first(text) is not None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "regexMatch": _match,
    "regexReplaceAll": replaced,
}
