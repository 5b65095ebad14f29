"""How long the password of a static database role on disk is wrong, while it is rotated every 5 s.

`python -m benchmarks.static_role`: a scenario of its own, not part of `make bench`, because it
needs PostgreSQL too. Both daemons follow the same role; ten times a second what they have on disk
is tried on the database.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.errors import CouldNotRunError
from benchmarks.processes import cpu_seconds, running
from injector.dev.bao import dev_server, executable
from injector.dev.postgres import Postgres, postgres
from injector.errors import TransientError

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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.static_role", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--without-peer", action="store_true", help="run `injector` only")
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="injector-bench-"))
    try:
        with dev_server() as server, postgres() as database:
            address = server.address
            _prepare(server.admin, database, scratch)
            sides = [("injector", _ours(address, scratch))]
            if not args.without_peer:
                sides.append(("bao agent", _peer(address, scratch)))
            for tries in _measure(database, scratch, sides, args.seconds):
                print(tries)
    except (CouldNotRunError, TransientError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch)
    return 0


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


def _prepare(admin: Any, database: Postgres, scratch: Path) -> None:
    database.mount(admin)
    database.execute(f"create role {USER} with login password 'to be rotated'")
    admin.secrets.database.create_static_role(
        USER, db_name="main", username=USER, rotation_statements=[], rotation_period=f"{PERIOD}s"
    )
    admin.sys.create_or_update_policy(USER, f'path "{PATH}" {{ capabilities = ["read"] }}')
    admin.sys.enable_auth_method("approle")
    admin.auth.approle.create_or_update_approle(USER, token_policies=[USER], token_ttl="1h")
    role_id = admin.auth.approle.read_role_id(USER)["data"]["role_id"]
    secret_id = admin.auth.approle.generate_secret_id(USER)["data"]["secret_id"]
    (scratch / "role_id").write_text(role_id)
    (scratch / "secret_id").write_text(secret_id)


def _ours(address: str, scratch: Path) -> list[str]:
    login = {
        "role_id_file_path": str(scratch / "role_id"),
        "secret_id_file_path": str(scratch / "secret_id"),
        "remove_secret_id_file_after_reading": False,
    }
    config = {
        "vault": {"address": address},
        "auto_auth": {"method": {"type": "approle", "config": login}},
        "secrets": {"db": {"path": PATH}},
        "template": [
            {"contents": "{{ db.password }}", "destination": str(scratch / "injector.txt")}
        ],
    }
    path = scratch / "injector.yaml"
    path.write_text(yaml.safe_dump(config))
    return [sys.executable, "-m", "injector", "run", "-c", str(path)]


def _peer(address: str, scratch: Path) -> list[str]:
    path = scratch / "agent.hcl"
    text = f'{{{{ with secret "{PATH}" }}}}{{{{ .Data.password }}}}{{{{ end }}}}'
    path.write_text(
        f"""vault {{ address = "{address}" }}
auto_auth {{ method "approle" {{ config = {{
  role_id_file_path = "{scratch}/role_id"
  secret_id_file_path = "{scratch}/secret_id"
  remove_secret_id_file_after_reading = false
}} }} }}
template {{
  contents = {json.dumps(text)}
  destination = "{scratch}/bao agent.txt"
}}
"""
    )
    return [str(executable()), "agent", f"-config={path}"]


if __name__ == "__main__":
    sys.exit(main())
