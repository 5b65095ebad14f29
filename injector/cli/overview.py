"""The answer of `/status` as a table that people read."""

from typing import Any

from injector.cli.table import Row, columns
from injector.status.words import ALARMS, command_of, next_of, span, state_of, worst_first

Entry = dict[str, Any]
# The last rotations that are shown.
LAST = 5


def overview(status: Entry) -> list[str]:
    """Return the lines; times are measured by the injector's own clock."""
    now: float = status["now"]
    ready = "ready" if status["ready"] else f"not ready: {'; '.join(status['not_ready'])}"
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
    lines += [f"ALARM: {alarm['name']} {ALARMS[alarm['alarm']]}" for alarm in status["alarms"]]
    lines += [line for section in _sections(status, now) for line in section]
    return [_printable(line) for line in lines]


def _sections(status: Entry, now: float) -> list[list[str]]:
    return [
        _section(
            ("SECRET", "KIND", "GENERATION", "AGE", "EXPIRES IN", "NEXT", "STATE"),
            [_secret(secret, now) for secret in worst_first(status["secrets"])],
        ),
        _section(
            ("FILE", "FROM", "NOTIFY", "STATE"),
            [(f["destination"], *_output(f, now)) for f in worst_first(status["files"])],
        ),
        _section(
            ("BUNDLE", "FROM", "NOTIFY", "STATE"),
            [(f["name"], *_output(f, now)) for f in worst_first(status["bundles"])],
        ),
        _section(
            ("SINK", "STATE"), [(s["path"], _state(s, now)) for s in worst_first(status["sinks"])]
        ),
        _section(
            ("NOTIFY", "TOLD", "UNTOLD", "STATE"),
            [_target(target, now) for target in worst_first(status["notify"])],
        ),
        _section(
            ("ROTATION", "GENERATION", "WHEN", "TOOK", "OUTCOME"),
            [_rotation(rotation, now) for rotation in status["rotations"][:LAST]],
        ),
    ]


def _section(header: Row, rows: list[Row]) -> list[str]:
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
        _state(secret, now),
    )


def _output(output: Entry, now: float) -> Row:
    return (_names(output["secrets"]), _names(output["notify"]), _state(output, now))


def _target(target: Entry, now: float) -> Row:
    told_at, untold = target["told_at"], target["untold"]
    return (
        target["name"],
        f"{span(now - told_at)} ago" if told_at else "-",
        _names(untold),
        _state(target, now),
    )


def _rotation(rotation: Entry, now: float) -> Row:
    outcome, took = rotation["outcome"], rotation["at"] - rotation["answered_at"]
    of_class = f" ({rotation['error_class']})" if rotation["error_class"] else ""
    return (
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


def _printable(line: str) -> str:
    """Return what a terminal shows and does not obey: an error may quote whoever answered."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) or "-"
