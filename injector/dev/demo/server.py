"""The demo's OpenBao: what an operator sets up and changes, and what befalls it."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

from injector.dev.bao import Bao, asking
from injector.dev.cluster import UNUSED_AUTHORITY, Cluster

ROLE = "shop"
SERVICE_ACCOUNT = ("shop", "api")  # namespace and name
POLICY = """
path "secret/data/shop/database" { capabilities = ["read"] }
path "kv/shop/api" { capabilities = ["read"] }
"""
TOKEN_TTL = 5  # seconds: short, so that the demo can watch its renewal


class Server:
    """What the demo does to its server. Values go in, and never into the output."""

    def __init__(self, bao: Bao) -> None:
        self._bao = bao
        self.address = bao.address
        self.version: str = bao.admin.sys.read_health_status(method="GET")["version"]

    def set_up(self, cluster: Cluster) -> None:
        """Enable KV v1 (v2 is there), AppRole and Kubernetes login, for one role."""
        admin = self._bao.admin
        with asking("set up the server"):
            admin.sys.enable_secrets_engine("kv", path="kv", options={"version": "1"})
            admin.sys.create_or_update_policy(ROLE, POLICY)
            admin.sys.enable_auth_method("approle")
            admin.auth.approle.create_or_update_approle(
                ROLE, token_policies=[ROLE], token_ttl=f"{TOKEN_TTL}s"
            )
            admin.sys.enable_auth_method("kubernetes")
            admin.auth.kubernetes.configure(
                kubernetes_host=cluster.address,
                token_reviewer_jwt=cluster.reviewer_token,
                disable_local_ca_jwt=True,
                kubernetes_ca_cert=UNUSED_AUTHORITY,
            )
            namespace, name = SERVICE_ACCOUNT
            admin.auth.kubernetes.create_role(
                ROLE,
                bound_service_account_names=[name],
                bound_service_account_namespaces=[namespace],
                policies=[ROLE],
                ttl="60s",
            )

    def role_id(self) -> str:
        with asking("read the role id"):
            answer: str = self._bao.admin.auth.approle.read_role_id(ROLE)["data"]["role_id"]
        return answer

    def secret_id(self) -> str:
        with asking("make a secret id"):
            answer = self._bao.admin.auth.approle.generate_secret_id(ROLE)
            secret_id: str = answer["data"]["secret_id"]
        return secret_id

    async def write_password(self, value: str) -> None:
        """Change the database password, which is in KV v2."""
        write = self._bao.admin.secrets.kv.v2.create_or_update_secret
        with asking("write the database password"):
            await asyncio.to_thread(write, "shop/database", secret={"password": value})

    async def write_key(self, value: str) -> None:
        """Change the API key, which is in KV v1."""
        write = self._bao.admin.secrets.kv.v1.create_or_update_secret
        with asking("write the API key"):
            await asyncio.to_thread(write, "shop/api", secret={"key": value}, mount_point="kv")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the process: its port accepts connections, but nothing answers."""
        self._bao.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._bao.process.send_signal(signal.SIGCONT)
