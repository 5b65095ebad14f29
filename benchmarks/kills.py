"""Kills the daemon at random moments, again and again; what it leaves has to be whole.

`python -m benchmarks.kills [N]`: N kills (200). A hook counts what the application was told.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from injector.dev.bao import Bao, dev_server
from injector.dev.postgres import Postgres, postgres

CREDS = "database/creds/app"


def main(kills: int) -> int:
    with (
        dev_server() as bao,
        postgres() as database,
        tempfile.TemporaryDirectory(dir="/dev/shm") as folder,
    ):
        scenario = Scenario(bao, database, Path(folder))
        for number in range(kills):
            scenario.rotate_and_kill(number)
        scenario.settle()
        print(json.dumps(scenario.figures(kills), indent=2))
        return 0 if not scenario.torn else 1


class Scenario:
    """Two files: a value that changes all the time, and a database credential that does not.

    A hook writes down which value it was told of; there is a hand-over file.
    """

    def __init__(self, bao: Bao, database: Postgres, folder: Path) -> None:
        self._bao = bao
        self._file = folder / "value"
        self._credential = folder / "credential"
        self._credentials: set[tuple[int, int]] = set()  # files of it that were seen
        self._told = folder / "told"
        self._config = folder / "config.yaml"
        self.torn: list[str] = []
        self.leftovers = 0
        self._logs: list[str] = []
        self._value = ""
        admin = bao.admin
        admin.sys.enable_auth_method("approle")
        database.mount(admin)
        database.role(admin, "app", ttl="1h", max_ttl="24h")
        admin.sys.create_or_update_policy(
            "app",
            'path "secret/*" { capabilities = ["read"] }\n'
            f'path "{CREDS}" {{ capabilities = ["read"] }}',
        )
        admin.auth.approle.create_or_update_approle("app", token_policies=["app"], token_ttl="1h")
        (folder / "role_id").write_text(admin.auth.approle.read_role_id("app")["data"]["role_id"])
        secret_id = admin.auth.approle.generate_secret_id("app")["data"]["secret_id"]
        (folder / "secret_id").write_text(secret_id)
        self._put("0" * 5000)
        settings = {
            "vault": {"address": bao.address},
            "auto_auth": {
                "method": {
                    "type": "approle",
                    "config": {
                        "role_id_file_path": "role_id",
                        "secret_id_file_path": "secret_id",
                        "remove_secret_id_file_after_reading": False,
                    },
                }
            },
            "template_config": {"static_secret_render_interval": "100ms"},
            "secrets": {"app": {"path": "secret/data/app"}, "db": {"path": CREDS}},
            "template": [
                {
                    "contents": "{{ app.value }}",
                    "destination": str(self._file),
                    "notify": ["hook"],
                },
                {"contents": "{{ db.username }}", "destination": str(self._credential)},
            ],
            "notify": {
                "hook": {
                    "command": [
                        "sh",
                        "-c",
                        f"head -c 8 {self._file} >> {self._told}; echo >> {self._told}",
                    ],
                    "wait": {"min": "10ms", "max": "50ms"},
                }
            },
            "listener": [{"type": "unix", "address": str(folder / "socket")}],
            "cache": {"persist": {"path": str(folder / "handover" / "state")}},
        }
        self._config.write_text(json.dumps(settings))  # JSON is YAML

    def rotate_and_kill(self, number: int) -> None:
        process = self._start()
        self._put(f"{number:08d}" * 5000)
        time.sleep(0.25 + random.random() * 0.35)
        process.send_signal(signal.SIGKILL)
        self._logs.append(process.communicate()[1])
        if self._file.exists():
            text = self._file.read_text()
            if text != text[:8] * (len(text) // 8) or len(text) not in (5000, 40000):
                self.torn.append(text[:16])
        if self._credential.exists():
            found = self._credential.stat()
            self._credentials.add((found.st_ino, found.st_mtime_ns))
        self.leftovers += len(
            [p for p in self._file.parent.iterdir() if ".vault-injector." in p.name]
        )

    def settle(self) -> None:
        """Let the last value arrive, and everything that is still to be told be told."""
        process = self._start()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._told_values()[-1:] != [self._value[:8]]:
            time.sleep(0.05)
        process.terminate()
        self._logs.append(process.communicate()[1])

    def figures(self, kills: int) -> dict[str, object]:
        told = self._told_values()
        return {
            "kills": kills,
            "torn files": len(self.torn),
            "temporary files left after the last run": len(
                [p for p in self._file.parent.iterdir() if ".vault-injector." in p.name]
            ),
            "the last value is on disk and was told": told[-1:] == [self._value[:8]],
            "values told": len(set(told)),
            "values told more than once (killed between telling and recording)": len(told)
            - len(set(told)),
            "credentials issued": len(self._bao.admin.sys.list_leases(CREDS)["data"]["keys"]),
            "files that had one, by inode": len(self._credentials),
            "logins": sum(log.count('"logged in"') for log in self._logs),
        }

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "injector", "run", "-c", str(self._config)],
            stderr=subprocess.PIPE,
            text=True,
        )

    def _put(self, value: str) -> None:
        self._value = value
        self._bao.admin.secrets.kv.v2.create_or_update_secret("app", secret={"value": value})

    def _told_values(self) -> list[str]:
        return self._told.read_text().split() if self._told.exists() else []


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
