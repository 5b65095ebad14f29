"""Replaces secret values in a stream of bytes that comes in pieces."""

import codecs

from injector.base.redactor import NARROWEST, Redactor


class Mask:
    """Passes on what is certain; holds back an end that may be the beginning of a value.

    So a line, or a prompt, is held back only if it ends like the beginning of a value, and never
    more than the longest value. Bytes that are not UTF-8 pass unchanged.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""
        self._passed = ""  # the end of what was passed on

    @property
    def holds(self) -> bool:
        """Return whether a complete character is held back."""
        return bool(self._held)

    def feed(self, piece: bytes) -> bytes:
        """Add a piece; return what can be shown now."""
        text = self._passed + self._held + self._decoder.decode(piece)
        shown, self._held = self._redactor.split(text, len(self._passed))
        self._passed = text[: len(text) - len(self._held)][-NARROWEST:]
        return _encoded(shown)

    def release(self) -> bytes:
        """Return what is held back: nothing has come for a while."""
        held, self._held = self._held, ""
        self._passed = (self._passed + held)[-NARROWEST:]
        return _encoded(self._redactor.redact(held))

    def end(self) -> bytes:
        """Return the rest: the stream has ended."""
        self._held += self._decoder.decode(b"", final=True)
        return self.release()


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
