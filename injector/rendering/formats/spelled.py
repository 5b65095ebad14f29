"""Numbers with their original spelling: Go templates print `1.50` and `1e3` unchanged."""


class Spelled(float):
    """A float whose spelling differs from Python's."""

    __slots__ = ("text",)
    text: str


def spelled(text: str) -> float:
    """Parse a JSON number that is not an integer."""
    value = float(text)
    if repr(value) == text:
        return value
    kept = Spelled(value)
    kept.text = text
    return kept
