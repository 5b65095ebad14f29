"""One server with its secrets, the two sides, and the folders they work in."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import shipped
from benchmarks.sides import Job, Ours, Peer, Side
from injector.dev.bao import Bao, dev_server, executable

SECRETS = 1_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement works with. `quick` asks for fewer and shorter runs."""

    server: Bao
    ours: Side
    peer: Side
    instead: Side  # of the peer: `injector agent`, with the very same file
    python: Path  # of the environment that `ours` is installed in
    scratch: Path  # on tmpfs
    quick: bool

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.ours, self.peer

    def job(
        self,
        side: Side,
        secrets: int,
        *,
        once: bool = False,
        interval: int = 60,
        address: str | None = None,
    ) -> Job:
        """Return a job with fresh folders: nothing has been delivered yet."""
        folder = self.scratch / side.name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        output = folder / "output"
        output.mkdir(parents=True)
        address = address or self.server.address
        return Job(address, self.scratch, secrets, folder, output, interval, once)

    def write(self, number: int, password: str) -> None:
        """Write one of the secrets."""
        self.server.admin.secrets.kv.v2.create_or_update_secret(
            f"bench/{number}", secret={"username": f"user-{number}", "password": password}
        )


@contextlib.contextmanager
def prepared(*, quick: bool) -> Iterator[Bench]:
    """Run a server that has everything; make the environment of `ours` if need be."""
    ours = shipped.environment() / "bin"
    with (
        dev_server() as server,
        tempfile.TemporaryDirectory(prefix="injector-bench-", dir="/dev/shm") as folder,
    ):
        scratch = Path(folder)
        _add_role(server, scratch)
        injector = ours / "injector"
        sides = Ours(injector), Peer(executable()), Peer(injector, "injector agent")
        bench = Bench(server, *sides, ours / "python", scratch, quick)
        for number in range(SECRETS):
            bench.write(number, f"first-password-{number}")
        yield bench


def _add_role(server: Bao, folder: Path) -> None:
    system, approle = server.admin.sys, server.admin.auth.approle
    system.enable_auth_method("approle")
    system.create_or_update_policy(
        "bench", 'path "secret/data/bench/*" { capabilities = ["read"] }'
    )
    approle.create_or_update_approle("bench", token_policies=["bench"], token_ttl="1h")
    role_id = approle.read_role_id("bench")["data"]["role_id"]
    secret_id = approle.generate_secret_id("bench")["data"]["secret_id"]
    (folder / "role_id").write_text(role_id)
    (folder / "secret_id").write_text(secret_id)
