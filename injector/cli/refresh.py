"""`injector refresh`: refreshes secrets now, and waits until they are delivered."""

import argparse
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from injector.base.errors import InjectorError, TransientError
from injector.base.printable import printable
from injector.cli import client
from injector.cli.parser import duration, exits
from injector.cli.probe import NOBODY, add_target
from injector.cli.table import columns

NOTE = """\
With names, each one is re-read (KV, static roles) or reissued (leases, certificates). Without, all
secrets that can be re-read without issuing anything are. It exits once the result is delivered."""
EXAMPLES = (
    "injector refresh",
    "injector refresh db --timeout 60s",
    "injector refresh -c injector.yaml --json | jq -r '.secrets[] | select(.result == \"failed\")'",
)
EXITS = {
    "0": "everything requested has been delivered",
    **exits(),
    "9": f"not done in time, or {NOBODY}",
}
DONE, NOT_DONE_YET, FAILED = 200, 202, 502


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="secrets to re-read or reissue; by default, re-read all that are not issued",
    )
    add_target(parser)
    parser.add_argument(
        "--timeout",
        type=duration,
        default=30.0,
        metavar="DURATION",
        help="how long to wait for delivery (30s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    address = client.find(args.address, args.config)
    answer = refreshed(address, args.names, timeout=args.timeout)
    if args.json:
        print(json.dumps(answer, indent=2))
    else:
        print(printable(table(answer["secrets"]), lines=True))
    kind = failure(answer["secrets"])
    return 0 if kind is None else kind.exit_code


def refreshed(address: client.Address, names: Sequence[str], *, timeout: float) -> dict[str, Any]:
    """Request a refresh from the injector at this address; return its response."""
    query = urlencode([("timeout", f"{timeout:g}"), *(("secret", name) for name in names)])
    reply = client.request(address, "POST", f"/refresh?{query}", timeout=timeout)
    return client.answer(reply, address, expected={DONE, NOT_DONE_YET, FAILED})


def table(secrets: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    if not secrets:
        return (
            "nothing to refresh: every secret in use is issued, not read; name one to have it "
            "reissued"
        )
    return "\n".join(
        columns([(each["secret"], each["result"], _details(each)) for each in secrets])
    )


def failure(secrets: list[dict[str, Any]]) -> type[InjectorError] | None:
    """Return the kind of error that kept something undone; of several, the smallest exit code."""
    kinds = {kind.label: kind for kind in InjectorError.__subclasses__()}
    found = [
        kinds.get(each["error_class"] or TransientError.label, InjectorError)
        for each in secrets
        if each["result"] in {"failed", "pending"}
    ]
    return min(found, key=lambda kind: kind.exit_code, default=None)


def _details(secret: dict[str, Any]) -> str:
    parts = [f"generation {secret['generation']}"] if secret["generation"] else []
    if secret["version"]:
        parts.append(f"version {secret['version']}")
    if secret["result"] == "changed":
        told = [target for target in secret["notify"] if target not in secret["absent"]]
        parts += [f"written: {', '.join(secret['files'])}"] if secret["files"] else []
        parts += [f"notified: {', '.join(told)}"] if told else []
        parts += [f"not running: {', '.join(secret['absent'])}"] if secret["absent"] else []
    if secret["reason"]:
        parts.append(secret["reason"])
    return "; ".join(parts)
