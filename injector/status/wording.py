"""The wording of the status, shared by the terminal and the page."""

from typing import Any

from injector.status.attention import LISTS, one_line

Entry = dict[str, Any]
UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
SEVERITY = {"failing": 0, "waiting": 1, "ok": 2}
HEALTH = {"ok": "healthy", "waiting": "waiting", "failing": "needs attention"}


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


def headline(status: Entry) -> str:
    """Return the health, and how many of what are not as they should be."""
    bad: dict[str, list[str]] = {}
    for part, states in status["counts"].items():
        for state, number in states.items():
            if state != "ok":
                of = f"{number} of {sum(states.values())} {LISTS[part][0]}s"
                bad.setdefault(state, []).append(of)
    parts = [f"{', '.join(bad[state])} {state}" for state in SEVERITY if state in bad]
    return ": ".join(filter(None, (HEALTH[status["health"]], "; ".join(parts))))


def tally(status: Entry) -> str:
    """Return how many there are of everything, by state."""
    return " · ".join(
        f"{LISTS[part][0]}s: "
        + ", ".join(f"{states[state]} {state}" for state in SEVERITY if state in states)
        for part, states in status["counts"].items()
    )


def place(status: Entry) -> str:
    """Return where this injector runs, and with which configuration."""
    namespace = f" in namespace {status['namespace']}" if status["namespace"] else ""
    kind = "pod" if status["in_kubernetes"] else "host"
    return f"{kind} {status['host']}{namespace}, configuration {status['configuration']['path']}"


def concern(item: Entry, now: float) -> str:
    """Return one thing that needs attention, and for how long it has."""
    what = f"{item['what']}: " if item["what"] else ""
    since = f" (for {span(now - item['since'])})" if item["since"] is not None else ""
    return f"{what}{item['problem']}{since}"


def few(names: list[str], most: int = 3) -> str:
    """Return names in a cell of a table: not all of them, where one hook waits for 300 files."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}" or "-"


def is_told(entry: Entry, status: Entry) -> bool:
    """Return whether the message of an entry stands at the top already."""
    error = one_line(entry.get("error") or "")
    return any(error in item["problem"] for item in status["attention"])


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
