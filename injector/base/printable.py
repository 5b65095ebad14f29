"""Makes text from outside harmless to a terminal."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text with what is not printable as an escape; `lines` may stay lines."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or (lines and char in "\n\t") else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
