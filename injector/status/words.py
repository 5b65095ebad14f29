"""The wording of the status, shared by the terminal and the page."""

from typing import Any

Entry = dict[str, Any]
UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
SEVERITY = {"failing": 0, "waiting": 1, "ok": 2}
MOST_PROBLEMS = 3  # of a configuration, in one alarm
# What follows the name of the thing that needs attention.
ALARMS = {
    "rolled_back": "was rejected by its application and rolled back",
    "expired": "has a value that has expired",
    "gone": "no longer exists (on_missing: fail)",
    "unwrap_failed": "could not be unwrapped: somebody else may have opened it",
    "not_reloaded": "cannot be used, so an older configuration stays in force",
}


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `3h12m`, `9m59s`, `2s`; never negative."""
    left = max(int(seconds), 0)
    for index, (unit, size) in enumerate(UNITS[:-1]):
        if left >= size:
            smaller, of_it = UNITS[index + 1]
            rest = left % size // of_it
            return f"{left // size}{unit}" + (f"{rest}{smaller}" if rest else "")
    return f"{left}s"


def state_of(entry: Entry, now: float) -> tuple[str, str]:
    """Return `ok`, or the state and for how long; and the reason, if there is one."""
    if entry["state"] == "ok":
        return "not running" if entry.get("absent") else "ok", ""
    return f"{entry['state']} for {span(now - entry['since'])}", entry.get("error") or ""


def worst_first(entries: list[Entry]) -> list[Entry]:
    """Sort failing entries first, then waiting ones: of 200 secrets, the one that matters."""
    return sorted(entries, key=lambda entry: SEVERITY.get(entry["state"], 1))


def concerns(status: Entry) -> tuple[list[str], list[str]]:
    """Return the alarms, and the other reasons why it is not ready."""
    alarms = list(map(_alarm, status["alarms"]))
    return alarms, [reason for reason in status["not_ready"] if reason not in alarms]


def _alarm(alarm: Entry) -> str:
    """Return it as a sentence; what no row of a table explains is explained here."""
    said = f"{alarm['name']} {ALARMS[alarm['alarm']]}"
    if alarm["alarm"] != "not_reloaded":
        return said
    return f"{said}: {'; '.join(first(alarm['error'].splitlines(), MOST_PROBLEMS))}"


def first(reasons: list[str], most: int) -> list[str]:
    """Return the first of them, and a line for how many more there are."""
    more = len(reasons) - most
    return reasons if more <= 0 else [*reasons[:most], f"and {more} more"]


def next_of(step: Entry | None, now: float) -> str:
    """Return the next step and when; empty if there is none."""
    if step is None or step["at"] is None:
        return ""
    wait = step["at"] - now
    return f"{step['act']} now" if wait < 1 else f"{step['act']} in {span(wait)}"


def command_of(command: Entry, now: float) -> str:
    """Return the supervised command's state, and how often it was started."""
    parts = [command["program"] or "never started"]
    if command["pid"] is not None:
        parts.append(f"pid {command['pid']}")
        parts.append(f"up {span(now - command['started_at'])}")
    if command["starts"]:
        parts.append("1 start" if command["starts"] == 1 else f"{command['starts']} starts")
    if command["last_exit"]:
        parts.append(f"last ended with {command['last_exit']}")
    return ", ".join(parts)
