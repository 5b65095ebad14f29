"""The manifests of config/kubernetes as they run: order, signals, hand-over, Jobs."""

import asyncio
import copy
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from injector.base.clock import SystemClock
from injector.dev.bao import Bao, dev_server, executable
from injector.dev.cluster import UNUSED_AUTHORITY, Cluster, cluster
from injector.dev.postgres import postgres
from tests.containers.pod import MANIFESTS, Node, Pod, config_map, playing, pod_of
from tests.containers.podman import ROOT, build, missing, podman, until

pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

ADDRESS = "https://openbao.openbao.svc:8200"


@contextmanager
def cluster_in_a_thread() -> Iterator[Cluster]:
    """Serve the TokenReview API while this thread waits for containers."""
    ready, over = threading.Event(), threading.Event()
    found: list[Cluster] = []

    async def serve() -> None:
        async with cluster(SystemClock()) as made:
            found.append(made)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def bao() -> Iterator[Bao]:
    with dev_server(tls=True) as bao:
        yield bao


@pytest.fixture(scope="module")
def node(bao: Bao) -> Iterator[Node]:
    """Follow docs/kubernetes.md: set Vault up, make the ConfigMaps, name the server."""
    run = podman()
    build(run)
    with ExitStack() as ends:
        api = ends.enter_context(cluster_in_a_thread())
        folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="injector-node-"))
        ends.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        (folder / "ca.crt").write_text(UNUSED_AUTHORITY)
        (folder / "reviewer.jwt").write_text(api.reviewer_token)
        subprocess.run(
            ["/bin/sh", MANIFESTS / "vault-setup.sh"],
            env={
                "PATH": f"{executable().parent}:{os.environ['PATH']}",
                "HOME": str(folder),
                "BAO_ADDR": bao.address,
                "BAO_TOKEN": bao.root_token,
                "BAO_CACERT": bao.ca_cert,
                "KUBERNETES_HOST": api.address,
                "KUBERNETES_CA": str(folder / "ca.crt"),
                "TOKEN_REVIEWER_JWT": str(folder / "reviewer.jwt"),
            },
            check=True,
            capture_output=True,
        )
        change(bao, "first")
        files = {name: text.replace(ADDRESS, bao.address) for name, text in config_map().items()}
        maps = {"injector": files, "openbao-ca": {"ca.crt": Path(bao.ca_cert).read_text()}}
        yield Node(run, folder, maps, lambda: api.service_account_token("default", "app"))


def change(bao: Bao, password: str) -> None:
    bao.admin.secrets.kv.v2.create_or_update_secret(
        "app", secret={"username": "app", "password": password}
    )


def started_at(pod: Pod, container: str) -> float:
    """Return when a container's process was started, seconds since the epoch."""
    return datetime.fromisoformat(pod.inspect(container)["State"]["StartedAt"]).timestamp()


def event(pod: Pod, container: str, name: str) -> dict[str, Any]:
    """Return the first event of this name in the injector's log, with `at` in seconds."""
    for line in pod.log(container).splitlines():
        found: dict[str, Any] = json.loads(line)
        if found["event"] == name:
            return found | {"at": datetime.fromisoformat(found["timestamp"]).timestamp()}
    raise AssertionError(f"no {name!r} in:\n{pod.log(container)}")


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n  {text}", end="")


@dataclass(frozen=True)
class Used:
    """What a container's process has taken so far: MiB, MiB, seconds."""

    resident: float
    proportional: float
    processor: float


def used(pod: Pod, container: str) -> Used:
    pid = pod.inspect(container)["State"]["Pid"]
    memory = dict(
        line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    resident, proportional = (int(memory[key].split()[0]) / 1024 for key in ("Rss", "Pss"))
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return Used(resident, proportional, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))


# --- a native sidecar --------------------------------------------------------------------------


@pytest.fixture(scope="class")
def sidecar(node: Node) -> Iterator[Pod]:
    with playing(node, "sidecar", pod_of("deployment-native-sidecar.yaml")) as pod:
        yield pod


