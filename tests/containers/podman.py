"""Real containers without a container engine's daemon: podman, and a base image of our own."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from injector.dev.bao import executable

ROOT = Path(__file__).parent.parent.parent
# The base image takes minutes to make, so it is kept between runs.
KEPT = Path.home() / ".cache" / "vault-injector-containers"
BASE = "localhost/vault-injector-base:13"
IMAGE = "localhost/vault-injector:test"
TOOLS = ("podman", "runc", "catatonit", "debootstrap", "netavark")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Podman:
    """The command line of podman, with storage of our own."""

    environ: dict[str, str]

    def __call__(self, *arguments: str, check: bool = True, limit: float = 120) -> str:
        ran = subprocess.run(
            ["podman", *arguments],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        assert ran.returncode == 0 or not check, ran.stdout
        return ran.stdout

    def ok(self, *arguments: str) -> bool:
        ran = subprocess.run(
            ["podman", *arguments], env=self.environ, capture_output=True, timeout=60, check=False
        )
        return ran.returncode == 0


def missing() -> str:
    """Say why there can be no containers here; empty if there can."""
    if not os.environ.get("INJECTOR_TEST_CONTAINERS"):
        return "takes minutes: run make test-containers"
    if os.geteuid() != 0:
        return "needs root"
    places = f"{os.environ['PATH']}:/usr/lib/podman:/usr/libexec/podman:/usr/sbin"
    absent = [tool for tool in TOOLS if shutil.which(tool, path=places) is None]
    return f"needs {', '.join(absent)}" if absent else ""


def podman() -> Podman:
    KEPT.mkdir(parents=True, exist_ok=True)
    engine, storage = KEPT / "containers.conf", KEPT / "storage.conf"
    engine.write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        'helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]\n'
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
    )
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{KEPT}/graph"\nrunroot = "{KEPT}/run"\n'
    )
    return Podman(
        os.environ
        | {"CONTAINERS_CONF": str(engine), "CONTAINERS_STORAGE_CONF": str(storage)}
        | {"PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
    )


def build(run: Podman) -> None:
    """Build the image, on a Debian that has python3 and nothing more."""
    if not run.ok("image", "exists", BASE):
        files = KEPT / "rootfs"
        shutil.rmtree(files, ignore_errors=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        subprocess.run(
            ["debootstrap", "--variant=minbase", packages, "trixie", str(files)], check=True
        )
        archive = KEPT / "rootfs.tar"
        subprocess.run(["tar", "-C", str(files), "-cf", str(archive), "."], check=True)
        run("import", str(archive), BASE)
        archive.unlink()
        shutil.rmtree(files)
    trusted = ["-v", f"{CERTIFICATES}:{CERTIFICATES}:ro"] if Path(CERTIFICATES).exists() else []
    arguments = ["--format", "docker", "--network", "host", "--build-arg", f"BASE={BASE}"]
    run("build", *arguments, *trusted, "-t", IMAGE, str(ROOT), limit=900)
    run("image", "prune", "--force")  # earlier builds: this storage shares nothing between layers


@dataclass(frozen=True)
class Compose:
    """Runs the services of docker-compose.yml as compose does, as far as ours goes.

    Images that are not ours are played by the base image, OpenBao by the binary of the tests.
    """

    run: Podman
    services: dict[str, Any]
    volumes: dict[str, Any]
    project: str = "injector-test"

    def name(self, service: str) -> str:
        return f"{self.project}-{service}"

    def up(self) -> None:
        self.run("network", "create", self.project)
        for volume, settings in self.volumes.items():
            options = settings["driver_opts"].items()
            flags = [flag for key, value in options for flag in ("-o", f"{key}={value}")]
            self.run("volume", "create", *flags, self.name(volume))
        waiting = dict(self.services)
        while waiting:
            ready = [s for s in waiting if not self._depends(s).keys() & waiting.keys()]
            for service in ready:
                for other, condition in self._depends(service).items():
                    self._wait(other, condition)
                self._start(service, waiting.pop(service))

    def down(self) -> None:
        names = [self.name(service) for service in self.services]
        self.run("rm", "--force", "--time", "3", "--ignore", *names, check=False)
        self.run("volume", "rm", "--force", *map(self.name, self.volumes), check=False)
        self.run("network", "rm", "--force", self.project, check=False)

    def log(self, service: str) -> str:
        return self.run("logs", self.name(service))

    def healthy(self, service: str) -> bool:
        return self.run.ok("exec", self.name(service), *self._health(service))

    def _health(self, service: str) -> list[str]:
        command: list[str] = self.services[service]["healthcheck"]["test"]
        assert command[0] == "CMD"
        return command[1:]

    def _depends(self, service: str) -> dict[str, str]:
        entries = self.services[service].get("depends_on", {})
        return {other: entry["condition"] for other, entry in entries.items()}

    def _wait(self, service: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert self.run("wait", self.name(service)).strip() == "0", self.log(service)
        elif condition == "service_healthy":
            until(lambda: self.healthy(service), lambda: self.log(service))

    def _start(self, service: str, settings: dict[str, Any]) -> None:
        flags = ["--read-only", "--read-only-tmpfs=false"] if settings.get("read_only") else []
        flags += ["--init"] if settings.get("init") else []
        flags += [f"--user={settings['user']}"] if "user" in settings else []
        flags += [f"--cap-drop={name}" for name in settings.get("cap_drop", ())]
        flags += [
            f"--security-opt={text.split(':')[0]}" for text in settings.get("security_opt", ())
        ]
        flags += [f"--tmpfs={text}" for text in settings.get("tmpfs", ())]
        flags += [f"--env={k}={v}" for k, v in settings.get("environment", {}).items()]
        if owner := settings.get("pid", "").removeprefix("service:"):
            flags.append(f"--pid=container:{self.name(owner)}")
        network = settings.get("network_mode", f"{self.project}:alias={service}")
        flags.append(f"--network={network}")
        for mount in settings.get("volumes", ()):
            source, _, rest = mount.partition(":")
            source = str(ROOT / source) if source.startswith(".") else self.name(source)
            flags.append(f"--volume={source}:{rest}")
        command = list(settings.get("command", ()))
        if settings.get("image", "").startswith("openbao/"):
            flags.append(f"--volume={executable()}:/usr/bin/bao:ro")
            if command:  # what the image's entrypoint adds
                token = settings["environment"]["BAO_DEV_ROOT_TOKEN_ID"]
                listen = "-dev-listen-address=0.0.0.0:8200"
                command = ["bao", *command, listen, f"-dev-root-token-id={token}"]
        program, *rest = settings.get("entrypoint", [""])
        flags += [f"--entrypoint={program}"] if program else []
        image = IMAGE if "build" in settings else BASE
        self.run("run", "--detach", f"--name={self.name(service)}", *flags, image, *rest, *command)


def compose(run: Podman) -> Compose:
    file = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return Compose(run, file["services"], file["volumes"])


def until(true: Callable[[], bool], explain: Callable[[], str], limit: float = 60) -> None:
    """Wait until something outside of this process is true."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.2)
