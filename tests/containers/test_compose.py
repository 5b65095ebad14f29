"""The compose example as its users run it: the application waits, is told, and survives."""

import shutil
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.containers.compose import Compose, project
from tests.containers.podman import build, missing, podman, until

REASON = missing() or ("" if shutil.which("docker-compose") else "needs docker-compose")
pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(REASON), reason=REASON),
]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    run = podman()
    build(run)
    with project(run, tmp_path_factory.mktemp("compose")) as compose:
        compose("up", "--no-build", "--detach")
        yield compose


def started(services: Compose, service: str) -> datetime:
    return datetime.fromisoformat(services.state(service)["StartedAt"])


def fingerprints(services: Compose) -> int:
    return services.log("app").count("fingerprint")


def test_the_application_starts_with_its_secrets(services, capsys):
    until(lambda: "settings" in services.log("app"), lambda: services.log("injector"))

    assert "settings DB_USERNAME, DB_PASSWORD: fingerprint" in services.log("app")
    assert started(services, "app") > started(services, "injector")
    assert services.state("app")["Status"] == "running"
    gap = (started(services, "app") - started(services, "injector")).total_seconds()
    with capsys.disabled():
        print(f"\n  injector started → healthy → application started: {gap:.1f} s", end="")


def test_a_changed_secret_reaches_the_application_and_no_log(services):
    before = fingerprints(services)

    services.execute("openbao", "bao", "kv", "put", "secret/app", "username=u", "password=c4n4ry")

    until(lambda: fingerprints(services) > before, lambda: services.log("injector"))
    assert "c4n4ry" not in services.log("injector") + services.log("app")


def test_a_restarted_injector_neither_loses_files_nor_notifies_again(services):
    before = services.log("app")

    services("restart", "--timeout=5", "injector")
    until(lambda: _is_ready(services), lambda: services.log("injector"))

    assert services.log("app") == before


def _is_ready(services: Compose) -> bool:
    return services.run.ok("exec", services.name("injector"), "injector", "probe", "ready")


def test_a_server_that_comes_back_empty_is_lived_with_until_it_is_seeded_again(services):
    """A restarted dev server knows nothing: no token, no login, no secret is valid any more."""
    file = services.execute("app", "cat", "/secrets/app.env")
    before, told = services.state("injector")["StartedAt"], fingerprints(services)

    services("restart", "--timeout=2", "openbao")
    until(lambda: "login failed" in services.log("injector"), lambda: services.log("injector"))

    assert services.execute("app", "cat", "/secrets/app.env") == file
    assert _is_ready(services)
    status = services.execute("injector", "injector", "status", "--json")
    assert '"state": "failing"' in status

    services("up", "--no-build", "--no-deps", "--detach", "--force-recreate", "seed")
    until(lambda: fingerprints(services) > told, lambda: services.log("injector"))

    assert services.execute("app", "cat", "/secrets/app.env") != file
    assert services.state("injector")["StartedAt"] == before, "it was restarted"
    assert services.state("app")["Status"] == "running"


def test_the_application_can_be_told_by_a_request_without_a_shared_pid_namespace(services):
    services("down", "--volumes", "--timeout=2")
    services.by_http = True
    services("up", "--no-build", "--detach")
    until(lambda: fingerprints(services) == 1, lambda: services.log("injector"))

    services.execute("openbao", "bao", "kv", "put", "secret/app", "username=u", "password=c4n4ry")

    until(lambda: fingerprints(services) == 2, lambda: services.log("injector"))
    assert "c4n4ry" not in services.log("injector") + services.log("app")
    services("down", "--volumes", "--timeout=2")
    services.by_http = False


def test_the_application_waits_for_a_server_that_is_late(services, capsys):
    services("down", "--volumes", "--timeout=2")
    late = 20.0
    script = f"sleep {late:g}; exec entrypoint server -dev -dev-no-store-token"
    override = services.folder / "override.yml"
    text = override.read_text()
    entry = f"openbao: {{entrypoint: [/bin/sh, -c, '{script}'], command: []}}, injector:"
    override.write_text(text.replace("injector:", entry))

    began = time.monotonic()
    services("up", "--no-build", "--detach")
    took = time.monotonic() - began

    until(lambda: "settings" in services.log("app"), lambda: services.log("injector"))
    waited = (started(services, "app") - started(services, "openbao")).total_seconds()
    assert waited > late
    assert services.log("app").startswith("settings")
    with capsys.disabled():
        print(f"\n  server {late:g} s late: `up` took {took:.0f} s, no restart, no error", end="")
