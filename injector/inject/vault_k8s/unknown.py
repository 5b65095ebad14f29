"""Annotations that nobody reads: a misspelled one has no effect, and vault-k8s never says so."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from injector.inject.vault_k8s.annotations import ALL, row_of
from injector.inject.vault_k8s.reading import Annotations


def warnings_of(given: Mapping[str, str], read: Annotations) -> Iterator[str]:
    """Name each unknown annotation, with the nearest one that is known."""
    for key in sorted(given):
        if row_of(key) is None:
            near = get_close_matches(key, _candidates(key), n=1)
            advice = f"; is it {read.spelled(near[0])}?" if near else ""
            yield f"{read.spelled(key)} is unknown and has no effect{advice}"


def _candidates(key: str) -> list[str]:
    """Return what a key may be meant to be: of a family, with the NAME that it ends with."""
    return [
        known + key[len(known) :] if known.endswith("-") and len(key) > len(known) else known
        for known in ALL
    ]
