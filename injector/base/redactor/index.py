"""Finds many texts at once in another: its cost depends on its length, not on their number."""

import re
from bisect import bisect_left
from typing import NamedTuple

from injector.base.redactor.forms import SHORTEST_SECRET

# Base64 may be wrapped into lines of at least so many characters.
NARROWEST = 16
_IN_BASE64 = "[A-Za-z0-9+/_-]"
_LINE_BREAK = re.compile(
    rf"(?<={_IN_BASE64}{{{NARROWEST}}})(?:\r?\n[ \t]*(?={_IN_BASE64}|\Z)|\r\Z)"
)


class Match(NamedTuple):
    """Where in a text a form stands."""

    start: int
    end: int
    form: str


class Index:
    """Every form of every value, by its first characters."""

    def __init__(self) -> None:
        self._alike: dict[str, _Alike] = {}  # by their beginning
        self._longest = 0  # of the forms that there have been
        self._sorted: list[str] | None = None  # the beginnings, once a text that goes on needs them

    @property
    def is_empty(self) -> bool:
        return not self._alike

    def add(self, form: str) -> None:
        """Add a form for one owner."""
        self._alike.setdefault(form[:SHORTEST_SECRET], _Alike()).add(form)
        self._longest = max(self._longest, len(form))
        self._sorted = None

    def drop(self, form: str) -> None:
        """Drop a form for one owner; without any it is forgotten: it is a part of a secret."""
        beginning = form[:SHORTEST_SECRET]
        if self._alike[beginning].drop(form):
            del self._alike[beginning]
            self._sorted = None

    def found(self, text: str, end: int | None = None) -> list[Match]:
        """Return where forms begin before `end`, in order and without overlaps."""
        end = len(text) if end is None else end
        found = self._matches(text, end)
        if _LINE_BREAK.search(text, 0, end):
            joined, places = _unwrapped(text)
            found += [
                Match(places[each.start], places[each.end - 1] + 1, each.form)
                for each in self._matches(joined, bisect_left(places, end))
            ]
        return _apart(found)

    def open_end(self, text: str, passed: int) -> int:
        """Return where a form begins that the end of the text may cut; the text's length if none.

        `passed` is how many characters have been passed on: they belong to no form any more.
        """
        end = self._open_end(text, passed)
        if end > passed and _LINE_BREAK.search(text):
            joined, places = _unwrapped(text)
            ending = self._open_end(joined, bisect_left(places, passed))
            end = min(end, places[ending] if ending < len(places) else len(text))
        return end

    def _matches(self, text: str, end: int) -> list[Match]:
        alike, size = self._alike, SHORTEST_SECRET
        last = min(end, len(text) - size + 1)
        begin = [at for at in range(last) if text[at : at + size] in alike]
        found = ((at, alike[text[at : at + size]].longest(text, at)) for at in begin)
        return [Match(at, at + len(form), form) for at, form in found if form]

    def _open_end(self, text: str, passed: int) -> int:
        alike, size = self._alike, SHORTEST_SECRET
        for at in range(max(len(text) - self._longest, passed), len(text) - size + 1):
            forms = alike.get(text[at : at + size])
            if forms is not None and forms.goes_on(text, at):
                return at
        return len(text) - self._short_beginning(text[passed:])

    def _short_beginning(self, text: str) -> int:
        """Return the length of an end that may begin a form, but is too short to be looked up."""
        if self._sorted is None:
            self._sorted = sorted(self._alike)
        for length in range(min(len(text), SHORTEST_SECRET - 1), 0, -1):
            end = text[-length:]
            place = bisect_left(self._sorted, end)
            if place < len(self._sorted) and self._sorted[place].startswith(end):
                return length
        return 0


class _Alike:
    """All forms with the same beginning. Looking one up does not depend on how many there are."""

    __slots__ = ("_lengths", "_owners", "_sorted")

    def __init__(self) -> None:
        self._owners: dict[str, int] = {}  # form → how many owners have it
        self._lengths: list[int] | None = None  # longest first
        self._sorted: list[str] | None = None

    def add(self, form: str) -> None:
        self._owners[form] = self._owners.get(form, 0) + 1
        self._lengths = self._sorted = None

    def drop(self, form: str) -> bool:
        """Drop it for one owner; return whether no form is left."""
        self._owners[form] -= 1
        if not self._owners[form]:
            del self._owners[form]
            self._lengths = self._sorted = None
        return not self._owners

    def longest(self, text: str, at: int) -> str:
        """Return the longest form that stands there; empty if none does."""
        left = len(text) - at
        for length in self._longest_first:
            if length <= left and (part := text[at : at + length]) in self._owners:
                return part
        return ""

    def goes_on(self, text: str, at: int) -> bool:
        """Return whether a form begins there that is longer than the text."""
        if self._longest_first[0] <= len(text) - at:
            return False
        if self._sorted is None:
            self._sorted = sorted(self._owners)
        rest = text[at:]
        place = bisect_left(self._sorted, rest)
        if place < len(self._sorted) and self._sorted[place] == rest:
            place += 1
        return place < len(self._sorted) and self._sorted[place].startswith(rest)

    @property
    def _longest_first(self) -> list[int]:
        if self._lengths is None:
            self._lengths = sorted({len(form) for form in self._owners}, reverse=True)
        return self._lengths


def _apart(found: list[Match]) -> list[Match]:
    """Return matches in order, with one for those that overlap, which has the first one's form."""
    apart: list[Match] = []
    for match in sorted(found, key=lambda match: (match.start, -match.end)):
        if apart and match.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, match.end))
        else:
            apart.append(match)
    return apart


def _unwrapped(text: str) -> tuple[str, list[int]]:
    """Return a text without the line breaks that may be inside base64, and where each part was."""
    parts, places, done = [], list[int](), 0
    for found in _LINE_BREAK.finditer(text):
        parts.append(text[done : found.start()])
        places += range(done, found.start())
        done = found.end()
    places += range(done, len(text))
    return "".join((*parts, text[done:])), places
