"""Finds permissions that nothing needs, by asking about names that do not exist. Decisions only.

Vault reports what a token may do at a path, but not its policies' patterns. Whatever is allowed at
a name that does not exist must be allowed by a pattern.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from injector.preflight.policy import Need

LEAST = "give its role only the policy that `injector policy` prints"
# Permissions that no application needs, whatever its secrets.
POWERS = {
    "sys/policies/acl/{}": "write policies, and so give itself everything",
    "sys/auth/{}": "add ways to log in, and so let others in",
    "sys/mounts/{}": "mount engines, and unmount them with all they hold",
    "auth/token/create": "make more tokens like itself",
    "auth/token/create-orphan": "make tokens that outlive it",
}
CHANGES = frozenset({"create", "update", "sudo"})
SHOWN = 3  # of places with the same excess, this many are listed


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A path as it is written in this namespace."""

    namespace: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} in namespace {self.namespace}" if self.namespace else self.path


# What the token may do at each place.
Rights = Mapping[Place, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Probes:
    """Places that nothing needs, around those with secrets; `stranger` is a made-up name."""

    secrets: tuple[Place, ...]
    login: str  # the namespace whose policies count
    stranger: str

    def places(self) -> Iterator[Place]:
        for path in POWERS:
            yield self.power(path)
        for at in self.secrets:
            yield from self.around(at)

    def power(self, path: str) -> Place:
        return Place(self.login, path.format(self.stranger))

    def around(self, at: Place) -> list[Place]:
        """Replace each part of a path with the stranger, one at a time."""
        parts = at.path.split("/")
        return [
            Place(at.namespace, "/".join([*parts[:index], self.stranger, *parts[index + 1 :]]))
            for index in range(len(parts))
        ]


def too_much(wanted: Mapping[Place, Need], probes: Probes, rights: Rights) -> Iterator[str]:
    """Report what the token may do beyond its needs."""
    if any("root" in allowed for allowed in rights.values()):
        yield "the token is root: it may do everything, forever"
        return
    yield from _powers(probes, rights)
    yield from _wildcards(probes, rights)
    yield from _beyond(wanted, rights)


def _powers(probes: Probes, rights: Rights) -> Iterator[str]:
    for path, power in POWERS.items():
        if CHANGES.intersection(rights[probes.power(path)]):
            yield f"the token may {power}: {path.format('*')}"


def _wildcards(probes: Probes, rights: Rights) -> Iterator[str]:
    patterns: dict[str, set[str]] = defaultdict(set)
    for at in probes.secrets:
        for allowed, pattern in _patterns(at, [_said(rights[each]) for each in probes.around(at)]):
            patterns[allowed].add(pattern)
    for allowed, found in sorted(patterns.items()):
        yield f"the token may {allowed} paths that nothing here uses: {_some(found)}"


def _beyond(wanted: Mapping[Place, Need], rights: Rights) -> Iterator[str]:
    beyond: dict[str, set[str]] = defaultdict(set)
    for at, need in wanted.items():
        if not is_own(at):
            beyond[_said(set(rights[at]) - set(need.capabilities))].add(str(at))
    for allowed, found in sorted(beyond.items()):
        if allowed:
            yield f"the token may also {allowed}, which nothing here does: {_some(found)}"


def is_own(at: Place) -> bool:
    """Return whether each token has its own version of this place."""
    return at.path.startswith("cubbyhole/")


def _patterns(at: Place, around: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return the patterns that allow something with a stranger in place of a part of a path."""
    parts = at.path.split("/")
    free = len(parts)  # from this part on anything goes
    while free and around[free - 1]:
        free -= 1
    if free < len(parts):
        yield around[free], str(Place(at.namespace, "/".join([*parts[:free], "*"])))
    for index in range(free):
        if around[index]:
            parts_with_any = [*parts[:index], "+", *parts[index + 1 :]]
            yield around[index], str(Place(at.namespace, "/".join(parts_with_any)))


def _said(allowed: Iterable[str]) -> str:
    return " and ".join(sorted(set(allowed) - {"deny"}))


def _some(places: Collection[str]) -> str:
    first = ", ".join(sorted(places)[:SHOWN])
    return first if len(places) <= SHOWN else f"{first} and {len(places) - SHOWN} more"
