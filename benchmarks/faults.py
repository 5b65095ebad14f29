"""What one failing thing costs all others, beside `bao agent`.

`python -m benchmarks.faults [--seconds 60]`:

- a hook that always fails, and a database credential in another file: how many are issued;
- a path that is denied, and four that are not, interval 2 s: how often each is asked for.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.processes import running
from benchmarks.requests import Counter, counting
from benchmarks.scenario import login, main, ours, peer
from injector.dev.bao import Bao, dev_server
from injector.dev.postgres import postgres

CREDS = "database/creds/app"
GOOD, DENIED = ["one", "two", "three", "four"], "denied"
INTERVAL = "2s"
Command = Callable[[str, Path], list[str]]


@dataclass(frozen=True)
class Side:
    """A daemon, with its command for each of the two jobs."""

    name: str
    hook: Command
    denied: Command


def measure(folder: Path) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with dev_server() as server, postgres() as database:
        database.mount(server.admin)
        database.role(server.admin, "app", ttl="1h", max_ttl="24h")
        for name in (*GOOD, DENIED):
            server.admin.secrets.kv.v2.create_or_update_secret(name, secret={"v": name})
        rules = {f"secret/data/{name}": ["read"] for name in GOOD} | {CREDS: ["read"]}
        login(server.admin, folder, rules, token_ttl="1h")
        for side in SIDES:
            _one(server, folder, side, seconds)


def _one(server: Bao, folder: Path, side: Side, seconds: float) -> None:
    with _watched(server, folder, side.hook, [folder / "db"], seconds) as counter:
        credentials = len(counter.times(CREDS))
    runs = folder / "runs"
    print(
        f"{side.name:10} a hook that fails: {credentials} credentials issued for another file, "
        f"{len(runs.read_text().split())} runs of the hook in {seconds:g} s",
        flush=True,
    )
    files = [folder / name for name in GOOD]
    with _watched(server, folder, side.denied, files, seconds) as counter:
        asked = {name: counter.times(f"secret/data/{name}") for name in (*GOOD, DENIED)}
    gaps = [later - at for name in GOOD for at, later in pairwise(asked[name])]
    print(
        f"{side.name:10} a path that is denied: asked for {len(asked[DENIED])} times; the others "
        f"{', '.join(str(len(asked[name])) for name in GOOD)} times at an interval of {INTERVAL}, "
        f"never sooner than after {min(gaps, default=0):.2f} s",
        flush=True,
    )
    for file in (*files, folder / "db", folder / "hooked", runs):
        file.unlink()


@contextlib.contextmanager
def _watched(
    server: Bao, folder: Path, command: Command, files: list[Path], seconds: float
) -> Iterator[Counter]:
    """Run one daemon behind a counter for so long; yield the counter."""
    with counting(server.address) as counter:
        with running(command(counter.address, folder), folder / "log", files):
            time.sleep(seconds)
        yield counter


def _failing(folder: Path) -> list[str]:
    return ["sh", "-c", f"echo run >> {folder}/runs; exit 1"]


def _our_hook(address: str, folder: Path) -> list[str]:
    return ours(
        address,
        folder,
        template=[
            {"contents": f'{{{{ secret("{CREDS}").username }}}}', "destination": f"{folder}/db"},
            {
                "contents": '{{ secret("secret/data/one").v }}',
                "destination": f"{folder}/hooked",
                "exec": {"command": _failing(folder)},
            },
        ],
    )


def _their_hook(address: str, folder: Path) -> list[str]:
    hooked = folder / "hooked"
    templates = {
        folder / "db": f'{{{{ with secret "{CREDS}" }}}}{{{{ .Data.username }}}}{{{{ end }}}}',
        hooked: '{{ with secret "secret/data/one" }}{{ .Data.data.v }}{{ end }}',
    }
    return peer(address, folder, templates, interval="5m", hooks={hooked: _failing(folder)})


def _our_paths(address: str, folder: Path) -> list[str]:
    return ours(
        address,
        folder,
        template_config={"static_secret_render_interval": INTERVAL},
        template=[
            {
                "contents": f'{{{{ secret("secret/data/{name}").v }}}}',
                "destination": f"{folder}/{name}",
            }
            for name in (*GOOD, DENIED)
        ],
    )


def _their_paths(address: str, folder: Path) -> list[str]:
    templates = {
        folder
        / name: f'{{{{ with secret "secret/data/{name}" }}}}{{{{ .Data.data.v }}}}{{{{ end }}}}'
        for name in (*GOOD, DENIED)
    }
    return peer(address, folder, templates, interval=INTERVAL)


SIDES = [Side("injector", _our_hook, _our_paths), Side("bao agent", _their_hook, _their_paths)]


if __name__ == "__main__":
    sys.exit(main(measure))
