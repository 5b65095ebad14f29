"""Real containers without a container engine's daemon: podman, and a base image of our own."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# The base image takes minutes to make, so it is kept between runs.
KEPT = Path.home() / ".cache" / "vault-injector-containers"
BASE = "localhost/vault-injector-base:13"
IMAGE = "localhost/vault-injector:test"
TOOLS = ("podman", "runc", "catatonit", "debootstrap", "netavark", "aardvark-dns", "nft")
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
    driver = "overlay" if "overlay" in Path("/proc/filesystems").read_text() else "vfs"
    engine, storage = KEPT / "containers.conf", KEPT / "storage.conf"
    engine.write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        'helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]\n'
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
    )
    storage.write_text(
        f'[storage]\ndriver = "{driver}"\n'
        f'graphroot = "{KEPT}/{driver}"\nrunroot = "{KEPT}/run-{driver}"\n'
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
    run("image", "prune", "--force")  # earlier builds


def until(true: Callable[[], bool], explain: Callable[[], str], limit: float = 60) -> None:
    """Wait until something outside of this process is true."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.2)
