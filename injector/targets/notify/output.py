"""The end of a program's output, made safe to show."""

from collections.abc import Callable

KEPT = 64 * 1024
SHOWN = 4 * 1024


class Tail:
    """Keeps the last KEPT bytes, however many there are.

    The redactor finds whole values and whole lines of values, so a text that was cut in the middle
    of a line could show half a secret. Cuts are therefore moved to the next end of a line.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._cut = False

    def add(self, chunk: bytes) -> None:
        self._kept += chunk
        if len(self._kept) > KEPT:
            del self._kept[:-KEPT]
            self._cut = True

    def text(self, redact: Callable[[str], str], *, complete: bool) -> str:
        """Return at most SHOWN bytes of it. Not `complete`: the program was interrupted."""
        raw = bytes(self._kept)
        if self._cut:
            raw = raw.partition(b"\n")[2]
        if not complete:
            raw = raw.rpartition(b"\n")[0]
        redacted = redact(raw.decode(errors="replace")).strip()
        end = redacted.encode(errors="replace")[-SHOWN:].decode(errors="ignore")
        return "".join(
            c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in end
        )
