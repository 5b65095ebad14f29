"""How long a change in Vault takes to the file, where an agent that goes by TTLs does not see it.

`python -m benchmarks.changes`, beside `bao agent`:

- a KV version 2 value is written right after an operator has revoked the daemon's token, interval
  1 s, five times;
- a KV version 1 value is written, interval 2 s, five times.
"""

import contextlib
import random
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import running
from benchmarks.scenario import APP, login, main, ours, peer
from injector.dev.bao import dev_server

TIMES = 5
# A token that is refused within 5 s of its login is given a moment: a replica may not know it yet.
NOT_NEW = 5.0
GIVE_UP = 20.0
SIDES = ("injector", "bao agent")


def measure(folder: Path) -> None:
    with dev_server() as server:
        admin = server.admin
        admin.sys.enable_secrets_engine("kv", path="kv1", options={"version": "1"})
        _put(admin, 2, "zero")
        _put(admin, 1, "zero")
        login(admin, folder, {"secret/data/app": ["read"], "kv1/app": ["read"]}, token_ttl="1h")
        found = {
            "token revoked, interval 1 s": _seen(server.address, folder, admin, 2, "1s"),
            "KV version 1, interval 2 s": _seen(server.address, folder, admin, 1, "2s"),
        }
    for what, waits in found.items():
        for side in SIDES:
            print(f"{what:28} {side:10} {', '.join(map(_shown, waits[side]))}")


def _seen(
    address: str, folder: Path, admin: Any, version: int, interval: str
) -> dict[str, list[float]]:
    files = {side: folder / f"{side} {version}" for side in SIDES}
    path = "secret/data/app" if version == 2 else "kv1/app"
    theirs = (
        f'{{{{ with secret "{path}" }}}}{{{{ .Data{".data" * (version == 2)}.v }}}}{{{{ end }}}}'
    )
    argvs = {
        "injector": ours(
            address,
            folder,
            template_config={"static_secret_render_interval": interval},
            template=[
                {
                    "contents": f'{{{{ secret("{path}").v }}}}',
                    "destination": str(files["injector"]),
                }
            ],
        ),
        "bao agent": peer(address, folder, {files["bao agent"]: theirs}, interval=interval),
    }
    waits: dict[str, list[float]] = {side: [] for side in SIDES}
    with contextlib.ExitStack() as stack:
        for side in SIDES:
            log = folder / f"{side}.log"
            stack.enter_context(running(argvs[side], log, [files[side]]))
        time.sleep(NOT_NEW)
        for number in range(TIMES):
            time.sleep(random.uniform(1, 3))  # at no particular phase of either
            if version == 2:
                _revoke_all(admin)
            _put(admin, version, f"value-{number}")
            _wait(files, f"value-{number}", waits)
    return waits


def _wait(files: dict[str, Path], value: str, waits: dict[str, list[float]]) -> None:
    started = time.monotonic()
    left = set(files)
    while left and time.monotonic() - started < GIVE_UP:
        for side in tuple(left):
            if files[side].read_text() == value:
                left.discard(side)
                waits[side].append(time.monotonic() - started)
        time.sleep(0.005)
    for side in left:
        waits[side].append(float("inf"))


def _put(admin: Any, version: int, value: str) -> None:
    if version == 2:
        admin.secrets.kv.v2.create_or_update_secret("app", secret={"v": value})
    else:
        admin.secrets.kv.v1.create_or_update_secret("app", secret={"v": value}, mount_point="kv1")


def _revoke_all(admin: Any) -> None:
    """Revoke every token of a login."""
    for accessor in admin.auth.token.list_accessors()["data"]["keys"]:
        if APP in admin.auth.token.lookup_accessor(accessor)["data"]["policies"]:
            admin.auth.token.revoke_accessor(accessor)


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < GIVE_UP else f"not within {GIVE_UP:g} s"


if __name__ == "__main__":
    sys.exit(main(measure))
