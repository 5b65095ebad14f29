"""How long the password of a static database role on disk is wrong, while it is rotated every 5 s.

`python -m benchmarks.static_role`: a scenario of its own, not part of `make bench`, because it
needs PostgreSQL too. Both daemons follow the same role; ten times a second what they have on disk
is tried on the database.
"""

import argparse
import contextlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_seconds, running
from benchmarks.scenario import login, main, ours, peer
from injector.dev.bao import dev_server
from injector.dev.postgres import Postgres, postgres

PERIOD = 5
TRY_EVERY = 0.1
USER = "app"
PATH = "database/static-creds/app"


@dataclass
class Tries:
    """What became of the log-ins with one daemon's file."""

    name: str
    file: Path
    failed: int = 0
    made: int = 0
    cpu: float = 0.0

    def __str__(self) -> str:
        share = self.failed / self.made
        return (
            f"{self.name:10} {self.failed:4} of {self.made} log-ins failed: {share:.1%}; "
            f"processor time {self.cpu:.2f} s"
        )


def measure(folder: Path) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.static_role", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--without-peer", action="store_true", help="run `injector` only")
    args = parser.parse_args()
    with dev_server() as server, postgres() as database:
        _prepare(server.admin, database, folder)
        text = f'{{{{ secret("{PATH}").password }}}}'
        entry = {"contents": text, "destination": str(folder / "injector.txt")}
        sides = [("injector", ours(server.address, folder, template=[entry]))]
        if not args.without_peer:
            text = f'{{{{ with secret "{PATH}" }}}}{{{{ .Data.password }}}}{{{{ end }}}}'
            job = {folder / "bao agent.txt": text}
            sides.append(("bao agent", peer(server.address, folder, job, interval="5m")))
        for tries in _measure(database, folder, sides, args.seconds):
            print(tries)


def _measure(
    database: Postgres, scratch: Path, sides: list[tuple[str, list[str]]], seconds: float
) -> list[Tries]:
    found = [Tries(name, scratch / f"{name}.txt") for name, _ in sides]
    with contextlib.ExitStack() as stack:
        pids = [
            stack.enter_context(running(argv, scratch / f"{name}.log", [tries.file]))
            for tries, (name, argv) in zip(found, sides, strict=True)
        ]
        ends_at = time.monotonic() + seconds
        while (now := time.monotonic()) < ends_at:
            for tries in found:
                tries.made += 1
                tries.failed += not database.accepts(USER, tries.file.read_text().strip())
            time.sleep(max(now + TRY_EVERY - time.monotonic(), 0))
        for tries, pid in zip(found, pids, strict=True):
            tries.cpu = cpu_seconds(pid)
    return found


def _prepare(admin: Any, database: Postgres, folder: Path) -> None:
    database.mount(admin)
    database.execute(f"create role {USER} with login password 'to be rotated'")
    admin.secrets.database.create_static_role(
        USER, db_name="main", username=USER, rotation_statements=[], rotation_period=f"{PERIOD}s"
    )
    login(admin, folder, {PATH: ["read"]}, token_ttl="1h")


if __name__ == "__main__":
    sys.exit(main(measure))
