"""`injector status`: what a running injector does, as a table or as JSON."""

import argparse
import json
import sys
import time
from typing import Any

from injector.cli import client
from injector.cli.parser import exits
from injector.cli.probe import add_target
from injector.cli.table import Row, columns, span
from injector.errors import ConfigError, TransientError

NOTE = """\
It is looked for at --address, then INJECTOR_ADDR, then the first listener in -c FILE, then
/run/injector/injector.sock. A table on a terminal, else JSON."""
EXAMPLES = ("injector status", "injector status -c injector.yaml --json | jq .ready")
EXITS = {"0": "it answered, ready or not", **exits(ConfigError, TransientError)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def main(args: argparse.Namespace) -> int:
    address = client.find(args.address, args.config)
    reply = client.request(address, "GET", "/status")
    try:
        status = json.loads(reply.body)
        status["uptime"]
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"what answers at {address} is not an injector (status {reply.status})"
        ) from None
    if args.json or not sys.stdout.isatty():
        print(json.dumps(status, indent=2))
    else:
        print(table(status, now=time.time()))
    return 0


def table(status: dict[str, Any], *, now: float) -> str:
    """Return the status as people read it."""
    ready = "ready" if status["ready"] else f"not ready: {'; '.join(status['not_ready'])}"
    token = status["token"]
    sections = [
        f"injector {status['version']}, up {span(status['uptime'])}, {ready}",
        f"token: {_state(token)}{_until(token.get('expires_at'), now)}",
    ]
    if status["vault"]["state"] != "ok":
        sections.append(f"vault: {_state(status['vault'])}")
    sections += _section(
        ("SECRET", "KIND", "GENERATION", "AGE", "EXPIRES IN", "STATE"),
        [
            (
                secret["name"],
                secret.get("kind", "-"),
                _text(secret.get("generation")),
                span(now - secret["published_at"]) if "published_at" in secret else "-",
                span(secret["expires_at"] - now) if secret.get("expires_at") else "-",
                _state(secret),
            )
            for secret in status["secrets"]
        ],
    )
    sections += _section(
        ("FILE", "STATE"), [(file["destination"], _state(file)) for file in status["files"]]
    )
    sections += _section(
        ("BUNDLE", "STATE"), [(bundle["name"], _state(bundle)) for bundle in status["bundles"]]
    )
    sections += _section(
        ("NOTIFY", "STATE"), [(target["name"], _state(target)) for target in status["notify"]]
    )
    return "\n".join(sections)


def _section(header: Row, rows: list[Row]) -> list[str]:
    if not rows:
        return []
    return ["", *columns([header, *rows])]


def _state(entry: dict[str, Any]) -> str:
    return f"{entry['state']}: {entry['error']}" if entry.get("error") else str(entry["state"])


def _until(expires_at: float | None, now: float) -> str:
    return f", expires in {span(expires_at - now)}" if expires_at else ""


def _text(value: object) -> str:
    return "-" if value is None else str(value)