class TestNativeSidecar:
    def test_the_application_starts_when_its_files_are_there(self, sidecar, capsys):
        until(lambda: "settings" in sidecar.log("app"), lambda: sidecar.log("injector"))

        assert "settings DB_USERNAME, DB_PASSWORD: fingerprint" in sidecar.log("app")
        written = event(sidecar, "injector", "file written")["at"]
        assert started_at(sidecar, "app") > written
        ready = written - started_at(sidecar, "injector")
        say(capsys, f"container started → file written {ready:.2f} s; → startup probe succeeded "
            f"{sidecar.seconds['injector']:.2f} s (with podman's own start)")  # fmt: skip

    def test_a_rotation_reaches_an_application_of_the_same_uid(self, sidecar, bao):
        before = sidecar.log("app").count("fingerprint")

        change(bao, "c4n4ry-second")
        said = sidecar.execute("injector", "injector", "refresh", "app")

        assert said.startswith("app  changed  ")
        until(
            lambda: sidecar.log("app").count("fingerprint") > before,
            lambda: sidecar.log("injector"),
        )
        assert "c4n4ry" not in sidecar.log("injector") + sidecar.log("app") + said

    def test_it_needs_less_than_the_manifest_asks_for(self, sidecar, capsys):
        (container,) = [c for c in sidecar.containers if c["name"] == "injector"]
        asked = int(container["resources"]["requests"]["memory"].removesuffix("Mi"))

        took = used(sidecar, "injector")

        say(
            capsys,
            f"sidecar: {took.resident:.0f} MiB resident, {took.proportional:.0f} MiB proportional,"
            f" {asked} MiB asked for; {took.processor:.2f} s of processor since its start",
        )
        assert took.resident < asked
        assert sidecar.inspect("injector")["HostConfig"]["Memory"] == 128 * 1024 * 1024
        assert sidecar.inspect("injector")["State"]["OOMKilled"] is False


# --- another uid -------------------------------------------------------------------------------


def of_another_uid() -> dict[str, Any]:
    """Return the pod with an application that has a uid of its own, and the files' group."""
    spec = copy.deepcopy(pod_of("deployment-native-sidecar.yaml"))
    (app,) = spec["containers"]
    app["securityContext"]["runAsUser"] = 10002
    return spec


@pytest.fixture
def group_readable(node: Node) -> Node:
    files = dict(node.config_maps["injector"])
    written = "destination: /secrets/app.env"
    files["sidecar.yaml"] = files["sidecar.yaml"].replace(written, f'{written}\n    perms: "0640"')
    return Node(node.run, node.folder, {**node.config_maps, "injector": files}, node.token)


def test_an_application_of_another_uid_gets_the_file_and_no_signal(group_readable, bao):
    with playing(group_readable, "stranger", of_another_uid()) as pod:
        until(lambda: "settings" in pod.log("app"), lambda: pod.log("app"))
        change(bao, "third")
        pod.node.run("exec", pod.full("injector"), "injector", "refresh", "app", check=False)

        until(lambda: "notification failed" in pod.log("injector"), lambda: pod.log("injector"))

        assert "runs as uid 10002 and the injector as uid 10001" in pod.log("injector")
        assert pod.log("app").count("fingerprint") == 1
        assert "third" in (pod.volume("secrets") / "app.env").read_text()


def test_with_cap_kill_it_may_signal_another_uid(group_readable, bao):
    spec = of_another_uid()
    (injector,) = spec["initContainers"]
    injector["securityContext"] |= {
        "runAsUser": 0,
        "runAsNonRoot": False,
        "capabilities": {"drop": ["ALL"], "add": ["KILL"]},
    }
    with playing(group_readable, "killer", spec) as pod:
        until(lambda: "settings" in pod.log("app"), lambda: pod.log("app"))
        change(bao, "fourth")

        pod.execute("injector", "injector", "refresh", "app")

        until(lambda: pod.log("app").count("fingerprint") == 2, lambda: pod.log("injector"))


# --- init container and sidecar ----------------------------------------------------------------


def test_the_hand_over_costs_no_login_no_lease_and_touches_no_file(node, bao, capsys):
    with ExitStack() as ends:
        database = ends.enter_context(postgres())
        database.mount(bao.admin)
        ends.callback(bao.admin.sys.disable_secrets_engine, "database")
        database.role(bao.admin, "app", ttl="1h", max_ttl="4h")
        rules = (ROOT / "config" / "policies" / "app.hcl").read_text()
        bao.admin.sys.create_or_update_policy(
            "app", f'{rules}\npath "database/creds/app" {{ capabilities = ["read"] }}'
        )
        logins = _logins(bao)
        pod = ends.enter_context(playing(_with_a_lease(node), "handover", pod_of(HANDOVER)))
        until(lambda: pod.node.run.ok("exec", pod.full("injector"), "injector", "probe", "ready"),
              lambda: pod.log("injector"))  # fmt: skip

        leases = bao.admin.list("sys/leases/lookup/database/creds/app")["data"]["keys"]

        assert len(leases) == 1
        assert _logins(bao) - logins == 1
        assert "logged in" in pod.log("injector-init")
        assert '"event":"handed over"' in pod.log("injector")
        assert "logged in" not in pod.log("injector")
        assert "file written" not in pod.log("injector")
        took = event(pod, "injector", "handed over")["at"] - started_at(pod, "injector")
        say(capsys, f"1 login, 1 lease for both; handed over {took:.2f} s after the second started")


HANDOVER = "deployment-init-and-sidecar.yaml"


