"""What batch tokens of 10 s cost in 60 s of real time: logins, and nothing else.

`python -m benchmarks.batch_token`: a scenario of its own, not part of `make bench`. One file has a
certificate of a day, one a KV secret, and an application is to be told of both.
"""

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import running
from benchmarks.scenario import APP, login, main, ours
from injector.dev.bao import dev_server

SECONDS = 60
TOLD = '"notified"'


def measure(folder: Path) -> None:
    with dev_server() as server:
        _prepare(server.admin, folder)
        files = [folder / "certificate", folder / "password"]
        log = folder / "log"
        with running(_injector(server.address, folder), log, files):
            time.sleep(3)  # the first notification is over
            before = [file.stat() for file in files]
            told = log.read_text().count(TOLD)
            time.sleep(SECONDS)
            text = log.read_text()
            written = sum(file.stat() != stat for file, stat in zip(files, before, strict=True))
        issued = len(server.admin.secrets.pki.list_certificates()["data"]["keys"]) - 1
    print(f"logins            {text.count('logged in')}")
    print(f"certificates      {issued}")
    print(f"files written     {written} after the first time")
    print(f"notifications     {text.count(TOLD) - told} after the first {told}")
    print(f"errors in the log {text.count('failed')}")


def _prepare(admin: Any, folder: Path) -> None:
    admin.sys.enable_secrets_engine("pki")
    admin.sys.tune_mount_configuration("pki", max_lease_ttl="8760h")
    admin.secrets.pki.generate_root(type="internal", common_name="root")
    admin.secrets.pki.create_or_update_role(APP, {"allow_any_name": True})
    admin.secrets.kv.v2.create_or_update_secret(APP, secret={"password": "one"})
    rules = {"pki/issue/app": ["create", "update"], "secret/data/app": ["read"]}
    login(admin, folder, rules, token_type="batch", token_ttl="10s")


def _injector(address: str, folder: Path) -> list[str]:
    contents = {
        "certificate": '{{ secret("pki/issue/app", common_name="app", ttl="24h").certificate }}',
        "password": '{{ secret("secret/data/app").password }}',
    }
    return ours(
        address,
        folder,
        template_config={"static_secret_render_interval": "5s"},
        notify={"app": {"command": ["true"]}},
        template=[
            {"contents": text, "destination": str(folder / name), "notify": ["app"]}
            for name, text in contents.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main(measure))
