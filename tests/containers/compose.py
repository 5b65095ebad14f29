"""docker-compose.yml as docker-compose itself runs it, against podman's API.

Three things are not as with Docker Engine: there is no registry here, so images that are not ours
are played by the base image (OpenBao by the binary of the tests); podman calls itself an engine of
before `start_interval`; and without systemd nobody runs its health checks, so a thread does.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from injector.dev.bao import executable
from tests.containers.podman import BASE, IMAGE, KEPT, ROOT, Podman, until

OPENBAO = """\
FROM {base}
COPY bao entrypoint /usr/bin/
ENTRYPOINT ["/usr/bin/entrypoint"]
"""
# What the image's own does with `server -dev`.
ENTRYPOINT = """\
#!/bin/sh
exec bao "$@" -dev-listen-address=0.0.0.0:8200 -dev-root-token-id="$BAO_DEV_ROOT_TOKEN_ID"
"""
CHECKED = "healthcheck: {start_interval: !reset null, interval: 1s}"
OVERRIDE = f"services: {{seed: {{{CHECKED}}}, injector: {{{CHECKED}}}}}\n"


@dataclass
class Compose:
    """The project of docker-compose.yml."""

    run: Podman
    folder: Path
    project: str = "vault-injector-test"
    by_http: bool = False  # the variant without a shared PID namespace
    settings: dict[str, Any] = field(
        default_factory=lambda: yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    )

    def __call__(self, *arguments: str, check: bool = True, limit: float = 180) -> str:
        variant = ("config/compose/by-http.yml",) if self.by_http else ()
        paths = (
            *(ROOT / name for name in ("docker-compose.yml", *variant)),
            self.folder / "override.yml",
        )
        files = [word for path in paths for word in ("-f", str(path))]
        ran = subprocess.run(
            ["docker-compose", "-p", self.project, *files, *arguments],
            env=self.run.environ | {"DOCKER_HOST": f"unix://{self.socket}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        assert ran.returncode == 0 or not check, ran.stdout
        return ran.stdout

    @property
    def socket(self) -> Path:
        return self.folder / "podman.sock"

    def name(self, service: str) -> str:
        return f"{self.project}-{service}-1"

    def log(self, service: str) -> str:
        return self.run("logs", self.name(service))

    def state(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(
            self.run("inspect", "--format={{json .State}}", self.name(service))
        )
        return found

    def execute(self, service: str, *command: str) -> str:
        return self.run("exec", self.name(service), *command)


def images(run: Podman, project: str) -> None:
    """Give the names of the file to what is here."""
    run("tag", IMAGE, f"docker.io/library/{project}-injector:latest")
    for name in ("library/python:3.13-slim", "library/busybox:1.37"):
        run("tag", BASE, f"docker.io/{name}")
    if run.ok("image", "exists", "docker.io/openbao/openbao:2.7.2"):
        return
    folder = KEPT / "openbao"
    folder.mkdir(exist_ok=True)
    shutil.copy(executable(), folder / "bao")
    (folder / "entrypoint").write_text(ENTRYPOINT)
    (folder / "entrypoint").chmod(0o755)
    (folder / "Dockerfile").write_text(OPENBAO.format(base=BASE))
    run("build", "-t", "docker.io/openbao/openbao:2.7.2", str(folder))
    shutil.rmtree(folder)


@contextmanager
def project(run: Podman, folder: Path) -> Iterator[Compose]:
    """Offer the project; everything of it is gone afterwards."""
    compose = Compose(run, folder)
    images(run, compose.project)
    (folder / "override.yml").write_text(OVERRIDE)
    service = subprocess.Popen(
        ["podman", "system", "service", "--time=0", f"unix://{compose.socket}"],
        env=os.environ | run.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    over = threading.Event()
    checks = threading.Thread(target=_check_health, args=(compose, over))
    try:
        until(compose.socket.exists, lambda: "podman's API does not answer")
        compose("down", "--volumes", "--timeout=2")
        checks.start()
        yield compose
    finally:
        over.set()
        with suppress(RuntimeError):  # not started
            checks.join()
        compose("down", "--volumes", "--timeout=2", check=False)
        service.terminate()
        service.wait()


def _check_health(compose: Compose, over: threading.Event) -> None:
    """Do what systemd's timers do for podman."""
    checked = [
        name for name, entry in compose.settings["services"].items() if "healthcheck" in entry
    ]
    while not over.wait(1.0):
        for service in checked:
            compose.run.ok("healthcheck", "run", compose.name(service))
