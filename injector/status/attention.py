"""What needs attention, each message once: the headline, the box at the top, the exit code."""

from collections.abc import Iterable, Iterator
from typing import Any

Entry = dict[str, Any]
# What follows the name of the thing, where an alarm does not say it itself.
ALARMS = {
    "rolled_back": "was rejected by its application and rolled back",
    "gone": "no longer exists (on_missing: fail)",
    "unwrap_failed": "could not be unwrapped: somebody else may have opened it",
    "not_reloaded": "cannot be used, so an older configuration stays in force",
}
MOST_PROBLEMS = 3  # of a configuration, in one alarm
# What a retry usually mends is no reason to wake anybody before this many failures in a row.
LOUD = 3
# The lists of a status: what one of its entries is called, and where its name is.
LISTS = {
    "secrets": ("secret", "name"),
    "files": ("file", "destination"),
    "bundles": ("bundle", "name"),
    "sinks": ("sink", "path"),
    "notify": ("hook", "name"),
}


def attention(status: Entry) -> list[Entry]:
    """Return the alarms, what else fails, and what else keeps the injector from being ready."""
    alarms = list(_alarms(status["alarms"]))
    told = {alarm["error"] for alarm in alarms if alarm["error"]}
    failing = list(_failing(status, told))
    said = [*(item["problem"] for item in alarms), *(item["problem"] for item in failing)]
    reasons = [
        _item("not ready", "", _without(reason, said))
        for reason in status["not_ready"]
        if reason not in said
    ]
    return [_public(item) for item in (*alarms, *failing, *reasons)]


def health(status: Entry) -> str:
    """Return `failing` if a person has to look, `waiting` if something is on its way, or `ok`."""
    if any(item["sort"] != "not ready" for item in status["attention"]):
        return "failing"
    return "ok" if status["ready"] else "waiting"


def counts(status: Entry) -> dict[str, dict[str, int]]:
    """Return how many secrets, files and so on are in which state."""
    found: dict[str, dict[str, int]] = {}
    for part in LISTS:
        for entry in status[part]:
            of = found.setdefault(part, {})
            of[entry["state"]] = of.get(entry["state"], 0) + 1
    return found


def one_line(text: str, most: int = MOST_PROBLEMS) -> str:
    """Return the lines of a message in one, and how many more there are."""
    lines = text.splitlines()
    more = [f"and {len(lines) - most} more"] if len(lines) > most else []
    return "; ".join([*lines[:most], *more])


def _alarms(alarms: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for alarm in alarms:
        words = alarm.get("problem") or f"{alarm['name']} {ALARMS[alarm['alarm']]}"
        if words not in seen:
            seen.add(words)
            yield _item("alarm", "", words, alarm.get("since"), alarm.get("error"))


def _failing(status: Entry, told: Iterable[str]) -> Iterator[Entry]:
    """Return what fails, with all that fails for the same reason as one."""
    groups: dict[str, tuple[list[tuple[str, str]], Entry]] = {}
    for kind, name, entry in _parts(status):
        error = one_line(entry.get("error") or "")
        if entry["state"] == "failing" and not _may_pass(kind, entry) and error not in told:
            groups.setdefault(error, ([], entry))[0].append((kind, name))
    for error, (things, entry) in groups.items():
        what = "" if error.startswith("hook '") else _together(things)  # it names itself
        yield _item("failing", what, error, entry.get("since"), error)


def _parts(status: Entry) -> Iterator[tuple[str, str, Entry]]:
    yield "vault", "", status["vault"]
    yield "token", "", status["token"]
    for part, (kind, key) in LISTS.items():
        for entry in status[part]:
            yield kind, entry[key], entry
    if status["command"] is not None:
        yield "command", "", status["command"]
        for entry in status["command"]["environment"]:
            yield "environment of the command", "", entry
    if status["journal"] is not None:
        yield "journal", status["journal"]["path"], status["journal"]


def _may_pass(kind: str, entry: Entry) -> bool:
    return (
        kind != "vault"
        and entry.get("error_class") == "transient"
        and entry.get("failures", LOUD) < LOUD
    )


def _together(things: list[tuple[str, str]], most: int = 5) -> str:
    """Return their names in a sentence: `secrets a, b and 7 more, token`."""
    by_kind: dict[str, list[str]] = {}
    for kind, name in things:
        by_kind.setdefault(kind, []).append(name)
    return ", ".join(_named(kind, names, most) for kind, names in by_kind.items())


def _named(kind: str, names: list[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    plural = "s" if len(names) > 1 else ""
    return f"{kind}{plural} {', '.join(names[:most])}{more}".strip()


def _without(reason: str, said: Iterable[str]) -> str:
    """Return a reason without the message that stands above it already."""
    for message in said:
        reason = reason.removesuffix(f": {message}") if message else reason
    return reason


def _item(sort: str, what: str, problem: str, since: Any = None, error: str | None = None) -> Entry:
    error = None if error is None else one_line(error)
    return {"sort": sort, "what": what, "problem": problem, "since": since, "error": error}


def _public(item: Entry) -> Entry:
    """Return an item with the message of an alarm after its sentence."""
    problem, error = item["problem"], item["error"]
    if item["sort"] == "alarm" and error:
        problem = f"{problem}: {error}"
    return {
        "sort": item["sort"],
        "what": item["what"],
        "problem": problem or "fails",
        "since": item["since"],
    }
