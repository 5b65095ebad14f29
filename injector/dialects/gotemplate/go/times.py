"""Go's time layouts: a reference time in the desired format."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_AM_END = 12

_PARTS: dict[str, Callable[[datetime], str]] = {
    "January": lambda at: _MONTHS[at.month - 1],
    "Jan": lambda at: _MONTHS[at.month - 1][:3],
    "Monday": lambda at: _DAYS[at.weekday()],
    "Mon": lambda at: _DAYS[at.weekday()][:3],
    "MST": lambda at: at.tzname() or "UTC",
    "2006": lambda at: f"{at.year:04d}",
    "002": lambda at: f"{at.timetuple().tm_yday:03d}",
    "__2": lambda at: f"{at.timetuple().tm_yday:3d}",
    "01": lambda at: f"{at.month:02d}",
    "02": lambda at: f"{at.day:02d}",
    "03": lambda at: f"{at.hour % _AM_END or _AM_END:02d}",
    "04": lambda at: f"{at.minute:02d}",
    "05": lambda at: f"{at.second:02d}",
    "06": lambda at: f"{at.year % 100:02d}",
    "15": lambda at: f"{at.hour:02d}",
    "_2": lambda at: f"{at.day:2d}",
    "PM": lambda at: "PM" if at.hour >= _AM_END else "AM",
    "pm": lambda at: "pm" if at.hour >= _AM_END else "am",
    "1": lambda at: str(at.month),
    "2": lambda at: str(at.day),
    "3": lambda at: str(at.hour % _AM_END or _AM_END),
    "4": lambda at: str(at.minute),
    "5": lambda at: str(at.second),
}
_ZONES = {
    "Z070000": (True, "", 3), "Z07:00:00": (True, ":", 3), "Z0700": (True, "", 2),
    "Z07:00": (True, ":", 2), "Z07": (True, "", 1), "-070000": (False, "", 3),
    "-07:00:00": (False, ":", 3), "-0700": (False, "", 2), "-07:00": (False, ":", 2),
    "-07": (False, "", 1),
}  # fmt: skip
# The longest first, as in Go; `Jan` is not a month in `January` or `Janet`.
_LAYOUT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|__2|_2(?!006)|01|02|03|04|05|06|15|PM|pm"
    r"|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07"
    r"|[.,](?:0+|9+)(?!\d)|1|2|3|4|5"
)


def formatted(at: datetime, layout: str) -> str:
    """Format the time by a Go layout."""
    return _LAYOUT.sub(lambda match: _part(match[0], at), layout)


def _part(word: str, at: datetime) -> str:
    if word in _PARTS:
        return _PARTS[word](at)
    if word in _ZONES:
        return _zone(at, *_ZONES[word])
    digits = f"{at.microsecond:06d}000"[: len(word) - 1].ljust(len(word) - 1, "0")
    if word[1] == "9":
        digits = digits.rstrip("0")
    return word[0] + digits if digits else ""


def _zone(at: datetime, as_z: bool, separator: str, parts: int) -> str:  # noqa: FBT001 - a row of the table
    offset = at.utcoffset() or timedelta()
    if as_z and not offset:
        return "Z"
    seconds = abs(int(offset.total_seconds()))
    numbers = (seconds // 3600, seconds // 60 % 60, seconds % 60)[:parts]
    sign = "-" if offset < timedelta() else "+"
    return sign + separator.join(f"{number:02d}" for number in numbers)
