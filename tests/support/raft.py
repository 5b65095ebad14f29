"""A real OpenBao that keeps its data: it can be killed, started again and unsealed."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac

from injector.dev.bao import executable, free_port

LIMIT = 25.0


@dataclass
class Raft:
    """One node. Times out loudly wherever the server does not do what it should."""

    folder: Path
    port: int = field(default_factory=free_port)
    cluster_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    key: str = field(default="", repr=False)
    admin: Any = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and, if it has been initialized, unseal; return when it serves requests."""
        (self.folder / "data").mkdir(exist_ok=True)
        config = self.folder / "bao.hcl"
        config.write_text(
            # The multiplier makes it elect itself in 2 s instead of 6.
            f'storage "raft" {{ path = "{self.folder}/data" node_id = "one" '
            "performance_multiplier = 1 }\n"
            f'listener "tcp" {{ address = "127.0.0.1:{self.port}" tls_disable = true }}\n'
            f'api_addr = "{self.address}"\n'
            f'cluster_addr = "http://127.0.0.1:{self.cluster_port}"\n'
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [executable(), "server", f"-config={config}"],
                env={**os.environ, "HOME": str(self.folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        client = hvac.Client(self.address, token="")
        self._until(lambda: client.sys.read_health_status(method="GET") is not None)
        if not self.key:
            made = client.sys.initialize(secret_shares=1, secret_threshold=1)
            self.key = made["keys"][0]
            self.admin = hvac.Client(self.address, token=made["root_token"])
        client.sys.submit_unseal_key(self.key)
        # hvac returns the JSON of a 200, and the bare response of anything else.
        self._until(lambda: isinstance(client.sys.read_health_status(method="GET"), dict))
        client.adapter.close()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _until(self, condition: Any) -> None:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                if condition():
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-3000:])


@contextlib.contextmanager
def raft(folder: Path) -> Iterator[Raft]:
    """Run a fresh node until the block ends."""
    node = Raft(folder)
    try:
        node.start()
        yield node
    finally:
        if node.admin is not None:
            node.admin.adapter.close()
        if node.process is not None and node.process.poll() is None:
            node.kill()
