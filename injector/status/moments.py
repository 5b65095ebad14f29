"""The times of a `/status` answer as numbers, to be compared and subtracted."""

from datetime import datetime
from typing import Any

# What a time is called, in whatever part of the answer.
NAMES = frozenset(
    {
        "now",
        "since",
        "at",
        "answered_at",
        "expires_at",
        "granted_at",
        "notified_at",
        "published_at",
        "refreshed_at",
        "started_at",
    }
)


def with_numbers(part: Any) -> Any:
    """Return a status, or a part of it, with its times as seconds since the epoch."""
    if isinstance(part, list):
        return [with_numbers(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _number(value) if name in NAMES else with_numbers(value)
        for name, value in part.items()
    }


def _number(moment: Any) -> Any:
    return datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else moment
