"""Masks secret values in text, and says which value it was."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from injector.base.redactor.forms import SHORTEST_SECRET, forms_of, leaves_of
from injector.base.redactor.index import Index, Match

# So many characters of a text from outside are repeated.
QUOTED = 1000


class Redactor:
    """Knows every live value and the one before it, also as base64, URL and JSON text.

    Whoever holds a secret is an owner: the store for values and leases, the login for what it posts
    and for tokens. What an owner releases is forgotten, so memory does not grow.

    Text from outside is redacted where it comes in, without exception. Our own sentences are
    proofread before they leave: of those, what the configuration spells is left alone, even if it
    is also a value of another owner.

    Forms are indexed by their first characters, so the cost of a text depends on its length, not
    on the number of secrets; new values are indexed when something is looked at, not on arrival.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._stale: set[Hashable] = set()
        self._forms: dict[Hashable, dict[str, str]] = {}  # owner → form → where in its value
        self._index = Index()
        self._names: Mapping[Any, str] = {}
        self._spell: Callable[[], Iterable[str]] = tuple
        self._spelled: frozenset[str] | None = None

    def configured(self, names: Mapping[Any, str], spell: Callable[[], Iterable[str]]) -> None:
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
        end = self._index.open_end(text, passed)
        found = [each for each in self._found(text, end) if each.start >= passed]
        if found and found[-1].end > end:  # what overlaps the open end is masked together with it
            end = found.pop().start
        return self._masked(text[:end], found, passed), text[end:]

    # -- masking

    def _masked(self, text: str, found: Sequence[Match], done: int = 0) -> str:
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

    def _explains(self, text: str, match: Match) -> bool:
        """Return whether a match is a part of a word that the configuration spells."""
        value = text[match.start : match.end]
        return any(_stands(word, value, text, match) for word in self._words if value in word)

    @property
    def _words(self) -> frozenset[str]:
        if self._spelled is None:
            self._spelled = frozenset((*self._spell(), "redacted"))
        return self._spelled

    # -- the index

    def _found(self, text: str, end: int | None = None) -> list[Match]:
        self._catch_up()
        return self._index.found(text, end)

    def _catch_up(self) -> None:
        for owner in self._stale:
            before = self._forms.pop(owner, {})
            now = {
                form: keys
                for value in reversed(self._known.get(owner, ()))
                for keys, leaf in leaves_of(value)
                for form in forms_of(leaf)
                if len(form) >= SHORTEST_SECRET
            }
            for form in now.keys() - before.keys():
                self._index.add(form)
            for form in before.keys() - now.keys():
                self._index.drop(form)
            if now:
                self._forms[owner] = now
        self._stale.clear()


def _stands(word: str, value: str, text: str, match: Match) -> bool:
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
