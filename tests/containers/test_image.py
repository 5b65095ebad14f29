"""The image as it is built, and the compose example as it runs."""

import json
from collections.abc import Iterator

import pytest

from tests.containers.podman import IMAGE, Compose, Podman, build, compose, missing, podman, until

pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

HARDENED = (
    "--rm",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=none",
)
LOOK = """
import json, os, pathlib
def writable(path):
    try:
        pathlib.Path(path, "x").touch()
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({
    "ids": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16),
    "writable": [path for path in ("/", "/opt/injector", "/run/injector") if writable(path)],
    "pip": os.path.exists("/opt/injector/bin/pip"),
}))
"""


@pytest.fixture(scope="module")
def run() -> Podman:
    run = podman()
    build(run)
    return run


@pytest.fixture(scope="module")
def services(run: Podman) -> Iterator[Compose]:
    services = compose(run)
    services.down()
    try:
        services.up()
        yield services
    finally:
        services.down()


def look(run: Podman, *flags: str) -> dict:
    found: dict = json.loads(
        run("run", *HARDENED, *flags, "--entrypoint=python3", IMAGE, "-c", LOOK)
    )
    return found


def test_it_runs_without_rights_and_without_a_writable_root(run):
    assert run("run", *HARDENED, IMAGE, "--version").startswith("injector ")
    assert look(run) == {"ids": [10001, 10001], "capabilities": 0, "writable": [], "pip": False}


def test_the_socket_folder_can_be_written_with_and_without_a_mount(run):
    assert look(run, "--read-only=false")["writable"] == ["/run/injector"]
    assert look(run, "--tmpfs=/run/injector:mode=1777")["writable"] == ["/run/injector"]


def test_nothing_in_it_needs_a_shell(run):
    (found,) = json.loads(run("image", "inspect", IMAGE))

    assert found["Config"]["Entrypoint"] == ["injector"]
    assert found["Healthcheck"]["Test"] == ["CMD", "injector", "probe", "ready"]
    assert found["User"] == "10001:10001"


def test_the_application_starts_with_its_secrets(services):
    until(lambda: "settings" in services.log("app"), lambda: services.log("injector"))

    assert "settings DB_USERNAME, DB_PASSWORD: fingerprint" in services.log("app")


def test_a_changed_secret_reaches_the_application_and_no_log(services):
    before = services.log("app").count("fingerprint")
    server = services.name("openbao")

    services.run("exec", server, "bao", "kv", "put", "secret/app", "username=u", "password=c4n4ry")

    until(
        lambda: services.log("app").count("fingerprint") > before,
        lambda: services.log("injector"),
    )
    assert "c4n4ry" not in services.log("injector") + services.log("app")


def test_a_restarted_injector_neither_loses_files_nor_tells_again(services):
    before = services.log("app")

    services.run("restart", "--time", "5", services.name("injector"))
    until(lambda: services.healthy("injector"), lambda: services.log("injector"))

    assert services.log("app") == before
