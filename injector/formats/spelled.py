"""Numbers as they were spelt: Go templates print `1.50` and `1e3` as they came."""


class Spelled(float):
    """A float whose own spelling in Python is another."""

    __slots__ = ("text",)
    text: str


def spelled(text: str) -> float:
    """Read a number of JSON that is no whole one."""
    value = float(text)
    if repr(value) == text:
        return value
    kept = Spelled(value)
    kept.text = text
    return kept
