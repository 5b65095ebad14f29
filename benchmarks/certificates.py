"""A hundred rotations of certificate, key and chain, read in a tight loop: what do readers see?

`python -m benchmarks.certificates [--rotations N]`: a scenario of its own. Both daemons keep a
certificate of 5 s from the same role, about six minutes for 100 rotations; readers of their own
look at what is on disk, each in its way (benchmarks/reader.py).
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.errors import CouldNotRunError
from benchmarks.processes import running
from benchmarks.reader import NAMES
from benchmarks.report import table
from injector.base.errors import TransientError
from injector.dev.bao import dev_server, executable

TTL = 5
PATH = "pki/issue/web"
FIELDS = dict(zip(NAMES, ("certificate", "private_key", "issuing_ca"), strict=True))
COUNTS = ("certificates", "reads", "mismatched", "torn", "expired", "missing")


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader process: whose files it reads, and how it finds them."""

    side: str
    way: str
    process: "subprocess.Popen[str]"

    def counts(self) -> dict[str, int]:
        answer, _ = self.process.communicate("stop", timeout=30)
        found: dict[str, int] = json.loads(answer)
        return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.certificates", description=__doc__)
    parser.add_argument("--rotations", type=int, default=100)
    rotations = parser.parse_args().rotations
    try:
        with (
            dev_server() as server,
            tempfile.TemporaryDirectory(prefix="injector-bench-", dir="/dev/shm") as folder,
        ):
            scratch = Path(folder)
            _prepare(server.admin, scratch)
            print(_measure(scratch, server.address, rotations))
    except (CouldNotRunError, TransientError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return 1
    return 0


def _measure(scratch: Path, address: str, rotations: int) -> str:
    sides = {"ours": _ours(scratch, address), "bao agent": _peer(scratch, address)}
    with contextlib.ExitStack() as stack:
        for side, argv in sides.items():
            files = [scratch / side / name for name in NAMES]
            stack.enter_context(running(argv, scratch / f"{side}.log", files))
        ways = [("ours", "opened"), ("ours", "paths"), ("bao agent", "paths")]
        readers = [stack.enter_context(_reading(scratch, *way)) for way in ways]
        seen = {side: set[str]() for side in sides}
        while min(map(len, seen.values())) <= rotations:
            for side, certificates in seen.items():
                certificates.add((scratch / side / "cert.pem").read_text())
            time.sleep(0.1)
        lines = []
        for reader in readers:
            counts = reader.counts()
            lines.append([f"{reader.side}, {reader.way}", *(str(counts[key]) for key in COUNTS)])
    return table(("reader", *COUNTS), lines)


@contextlib.contextmanager
def _reading(scratch: Path, side: str, way: str) -> Iterator[Reader]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reader", str(scratch / side), way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.nice(10),  # on a small machine, three of them would starve the rest
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield Reader(side, way, process)
        finally:
            process.kill()


def _prepare(admin: Any, scratch: Path) -> None:
    admin.sys.enable_secrets_engine("pki")
    admin.sys.tune_mount_configuration("pki", max_lease_ttl="8760h")
    admin.adapter.post("/v1/pki/root/generate/internal", json={"common_name": "root", **EC})
    admin.adapter.post("/v1/pki/roles/web", json={"allow_any_name": True, **EC})
    admin.sys.create_or_update_policy("web", f'path "{PATH}" {{ capabilities = ["update"] }}')
    admin.sys.enable_auth_method("approle")
    admin.auth.approle.create_or_update_approle("web", token_policies=["web"], token_ttl="1h")
    role_id = admin.auth.approle.read_role_id("web")["data"]["role_id"]
    secret_id = admin.auth.approle.generate_secret_id("web")["data"]["secret_id"]
    (scratch / "role_id").write_text(role_id)
    (scratch / "secret_id").write_text(secret_id)


EC = {"key_type": "ec", "key_bits": 256}  # RSA keys would take the server most of its time


def _ours(scratch: Path, address: str) -> list[str]:
    login = {
        "role_id_file_path": str(scratch / "role_id"),
        "secret_id_file_path": str(scratch / "secret_id"),
        "remove_secret_id_file_after_reading": False,
    }
    params = {"common_name": "web", "ttl": f"{TTL}s"}
    members = [
        {"destination": name, "contents": f"{{{{ tls.{field} }}}}\n"}
        for name, field in FIELDS.items()
    ]
    config = {
        "vault": {"address": address},
        "auto_auth": {"method": {"type": "approle", "config": login}},
        "secrets": {"tls": {"path": PATH, "params": params}},
        "bundle": [{"name": "tls", "directory": str(scratch / "ours"), "template": members}],
        "listener": [{"type": "unix", "address": str(scratch / "socket")}],
    }
    path = scratch / "injector.yaml"
    path.write_text(yaml.safe_dump(config))
    return [sys.executable, "-m", "injector", "run", "-c", str(path)]


def _peer(scratch: Path, address: str) -> list[str]:
    secret = f'with secret "{PATH}" "common_name=web" "ttl={TTL}s"'
    blocks = [
        f'vault {{ address = "{address}" }}',
        'auto_auth { method "approle" { config = {',
        f'  role_id_file_path = "{scratch}/role_id"',
        f'  secret_id_file_path = "{scratch}/secret_id"',
        "  remove_secret_id_file_after_reading = false",
        "} } }",
    ]
    for name, field in FIELDS.items():
        text = f"{{{{ {secret} }}}}{{{{ .Data.{field} }}}}{{{{ end }}}}\n"
        blocks += [
            "template {",
            f"  contents = {json.dumps(text)}",
            f'  destination = "{scratch}/bao agent/{name}"',
            "}",
        ]
    path = scratch / "agent.hcl"
    path.write_text("\n".join(blocks) + "\n")
    return [str(executable()), "agent", f"-config={path}"]


if __name__ == "__main__":
    sys.exit(main())
