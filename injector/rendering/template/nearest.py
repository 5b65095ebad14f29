"""Suggests what may have been meant by an unknown word; for templates of any language."""

from collections.abc import Collection


def nearest(word: str, known: Collection[str]) -> str:
    """Suggest the closest known word; empty if there is none."""
    import difflib  # only for errors

    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
