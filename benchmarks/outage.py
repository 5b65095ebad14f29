"""How long after an outage a new value is on disk, beside `bao agent`, in real time.

`python -m benchmarks.outage [--gateway] [SECONDS …]` (5, 60 and 150): a server that keeps its data
is killed, and after so many seconds started again and unsealed. Then a new value is written.
Counted from the moment at which the server answers. Both daemons follow five secrets at an interval
of 1 s; with `--gateway` through a load balancer that stays up and says 502 meanwhile.
"""

import argparse
import contextlib
import http.client
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gateway import gateway
from benchmarks.processes import running
from benchmarks.scenario import login, main, ours, peer
from tests.support.raft import Raft, raft

SECRETS = 5
INTERVAL = "1s"
GIVE_UP = 120.0
SIDES = ("injector", "bao agent")


def measure(folder: Path) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description=__doc__)
    parser.add_argument("--gateway", action="store_true")
    parser.add_argument("seconds", nargs="*", type=float, default=[5.0, 60.0, 150.0])
    asked = parser.parse_args()
    with raft(folder) as node:
        node.admin.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
        node._until(lambda: _put(node.admin, "zero"))  # noqa: SLF001 - a new mount upgrades itself
        login(node.admin, folder, {"secret/*": ["read"]}, token_ttl="1h")
        files = {side: [folder / f"{side} {n}" for n in range(SECRETS)] for side in SIDES}
        with contextlib.ExitStack() as stack:
            address = node.address
            if asked.gateway:
                address = stack.enter_context(gateway(address)).address
            for side, argv in _commands(address, folder, files).items():
                stack.enter_context(running(argv, folder / f"{side}.log", files[side]))
            for seconds in asked.seconds:
                _one(node, folder, files, seconds)


def _one(node: Raft, folder: Path, files: dict[str, list[Path]], seconds: float) -> None:
    time.sleep(3)  # everybody is well
    before = _requests(folder / "socket")
    node.kill()
    time.sleep(seconds)
    asked = {name: count - before[name] for name, count in _requests(folder / "socket").items()}
    node.start()
    answers_at = time.monotonic()
    value = f"after {seconds:g}"
    node._until(lambda: _put(node.admin, value))  # noqa: SLF001
    waits: dict[str, float] = {}
    while len(waits) < len(SIDES) and time.monotonic() - answers_at < GIVE_UP:
        for side in SIDES:
            if side not in waits and all(file.read_text() == value for file in files[side]):
                waits[side] = time.monotonic() - answers_at
        time.sleep(0.01)
    for side in SIDES:
        wait = f"{waits[side]:.1f} s" if side in waits else f"not within {GIVE_UP:g} s"
        print(f"outage of {seconds:g} s: {side:10} fresh after {wait}", flush=True)
    print(f"  injector sent {asked['other']} requests and {asked['health']} probes", flush=True)


def _commands(address: str, folder: Path, files: dict[str, list[Path]]) -> dict[str, list[str]]:
    theirs = '{{ with secret "secret/data/app/%d" }}{{ .Data.data.v }}{{ end }}'
    return {
        "injector": ours(
            address,
            folder,
            template_config={"static_secret_render_interval": INTERVAL},
            template=[
                {
                    "contents": f'{{{{ secret("secret/data/app/{n}").v }}}}',
                    "destination": str(file),
                }
                for n, file in enumerate(files["injector"])
            ],
        ),
        "bao agent": peer(
            address,
            folder,
            {file: theirs % n for n, file in enumerate(files["bao agent"])},
            interval=INTERVAL,
        ),
    }


def _put(admin: Any, value: str) -> bool:
    for number in range(SECRETS):
        admin.secrets.kv.v2.create_or_update_secret(f"app/{number}", secret={"v": value})
    return True


def _requests(path: Path) -> dict[str, int]:
    """Return how many requests ours has sent so far, probes apart."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = {"health": 0, "other": 0}
    for operation, count in re.findall(
        r'injector_vault_requests_total\{.*?operation="(\w+)".*?\} ([\d.]+)', text
    ):
        found["health" if operation == "health" else "other"] += int(float(count))
    return found


if __name__ == "__main__":
    sys.exit(main(measure))
