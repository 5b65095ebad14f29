"""Annotations that nobody reads: a misspelled one has no effect, and vault-k8s never says so."""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

# To look for the nearest name takes milliseconds, and nobody reads more warnings than this.
MOST = 10


def warnings_of(
    unknown: Sequence[str], known: Sequence[str], spelled: Callable[[str], str]
) -> Iterator[str]:
    """Name unknown annotations, each with the nearest one that is known."""
    for key in unknown[:MOST]:
        near = get_close_matches(key, _candidates(key, known), n=1)
        advice = f"; is it {spelled(near[0])}?" if near else ""
        yield f"{spelled(key)} is unknown and has no effect{advice}"
    if len(unknown) > MOST:
        yield f"{len(unknown) - MOST} more annotations are unknown and have no effect"


def _candidates(key: str, known: Sequence[str]) -> list[str]:
    """Return what a key may be meant to be: of a family, with the NAME that it ends with."""
    return [
        one + key[len(one) :] if one.endswith("-") and len(key) > len(one) else one for one in known
    ]
