"""Replaces secret values in a stream of bytes that comes in pieces."""

import codecs

from injector.log import Redactor


class Mask:
    """Passes on what is certain; holds back the end that may be the beginning of a value.

    So a line, or a prompt, is held back only where it ends as a value begins, and no more than the
    longest value is ever held. Bytes that are not UTF-8 come out as they went in.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    @property
    def holds(self) -> bool:
        """Return whether something complete is held back: half a character is not."""
        return bool(self._held)

    def feed(self, piece: bytes) -> bytes:
        """Take a piece; return what can be shown by now."""
        shown, self._held = self._redactor.split(self._held + self._decoder.decode(piece))
        return _encoded(shown)

    def release(self) -> bytes:
        """Return what is held back: nothing has come for a while."""
        held, self._held = self._held, ""
        return _encoded(self._redactor.redact(held))

    def end(self) -> bytes:
        """Return the rest: nothing comes any more."""
        self._held += self._decoder.decode(b"", final=True)
        return self.release()


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
