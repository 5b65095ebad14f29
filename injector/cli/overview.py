"""The answer of `/status` as a table that people read."""

from collections.abc import Callable, Sequence
from typing import Any

from injector.base.printable import printable
from injector.cli.table import Row, columns
from injector.status.attention import one_line
from injector.status.moments import with_numbers
from injector.status.wording import (
    command_of,
    concern,
    few,
    headline,
    is_told,
    next_of,
    place,
    span,
    state_of,
    tally,
    worst_first,
)

Entry = dict[str, Any]
# How many of the last rotations are shown, and how many of the things that need attention.
LAST, MOST = 5, 10


def overview(answer: Entry) -> list[str]:
    """Return the lines; times are measured by the injector's own clock."""
    status = with_numbers(answer)
    # Each message is shown once: at the top, or in its row.
    status["attention"], more = status["attention"][:MOST], status["attention"][MOST:]
    now: float = status["now"]
    ready = "ready" if status["ready"] else "not ready"
    version, up = f"version {status['version']}", f"up {span(status['uptime'])}"
    lines = [
        f"injector: {headline(status)} ({ready}, {version}, {up})",
        place(status),
        *filter(None, [tally(status)]),
        _token(status, now),
    ]
    if status["vault"]["state"] != "ok":
        lines.append(f"vault: {_state(status['vault'], status, now)}")
    if status["command"] is not None:
        command = status["command"]
        lines.append(f"command: {command_of(command, now)}: {_state(command, status, now)}")
    lines += [f"{item['sort'].upper()}: {concern(item, now)}" for item in status["attention"]]
    lines += [f"and {len(more)} more, see below"] if more else []
    lines += [line for section in _sections(status, now) for line in section]
    return [printable(line) for line in lines]


def _sections(status: Entry, now: float) -> list[list[str]]:
    secrets = ("SECRET", "KIND", "GENERATION", "AGE", "EXPIRES IN", "NEXT")
    rotations = ("ROTATION", "SECRET", "GENERATION", "WHEN", "TOOK", "OUTCOME")
    return [
        _section(secrets, "secrets", _secret, status),
        _section(("FILE", "FROM", "NOTIFY"), "files", _output, status),
        _section(("BUNDLE", "FROM", "NOTIFY"), "bundles", _output, status),
        _section(("SINK",), "sinks", lambda sink, _: (sink["path"],), status),
        _section(("NOTIFY", "NOTIFIED", "PENDING"), "notify", _target, status),
        _table(rotations, [_rotation(rotation, now) for rotation in status["rotations"][:LAST]]),
    ]


def _section(
    header: Row, part: str, cells: Callable[[Entry, float], Row], status: Entry
) -> list[str]:
    """Return the entries with their states; a reason that no line says yet gets its own line."""
    now, entries = status["now"], worst_first(status[part])
    states = [state_of(entry, now) for entry in entries]
    rows = [(*cells(entry, now), state) for entry, (state, _) in zip(entries, states, strict=True)]
    lines = _table((*header, "STATE"), rows)
    found = lines[:2]
    for entry, line, (_, why) in zip(entries, lines[2:], states, strict=True):
        found += [line, f"  {one_line(why)}"] if why and not is_told(entry, status) else [line]
    return found


def _table(header: Row, rows: Sequence[Row]) -> list[str]:
    """Return an empty line, the header and the rows; nothing if there are no rows."""
    return ["", *columns([header, *rows])] if rows else []


def _secret(secret: Entry, now: float) -> Row:
    is_there = "generation" in secret
    return (
        secret["name"],
        secret["kind"] if is_there else "-",
        str(secret["generation"]) if is_there else "-",
        span(now - secret["published_at"]) if is_there else "-",
        span(secret["expires_at"] - now) if is_there and secret["expires_at"] else "-",
        next_of(secret["next"], now) or "-",
    )


def _output(output: Entry, _: float) -> Row:
    name = output.get("destination") or output["name"]
    return (name, few(output["secrets"]), few(output["notify"]))


def _target(target: Entry, now: float) -> Row:
    notified_at, pending = target["notified_at"], target["pending"]
    return (
        target["name"],
        f"{span(now - notified_at)} ago" if notified_at else "-",
        few(pending),
    )


def _rotation(rotation: Entry, now: float) -> Row:
    outcome, took = rotation["outcome"], rotation["at"] - rotation["answered_at"]
    of_class = f" ({rotation['error_class']})" if rotation["error_class"] else ""
    return (
        rotation["rotation"],
        rotation["secret"],
        str(rotation["generation"]),
        f"{span(now - rotation['answered_at'])} ago",
        f"{took:.1f}s" if outcome == "delivered" else "-",
        outcome.replace("_", " ") + of_class,
    )


def _state(entry: Entry, status: Entry, now: float) -> str:
    state, why = state_of(entry, now)
    return state if not why or is_told(entry, status) else f"{state}: {one_line(why)}"


def _token(status: Entry, now: float) -> str:
    token = status["token"]
    state, why = state_of(token, now)
    ends_at = token.get("expires_at")
    life = [f"expires in {span(ends_at - now)}"] if ends_at else []
    facts = ", ".join(filter(None, [state, *life, next_of(token["next"], now)]))
    why = "" if is_told(token, status) else one_line(why)
    return ": ".join(filter(None, ["token", facts, why]))
