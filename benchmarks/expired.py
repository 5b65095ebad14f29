"""What an outage costs that outlives token and lease, on a real server that is killed.

`python -m benchmarks.expired [--seconds 40]`: token and lease live for 20 s; the server is killed,
started again after so many seconds, and unsealed. Counted from the moment at which it answers.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.processes import running
from benchmarks.scenario import login, main, ours
from injector.dev.postgres import Postgres, postgres
from tests.support.processes import until
from tests.support.raft import Raft, raft

PATH = "database/creds/app"
LIFE = "20s"
WITHIN = 30.0


def measure(folder: Path) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expired", description=__doc__)
    parser.add_argument("--seconds", type=float, default=40)
    seconds = parser.parse_args().seconds
    file, log, socket = folder / "credential", folder / "injector.log", folder / "socket"
    with raft(folder) as node, postgres() as database:
        database.mount(node.admin)
        database.role(node.admin, "app", ttl=LIFE, max_ttl="1h")
        login(node.admin, folder, {PATH: ["read"]}, token_ttl=LIFE)
        argv = ours(
            node.address,
            folder,
            secrets={"db": {"path": PATH}},
            template=[
                {
                    "contents": "{{ db.username }} {{ db.password }}",
                    "destination": str(file),
                    "notify": ["app"],
                }
            ],
            notify={"app": {"command": ["true"]}},
        )
        with running(argv, log, [file]):
            until(lambda: '"notified"' in log.read_text(), "the application is notified")
            before = file.read_text()
            node.kill()
            time.sleep(seconds)
            print(
                f"during the outage  file untouched: {file.read_text() == before}; {_said(socket)}"
            )
            works = _recovery(node, database, file)
            time.sleep(5)  # nothing more follows
            events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
            print(f"after it           a credential that works {works}; {_said(socket)}")
    for event in ("logged in", "file written", "notified"):
        print(f"{event:18} {events.count(event)} times, the first one before the outage")


def _recovery(node: Raft, database: Postgres, file: Path) -> str:
    node.start()
    answers_at = time.monotonic()
    while (waited := time.monotonic() - answers_at) < WITHIN:
        if database.accepts(*file.read_text().split()):
            return f"after {waited:.1f} s"
        time.sleep(0.05)
    return f"not within {WITHIN:g} s"


def _said(socket: Path) -> str:
    """Return what the probe says: ready, or why not."""
    argv = [sys.executable, "-m", "injector", "probe", "ready", "--address", f"unix://{socket}"]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(measure))
