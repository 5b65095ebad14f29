"""Times as people read them."""

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `3h12m`, `9m59s`, `2s`; nothing is negative."""
    left = max(int(seconds), 0)
    for index, (unit, size) in enumerate(UNITS[:-1]):
        if left >= size:
            smaller, of_it = UNITS[index + 1]
            rest = left % size // of_it
            return f"{left // size}{unit}" + (f"{rest}{smaller}" if rest else "")
    return f"{left}s"
