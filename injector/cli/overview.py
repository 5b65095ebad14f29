"""The answer of `/status` as a table that people read."""

from collections.abc import Callable, Sequence
from typing import Any

from injector.cli.table import Row, columns
from injector.printable import printable
from injector.status.moments import with_numbers
from injector.status.words import command_of, concerns, first, next_of, span, state_of, worst_first

Entry = dict[str, Any]
# How many of the last rotations are shown, and how many reasons for not being ready.
LAST, MOST = 5, 5


def overview(status: Entry) -> list[str]:
    """Return the lines; times are measured by the injector's own clock."""
    status = with_numbers(status)
    now: float = status["now"]
    ready = "ready" if status["ready"] else "not ready"
    lines = [
        f"injector {status['version']}, up {span(status['uptime'])}, {ready}",
        _token(status["token"], now),
    ]
    if status["vault"]["state"] != "ok":
        lines.append(f"vault: {_state(status['vault'], now)}")
    if status["command"] is not None:
        command = status["command"]
        lines.append(f"command: {command_of(command, now)}: {_state(command, now)}")
    if status["journal"] is not None and status["journal"]["error"]:
        lines.append(f"journal: {status['journal']['path']}: {status['journal']['error']}")
    alarms, reasons = concerns(status)
    lines += [f"ALARM: {alarm}" for alarm in alarms]
    lines += [f"NOT READY: {reason}" for reason in first(reasons, MOST)]
    lines += [line for section in _sections(status, now) for line in section]
    return [printable(line) for line in lines]


def _sections(status: Entry, now: float) -> list[list[str]]:
    secrets = ("SECRET", "KIND", "GENERATION", "AGE", "EXPIRES IN", "NEXT")
    rotations = ("ROTATION", "SECRET", "GENERATION", "WHEN", "TOOK", "OUTCOME")
    return [
        _section(secrets, status["secrets"], _secret, now),
        _section(("FILE", "FROM", "NOTIFY"), status["files"], _output, now),
        _section(("BUNDLE", "FROM", "NOTIFY"), status["bundles"], _output, now),
        _section(("SINK",), status["sinks"], lambda sink, _: (sink["path"],), now),
        _section(("NOTIFY", "NOTIFIED", "PENDING"), status["notify"], _target, now),
        _table(rotations, [_rotation(rotation, now) for rotation in status["rotations"][:LAST]]),
    ]


def _section(
    header: Row, entries: list[Entry], cells: Callable[[Entry, float], Row], now: float
) -> list[str]:
    """Return the entries with their states; the reason of a failure is on a line of its own."""
    entries = worst_first(entries)
    states = [state_of(entry, now) for entry in entries]
    rows = [(*cells(entry, now), state) for entry, (state, _) in zip(entries, states, strict=True)]
    lines = _table((*header, "STATE"), rows)
    found = lines[:2]
    for line, (_, why) in zip(lines[2:], states, strict=True):
        found += [line, f"  {why}"] if why else [line]
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
    return (name, _names(output["secrets"]), _names(output["notify"]))


def _target(target: Entry, now: float) -> Row:
    notified_at, pending = target["notified_at"], target["pending"]
    return (
        target["name"],
        f"{span(now - notified_at)} ago" if notified_at else "-",
        _names(pending),
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


def _state(entry: Entry, now: float) -> str:
    return ": ".join(filter(None, state_of(entry, now)))


def _token(token: Entry, now: float) -> str:
    state, why = state_of(token, now)
    ends_at = token.get("expires_at")
    life = [f"expires in {span(ends_at - now)}"] if ends_at else []
    facts = ", ".join(filter(None, [state, *life, next_of(token["next"], now)]))
    return ": ".join(filter(None, ["token", facts, why]))


def _names(names: list[str]) -> str:
    return ", ".join(names) or "-"
