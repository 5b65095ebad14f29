"""Masks secret values in text, and says which value it was."""

import json
import re
from binascii import b2a_base64
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

# Shorter values are words like "true" or "db": masking them would make any text unreadable.
SHORTEST_SECRET = 6
# So many characters of what somebody else says are repeated.
QUOTED = 1000
# So many characters of a key are shown: keys come from outside, too.
LONGEST_KEY = 60

_UNQUOTED = re.compile(r"[A-Za-z0-9_.~-]*")  # neither URLs nor JSON write it in another way
# Base64 may be wrapped into lines of at least so many characters.
NARROWEST = 16
_IN_BASE64 = "[A-Za-z0-9+/_-]"
_LINE_BREAK = re.compile(
    rf"(?<={_IN_BASE64}{{{NARROWEST}}})(?:\r?\n[ \t]*(?={_IN_BASE64}|\Z)|\r\Z)"
)


class Redactor:
    """Knows every live value and the one before it, also as base64, URL and JSON text.

    Whoever holds a secret is an owner: the store for values and leases, the login for what it posts
    and for tokens. What an owner releases is forgotten, so memory does not grow.

    Text from outside is redacted where it comes in, without exception. Our own sentences are
    proofread before they leave: of those, what the configuration spells is left alone, even if it
    is also somebody's value.

    Forms are indexed by their first characters, so the cost of a text depends on its length, not
    on the number of secrets; new values are indexed when something is looked at, not on arrival.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._stale: set[Hashable] = set()
        self._forms: dict[Hashable, dict[str, str]] = {}  # owner → form → where in its value
        self._index: dict[str, _Forms] = {}  # by their beginning
        self._longest = 0  # of the forms that there have been
        self._sorted: list[str] | None = None  # the beginnings, once a text that goes on needs them
        self._names: Mapping[Hashable, str] = {}
        self._spell: Callable[[], Iterable[str]] = tuple
        self._spelled: frozenset[str] | None = None

    def configured(self, names: Mapping[Hashable, str], spell: Callable[[], Iterable[str]]) -> None:
        """Note what the configuration calls the owners, and how to list the words it spells."""
        self._names, self._spell, self._spelled = names, spell, None

    def learn(self, owner: Hashable, value: Any) -> None:
        """Remember what `owner` now holds, and what it held before.

        An owner is what the configuration has a name for, such as a secret, or a name itself; or a
        tuple that begins with one.
        """
        before = self._known.get(owner, ())
        if before[:1] != (value,):
            self._known[owner] = (value, *before[:1])
            self._stale.add(owner)

    def forget(self, owner: Hashable) -> None:
        self._known.pop(owner, None)
        self._stale.add(owner)

    def redact(self, text: str) -> str:
        """Return text from outside with every known value masked; of overlapping ones, both."""
        return self._masked(text, self._found(text))

    def quote(self, text: str) -> str:
        """Return the beginning of a text from outside, without a value that the end cuts."""
        if len(text) <= QUOTED:
            return self.redact(text)
        return f"{self.split(text[:QUOTED])[0]}…"

    def proofread(self, text: str) -> str:
        """Return a text of ours with every known value masked that no configured word explains."""
        if len(text) < SHORTEST_SECRET or text in self._words:
            return text
        found = [each for each in self._found(text) if not self._explains(text, each)]
        return self._masked(text, found)

    def split(self, text: str, passed: int = 0) -> tuple[str, str]:
        """Redact a part of a stream: return what is certain, and the rest unchanged.

        The rest may be the beginning of a value that the next part completes. So many characters
        have been `passed` on already, and only tell where what follows them stands.
        """
        self._catch_up()
        end = self._open_end(text, passed)
        if end > passed and _LINE_BREAK.search(text):
            joined, places = _unwrapped(text)
            ending = self._open_end(joined, bisect_left(places, passed))
            end = min(end, places[ending] if ending < len(places) else len(text))
        found = [each for each in self._found(text, end) if each.start >= passed]
        if found and found[-1].end > end:  # what overlaps the open end is masked together with it
            end = found.pop().start
        return self._masked(text[:end], found, passed), text[end:]

    # -- finding

    def _found(self, text: str, end: int | None = None) -> "list[_Match]":
        """Return where known values begin before `end`, in order and without overlaps."""
        self._catch_up()
        end = len(text) if end is None else end
        found = self._matches(text, end)
        if _LINE_BREAK.search(text, 0, end):
            joined, places = _unwrapped(text)
            found += [
                _Match(places[each.start], places[each.end - 1] + 1, each.form)
                for each in self._matches(joined, bisect_left(places, end))
            ]
        return _apart(found)

    def _matches(self, text: str, end: int) -> "list[_Match]":
        index, size = self._index, SHORTEST_SECRET
        last = min(end, len(text) - size + 1)
        begin = [at for at in range(last) if text[at : at + size] in index]
        found = ((at, index[text[at : at + size]].longest(text, at)) for at in begin)
        return [_Match(at, at + len(form), form) for at, form in found if form]

    def _open_end(self, text: str, passed: int) -> int:
        """Return where a form begins that the text may end in the middle of; its length if none."""
        index, size = self._index, SHORTEST_SECRET
        for at in range(max(len(text) - self._longest, passed), len(text) - size + 1):
            forms = index.get(text[at : at + size])
            if forms is not None and forms.goes_on(text, at):
                return at
        return len(text) - self._short_beginning(text[passed:])

    def _short_beginning(self, text: str) -> int:
        """Return how long the end is with which a form may begin, too short to be in the index."""
        if self._sorted is None:
            self._sorted = sorted(self._index)
        for length in range(min(len(text), SHORTEST_SECRET - 1), 0, -1):
            end = text[-length:]
            place = bisect_left(self._sorted, end)
            if place < len(self._sorted) and self._sorted[place].startswith(end):
                return length
        return 0

    # -- masking

    def _masked(self, text: str, found: "Sequence[_Match]", done: int = 0) -> str:
        parts: list[str] = []
        for match in found:
            parts += (text[done : match.start], self._mask(match.form))
            done = match.end
        return "".join((*parts, text[done:]))

    def _mask(self, form: str) -> str:
        """Return what is shown instead: the name of the value, unless that shows a value, too."""
        for owner, forms in self._forms.items():
            if form in forms:
                name = self._name(owner)
                for said in (f"{name}{forms[form]}", name) if name else ():
                    if all(self._explains(said, each) for each in self._found(said)):
                        return f"[redacted: {said}]"
        return "[redacted]"

    def _name(self, owner: Hashable) -> str:
        named = owner[0] if isinstance(owner, tuple) else owner
        return self._names.get(named) or (named if isinstance(named, str) else "")

    def _explains(self, text: str, match: "_Match") -> bool:
        """Return whether a match is a part of a word that the configuration spells."""
        value = text[match.start : match.end]
        return any(_stands(word, value, text, match) for word in self._words if value in word)

    @property
    def _words(self) -> frozenset[str]:
        if self._spelled is None:
            self._spelled = frozenset(self._spell())
        return self._spelled

    # -- the index

    def _catch_up(self) -> None:
        if self._stale:
            self._sorted = None
        for owner in self._stale:
            before = self._forms.pop(owner, {})
            now = {
                form: keys
                for value in reversed(self._known.get(owner, ()))
                for keys, leaf in _leaves(value)
                for form in _forms(leaf)
                if len(form) >= SHORTEST_SECRET
            }
            for form in now.keys() - before.keys():
                self._index.setdefault(form[:SHORTEST_SECRET], _Forms()).add(form)
                self._longest = max(self._longest, len(form))
            for form in before.keys() - now.keys():
                self._drop(form)
            if now:
                self._forms[owner] = now
        self._stale.clear()

    def _drop(self, form: str) -> None:
        beginning = form[:SHORTEST_SECRET]
        if self._index[beginning].drop(form):
            del self._index[beginning]  # it is a part of a secret


class _Match(NamedTuple):
    """Where in a text a form stands."""

    start: int
    end: int
    form: str


class _Forms:
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


def _apart(found: list[_Match]) -> list[_Match]:
    """Return matches in order, with one for those that overlap; it is called by the first."""
    apart: list[_Match] = []
    for match in sorted(found, key=lambda match: (match.start, -match.end)):
        if apart and match.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, match.end))
        else:
            apart.append(match)
    return apart


def _unwrapped(text: str) -> tuple[str, list[int]]:
    """Return a text without the line breaks that may be inside base64, and where it was."""
    parts, places, done = [], list[int](), 0
    for found in _LINE_BREAK.finditer(text):
        parts.append(text[done : found.start()])
        places += range(done, found.start())
        done = found.end()
    places += range(done, len(text))
    return "".join((*parts, text[done:])), places


def _stands(word: str, value: str, text: str, match: _Match) -> bool:
    """Return whether the word stands there, whole, around the value."""
    inside = word.find(value)
    while inside >= 0:
        start = match.start - inside
        end = start + len(word)
        if start >= 0 and text.startswith(word, start) and _is_whole(text, start, end):
            return True
        inside = word.find(value, inside + 1)
    return False


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return whether what stands there is not a part of a longer word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (
        after.isalnum() and text[end - 1].isalnum()
    )


def _forms(leaf: str) -> Iterator[str]:
    """Return every form in which a value is recognized."""
    if len(leaf) < SHORTEST_SECRET:
        return
    yield leaf
    if not _UNQUOTED.fullmatch(leaf):
        yield quote(leaf, safe="", errors="surrogatepass")
        yield json.dumps(leaf)[1:-1]
        yield json.dumps(leaf, ensure_ascii=False)[1:-1]
        # A multi-line value (a key, a certificate) may show up line by line.
        yield from leaf.splitlines()
    for form in _base64(leaf.encode(errors="surrogatepass")):
        yield form
        if "+" in form or "/" in form:
            yield form.replace("+", "-").replace("/", "_")


def _base64(raw: bytes) -> Iterator[str]:
    """Return a value in base64, on its own and in the middle of other text.

    There it begins at any of three places, and shares its first and last character.
    """
    alone = b2a_base64(raw, newline=False).decode().rstrip("=")
    yield alone
    yield alone[: len(raw) * 8 // 6]
    for before, shared in ((1, 2), (2, 3)):
        encoded = b2a_base64(bytes(before) + raw, newline=False).decode()
        yield encoded[shared : (before + len(raw)) * 8 // 6]


def _leaves(value: Any, keys: str = "") -> Iterator[tuple[str, str]]:
    """Return every value inside, and the keys that lead to it."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{keys}.{_shown(str(key))}")
    elif isinstance(value, Sequence):
        for item in value:
            yield from _leaves(item, keys)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield keys, json.dumps(value)


def _shown(key: str) -> str:
    cut = key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"
    return cut if cut.isprintable() else "?"