def _with_a_lease(node: Node) -> Node:
    files = dict(node.config_maps["injector"])
    config = yaml.safe_load(files["handover.yaml"])
    config["secrets"]["db"] = {"path": "database/creds/app"}
    config["template"].append({"secret": "db", "format": "json", "destination": "/secrets/db.json"})
    files["handover.yaml"] = yaml.safe_dump(config)
    return Node(node.run, node.folder, {**node.config_maps, "injector": files}, node.token)


def _logins(bao: Bao) -> int:
    """Return how many tokens there are: nothing here is old enough to have lost one."""
    return len(bao.admin.list("auth/token/accessors")["data"]["keys"])


def test_the_application_of_a_deleted_pod_ends_at_once_and_with_success(node):
    with playing(node, "deleted", pod_of("deployment-init.yaml")) as pod:
        until(lambda: "settings" in pod.log("app"), lambda: pod.log("app"))

        pod.node.run("stop", "--time=30", pod.full("app"))

        assert pod.exit_code("app") == 0


def test_a_killed_sidecar_goes_on_without_a_login(node, bao):
    with playing(node, "killed", pod_of("deployment-native-sidecar.yaml")) as pod:
        before = _logins(bao)

        pod.node.run("kill", "--signal=KILL", pod.full("injector"))
        pod.exit_code("injector")
        pod.node.run("start", pod.full("injector"))
        until(lambda: "handed over" in pod.log("injector"), lambda: pod.log("injector"))

        assert _logins(bao) == before
        assert pod.log("app").count("fingerprint") == 1


def test_an_init_container_alone_is_done_before_the_application(node):
    with playing(node, "once", pod_of("deployment-init.yaml")) as pod:
        until(lambda: "settings" in pod.log("app"), lambda: pod.log("app"))

        assert "everything is in place" in pod.log("injector")
        assert sorted(os.listdir(pod.volume("secrets"))) == ["app.env", "app.json"]


# --- Jobs --------------------------------------------------------------------------------------


def test_a_job_with_a_native_sidecar_is_complete_soon_after_its_task(node, bao, capsys):
    logins = _logins(bao)
    with playing(node, "job", pod_of("job.yaml")) as pod:
        codes = pod.complete("task")

        assert codes == {"task": 0, "injector": 0}
        assert "3 lines of settings" in pod.log("task")
        assert pod.seconds["complete"] < 5
        say(capsys, f"Job complete {pod.seconds['complete']:.2f} s after its task")
    assert _logins(bao) == logins + 1, "revoked although nobody asked for it"


def test_a_job_with_a_plain_sidecar_ends_it_by_quit(node, capsys):
    """As docs/kubernetes.md has it for clusters without native sidecars."""
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    block = re.compile(r"^```yaml\n(# in the configuration.*?)^```", re.MULTILINE | re.DOTALL)
    (listener,) = block.findall(page)
    files = dict(node.config_maps["injector"])
    config = yaml.safe_load(files["sidecar.yaml"]) | yaml.safe_load(listener)
    files["sidecar.yaml"] = yaml.safe_dump(config)
    spec = copy.deepcopy(pod_of("job.yaml"))
    (injector,) = spec.pop("initContainers")
    for key in ("restartPolicy", "startupProbe"):
        del injector[key]
    spec["containers"][0]["command"] = ["python3", "-c", TASK]
    spec["containers"].insert(0, injector)
    plain = Node(node.run, node.folder, {**node.config_maps, "injector": files}, node.token)

    with playing(plain, "quit", spec) as pod:
        codes = pod.complete("task")

        assert codes == {"task": 0, "injector": 0}
        assert pod.seconds["complete"] < 5
        say(capsys, f"Job with /quit complete {pod.seconds['complete']:.2f} s after its task")


TASK = """
import os, time, urllib.request
while not os.path.exists("/secrets/app.env"):
    time.sleep(0.1)
quit = urllib.request.Request("http://127.0.0.1:8099/quit", method="POST")
print(urllib.request.urlopen(quit).read().decode())
"""


# --- the end -----------------------------------------------------------------------------------


def test_a_pod_that_is_deleted_in_an_outage_is_gone_in_time(node, bao, capsys):
    with playing(node, "outage", pod_of("deployment-native-sidecar.yaml")) as pod:
        bao.process.send_signal(signal.SIGSTOP)
        try:
            pod.node.run("exec", "--detach", pod.full("injector"), "injector", "refresh")
            began = time.monotonic()
            pod.node.run("stop", "--time=30", pod.full("injector"))
            took = time.monotonic() - began
        finally:
            bao.process.send_signal(signal.SIGCONT)

        assert pod.exit_code("injector") == 0
        assert took < 5
        say(capsys, f"SIGTERM in an outage → gone {took:.2f} s")
