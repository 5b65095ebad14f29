"""What batch tokens of 10 s cost in 60 s of real time: logins, and nothing else.

`python -m benchmarks.batch_token`: a scenario of its own, not part of `make bench`. One file has a
certificate of a day, one a KV secret, and an application is to be told of both.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.errors import CouldNotRunError
from benchmarks.processes import running
from injector.dev.bao import dev_server
from injector.errors import TransientError

SECONDS = 60
TOKEN_TTL = "10s"
APP = "app"
NOTIFIED = '"notified"'
RULES = """
path "pki/issue/app" { capabilities = ["create", "update"] }
path "secret/data/app" { capabilities = ["read"] }
"""


def main() -> int:
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="injector-bench-"))
    try:
        with dev_server() as server:
            _prepare(server.admin, scratch)
            files = [scratch / "certificate", scratch / "password"]
            log = scratch / "log"
            argv = _injector(server.address, scratch)
            with running(argv, log, files):
                time.sleep(3)  # the first notification is over
                before = [file.stat() for file in files]
                told = log.read_text().count(NOTIFIED)
                time.sleep(SECONDS)
                text = log.read_text()
                written = sum(file.stat() != stat for file, stat in zip(files, before, strict=True))
            issued = len(server.admin.secrets.pki.list_certificates()["data"]["keys"]) - 1
    except (CouldNotRunError, TransientError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch)
    print(f"logins            {text.count('logged in')}")
    print(f"certificates      {issued}")
    print(f"files written     {written} after the first time")
    print(f"notifications     {text.count(NOTIFIED) - told} after the first time")
    print(f"errors in the log {text.count('failed')}")
    return 0


def _prepare(admin: Any, scratch: Path) -> None:
    admin.sys.enable_secrets_engine("pki")
    admin.sys.tune_mount_configuration("pki", max_lease_ttl="8760h")
    admin.secrets.pki.generate_root(type="internal", common_name="root")
    admin.secrets.pki.create_or_update_role(APP, {"allow_any_name": True})
    admin.secrets.kv.v2.create_or_update_secret(APP, secret={"password": "one"})
    admin.sys.create_or_update_policy(APP, RULES)
    admin.sys.enable_auth_method("approle")
    admin.auth.approle.create_or_update_approle(
        APP, token_policies=[APP], token_type="batch", token_ttl=TOKEN_TTL
    )
    role_id = admin.auth.approle.read_role_id(APP)["data"]["role_id"]
    secret_id = admin.auth.approle.generate_secret_id(APP)["data"]["secret_id"]
    (scratch / "role_id").write_text(role_id)
    (scratch / "secret_id").write_text(secret_id)


def _injector(address: str, scratch: Path) -> list[str]:
    login = {
        "role_id_file_path": str(scratch / "role_id"),
        "secret_id_file_path": str(scratch / "secret_id"),
        "remove_secret_id_file_after_reading": False,
    }
    contents = {
        "certificate": '{{ secret("pki/issue/app", common_name="app", ttl="24h").certificate }}',
        "password": '{{ secret("secret/data/app").password }}',
    }
    config = {
        "vault": {"address": address},
        "auto_auth": {"method": {"type": "approle", "config": login}},
        "template_config": {"static_secret_render_interval": "5s"},
        "notify": {"app": {"command": ["true"]}},
        "template": [
            {"contents": text, "destination": str(scratch / name), "notify": ["app"]}
            for name, text in contents.items()
        ],
    }
    path = scratch / "injector.yaml"
    path.write_text(yaml.safe_dump(config))
    return [sys.executable, "-m", "injector", "run", "-c", str(path)]


if __name__ == "__main__":
    sys.exit(main())
