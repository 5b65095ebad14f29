"""Logs in to PostgreSQL five times a second with what is on disk, while tokens and leases end.

`python -m benchmarks.prober [--seconds 90]`: leases of 15 s (40 s at most) under tokens of 20 s
(60 s at most), so that everything falls due all the time. No log-in may fail. A lease cannot live
longer than 40 s, so that the least number of credentials is the time divided by that.
"""

import argparse
import json
import re
import sys
import time
from math import ceil
from pathlib import Path

from benchmarks.processes import running
from benchmarks.scenario import login, main, ours
from injector.dev.bao import dev_server
from injector.dev.postgres import postgres

PATH = "database/creds/app"
LEASE, LEASE_MAX, TOKEN, TOKEN_MAX = 15, 40, 20, 60
TRY_EVERY = 0.2
RULES = {PATH: ["read"], "sys/leases/revoke": ["update"]}


def measure(folder: Path) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prober", description=__doc__)
    parser.add_argument("--seconds", type=float, default=90)
    seconds = parser.parse_args().seconds
    file, log = folder / "db", folder / "log"
    with dev_server() as server, postgres() as database:
        database.mount(server.admin)
        database.role(server.admin, "app", ttl=f"{LEASE}s", max_ttl=f"{LEASE_MAX}s")
        login(server.admin, folder, RULES, token_ttl=f"{TOKEN}s", token_max_ttl=f"{TOKEN_MAX}s")
        entry = {"contents": "{{ db.username }} {{ db.password }}", "destination": str(file)}
        secrets = {"db": {"path": PATH, "overlap": "5s"}}
        argv = ours(server.address, folder, secrets=secrets, template=[entry], log_level="debug")
        made = failed = most_alive = 0
        with running(argv, log, [file]):
            ends_at = time.monotonic() + seconds
            while (now := time.monotonic()) < ends_at:
                made += 1
                failed += not database.accepts(*file.read_text().split())
                alive = database.execute("select count(*) from pg_roles where rolname like 'v-%'")
                most_alive = max(
                    most_alive, *map(int, re.findall(r"^\s*(\d+)\s*$", alive, re.MULTILINE))
                )
                time.sleep(max(now + TRY_EVERY - time.monotonic(), 0))
            events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    print(f"log-ins           {made}, failed {failed}")
    print(
        f"credentials       {events.count('secret fetched')} in {seconds:g} s; "
        f"the TTLs force {ceil(seconds / LEASE_MAX)} at least"
    )
    print(f"alive at once     {most_alive} at most")
    print(f"logins to Vault   {events.count('logged in')}")


if __name__ == "__main__":
    sys.exit(main(measure))
