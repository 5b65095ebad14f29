"""Shows how a file would change, as a unified diff, with values masked unless revealed."""

import difflib
import hashlib
from collections.abc import Iterator

from injector.preflight.render.pieces import ALL_VALUE, Skeleton, apart

NO_NEWLINE = "\n\\ No newline at end of file"


class Masks:
    """Masks for values: within one run, equal masks mean equal values.

    They are made with a key that is not kept, so values cannot be guessed from them.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, value: bytes) -> str:
        digest = hashlib.blake2b(value, key=self._key, digest_size=3)
        return f"[masked {digest.hexdigest()}]"

    def over(self, content: bytes, skeleton: Skeleton, *, whole: bool = True) -> str:
        """Return a text with its values masked; binary content is masked as a whole."""
        text = text_of(content)
        if text is None:
            return self.of(content)
        pieces = apart(text, skeleton, whole=whole)
        return "".join(self._over(piece.text) if piece.is_value else piece.text for piece in pieces)

    def _over(self, value: str) -> str:
        """Mask a value except its final newline, so that what follows stays on its own line."""
        text = value.removesuffix("\n")
        return (self.of(text.encode()) if text else "") + value[len(text) :]


def text_of(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def shown(content: bytes, skeleton: Skeleton, masks: Masks | None) -> str:
    """Return what is shown of a new file; without masks, all of it."""
    if masks is None:
        return content.decode(errors="backslashreplace")
    return masks.over(content, skeleton)


def difference(
    path: str, old: bytes | None, new: bytes, skeleton: Skeleton = ALL_VALUE, *, masks: Masks | None
) -> Iterator[str]:
    """Yield the lines of a unified diff; nothing if the file would not change."""
    if old == new:
        return
    before = "" if old is None else _shown_old(old, new, skeleton, masks)
    after = shown(new, skeleton, masks)
    name = "/dev/null" if old is None else path
    lines = difflib.unified_diff(_lines(before), _lines(after), name, path, lineterm="")
    first = next(lines, None)
    if first is None:
        yield from (f"--- {path}", f"+++ {path}", "differs in what is not text")
    else:
        yield first
        yield from lines


def _shown_old(old: bytes, new: bytes, skeleton: Skeleton, masks: Masks | None) -> str:
    if masks is None:
        return shown(old, skeleton, masks)
    # Comparing lines tells more, unless a value spans several of them.
    pieces = apart(text_of(new) or "", skeleton)
    whole = any(piece.is_value and "\n" in piece.text for piece in pieces)
    return masks.over(old, skeleton, whole=whole)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += NO_NEWLINE
        return lines
    return lines[:-1]
