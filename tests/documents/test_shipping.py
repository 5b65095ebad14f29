"""What is shipped beside the program keeps to its formats, and to the program."""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import hvac
import kubernetes_validate
import pytest
import yaml
from dotenv import dotenv_values

import injector
from injector.base.clock import SystemClock
from injector.config import Loaded, model
from injector.dev.bao import executable
from injector.dev.cluster import UNUSED_AUTHORITY, cluster
from injector.runtime.plan import plan
from tests.support.configs import load_text

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
CONFIGS = [*sorted(CONFIG.glob("*.yaml")), CONFIG / "compose" / "by-http.yaml"]
MANIFESTS = sorted(
    path for path in (CONFIG / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml"
)
# The oldest with native sidecars by default, and the newest that the validator knows.
KUBERNETES = ("1.29.0", "1.37.0")


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def pods() -> list[tuple[str, dict]]:
    """Return the pods that have the injector in them: a webhook adds it to others."""
    found = [(path.stem, document) for path in MANIFESTS for document in documents(path)]
    return [
        (name, document["spec"]["template"]["spec"])
        for name, document in found
        if document["kind"] in ("Deployment", "Job")
        and "initContainers" in document["spec"]["template"]["spec"]
    ]


def load_shipped(path: Path) -> Loaded:
    """Load with its templates compiled; destinations are of the machine it is meant for."""
    return plan(str(path), {}, elsewhere=True).loaded


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / name), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def started_script(script: Path, server, **environ: str) -> subprocess.CompletedProcess[str]:
    path = f"{executable().parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "BAO_ADDR": server.address, "BAO_TOKEN": server.root_token}
    return subprocess.run(
        ["/bin/sh", str(script)],
        env=environment | {"HOME": "/nonexistent"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def run_script(script: Path, server, **environ: str) -> str:
    ran = started_script(script, server, **environ)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# --- config/ -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_configuration_loads(path):
    assert load_shipped(path).config.template


def test_every_template_is_used():
    used = {Path(file).resolve() for path in CONFIGS for file in load_shipped(path).files}

    assert set((CONFIG / "templates").iterdir()) <= used


def test_the_companion_runs_with_the_result_of_the_seed_script(server, tmp_path, tmpfs):
    (tmp_path / "login").mkdir()
    (tmp_path / "templates").symlink_to(CONFIG / "templates")
    moved = {
        "/login/": f"{tmp_path}/login/",
        "/policies/": f"{CONFIG}/policies/",
        "/secrets/": f"{tmpfs}/",
        "http://openbao:8200": server.address,
        # No process here is the application: processes of this machine are not to be signaled.
        "name: python3": "name: no-such-program-on-this-machine",
    }
    for name, path in (("seed.sh", "compose/seed.sh"), ("companion.yaml", "companion.yaml")):
        text = (CONFIG / path).read_text()
        for old, new in moved.items():
            text = text.replace(old, new)
        (tmp_path / name).write_text(text)

    assert "no-such-program" in (tmp_path / "companion.yaml").read_text()

    run_script(tmp_path / "seed.sh", server)
    run_script(tmp_path / "seed.sh", server)
    once = tool("injector", "once", "-c", str(tmp_path / "companion.yaml"), "--timeout", "10s")

    assert once.returncode == 0, once.stderr
    stored = server.admin.secrets.kv.v2.read_secret_version("app", raise_on_deleted_version=True)
    assert dotenv_values(tmpfs / "app.env") == {
        "DB_USERNAME": stored["data"]["data"]["username"],
        "DB_PASSWORD": stored["data"]["data"]["password"],
    }


def test_the_application_ends_by_sigterm_with_success(tmp_path):
    """It is PID 1 of its container: unhandled, a SIGTERM would be dropped and cost 30 s."""
    (tmp_path / "app.env").write_text("A=b\n")
    application = subprocess.Popen(
        [sys.executable, str(CONFIG / "app" / "app.py")],
        env={"SETTINGS": str(tmp_path / "app.env")},
        stdout=subprocess.PIPE,
        text=True,
    )
    with application:
        assert application.stdout is not None
        assert application.stdout.readline().startswith("settings A: fingerprint")

        application.terminate()

    assert application.returncode == 0


@pytest.mark.parametrize("page", ["ci.md", "kubernetes.md"])
def test_examples_in_the_pages_load(tmp_path, page):
    examples = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL
    )

    for example in examples:
        load_text(tmp_path, example)


# --- config/kubernetes/ ------------------------------------------------------------------------


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_valid(path, version):
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


def test_kustomization_names_every_manifest_in_use_or_as_a_comment():
    text = (CONFIG / "kubernetes" / "kustomization.yaml").read_text()

    assert all(f"- {path.name}\n" in text for path in MANIFESTS)
    for name in yaml.safe_load(text)["resources"]:
        assert (CONFIG / "kubernetes" / name).is_file()


def test_the_config_map_contains_the_files_of_config():
    (config_map,) = documents(CONFIG / "kubernetes" / "configmap.yaml")

    for name, content in config_map["data"].items():
        (original,) = CONFIG.rglob(name)
        assert content == original.read_text(), f"{name} is not what config/ has"


def injectors() -> list[tuple[dict, dict]]:
    """Return every container that is ours, with its pod."""
    return [
        (pod, container)
        for _, pod in pods()
        for container in pod["initContainers"] + pod["containers"]
        if container["image"].startswith("vault-injector:")
    ]


@pytest.mark.parametrize(
    ("pod", "container"), injectors(), ids=[" ".join(c["args"][:3]) for _, c in injectors()]
)
def test_a_pod_mounts_what_its_configuration_reads_and_writes(pod, container, tmp_path):
    """Lay the ConfigMap out as kubelet does, and load what the arguments name."""
    (config_map,) = documents(CONFIG / "kubernetes" / "configmap.yaml")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    for item in mounts["/etc/injector"]["configMap"]["items"]:
        file = tmp_path / item["path"]
        file.parent.mkdir(exist_ok=True)
        file.write_text(config_map["data"][item["key"]])

    written = container["args"][container["args"].index("-c") + 1]
    loaded = load_shipped(tmp_path / Path(written).relative_to("/etc/injector"))

    config = loaded.config
    in_memory = [template.destination for template in config.template]
    in_memory += [entry.address for entry in config.listener if entry.type == "unix"]
    in_memory += [config.cache.persist.path] if config.cache.persist else []
    for path in in_memory:
        assert mounts[str(Path(path).parent)]["emptyDir"]["medium"] == "Memory"
    assert config.auto_auth is not None
    login = config.auto_auth.method.config
    assert isinstance(login, model.Kubernetes)
    assert "projected" in mounts[str(Path(login.token_path).parent)]
    assert "configMap" in mounts[str(Path(config.vault.ca_cert).parent)]
    signals = any(entry.signal for entry in config.notify.values())
    assert pod.get("shareProcessNamespace", False) == signals


@pytest.mark.parametrize(("name", "pod"), pods(), ids=[name for name, _ in pods()])
def test_a_pod_is_hardened(name, pod):
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}


def test_images_are_of_this_version():
    images = {container["image"] for _, container in injectors()}
    kustomization = yaml.safe_load((CONFIG / "kubernetes" / "kustomization.yaml").read_text())

    assert images == {f"vault-injector:{injector.__version__}"}
    assert kustomization["images"][0]["newTag"] == injector.__version__


VAULT_SETUP = CONFIG / "kubernetes" / "vault-setup.sh"


@pytest.fixture
def no_login_yet(server):
    """Leave the server without the login that the script sets up."""
    yield
    server.admin.sys.disable_auth_method("kubernetes")


@pytest.fixture
async def outside(no_login_yet, tmp_path):
    """A cluster that the server is not in, with the variables of the script for it."""
    async with cluster(SystemClock()) as made:
        (tmp_path / "ca.crt").write_text(UNUSED_AUTHORITY)
        (tmp_path / "reviewer.jwt").write_text(made.reviewer_token)
        yield (
            made,
            {
                "KUBERNETES_HOST": made.address,
                "KUBERNETES_CA": f"{tmp_path}/ca.crt",
                "TOKEN_REVIEWER_JWT": f"{tmp_path}/reviewer.jwt",
            },
        )


async def log_in(server, made, service_account="app"):
    token = made.service_account_token("shop", service_account)
    login = server.admin.auth.kubernetes.login
    answer = await asyncio.to_thread(login, "app", token, use_token=False)
    return answer["auth"]["policies"]


async def test_vault_setup_serves_pods_of_a_cluster_that_the_server_is_not_in(server, outside):
    made, variables = outside

    await asyncio.to_thread(run_script, VAULT_SETUP, server, NAMESPACE="shop", **variables)

    assert await log_in(server, made) == ["app", "default"]
    with pytest.raises(hvac.exceptions.Forbidden):
        await log_in(server, made, "another")
    role = server.admin.read("auth/kubernetes/role/app")["data"]
    assert role["audience"] == "vault"
    policy = server.admin.sys.read_policy("app")["data"]["rules"]
    assert policy == (CONFIG / "policies" / "app.hcl").read_text()


async def test_vault_setup_can_be_repeated_without_its_variables(server, outside):
    made, variables = outside
    await asyncio.to_thread(run_script, VAULT_SETUP, server, NAMESPACE="shop", **variables)

    await asyncio.to_thread(run_script, VAULT_SETUP, server, NAMESPACE="shop")

    assert await log_in(server, made) == ["app", "default"]


async def test_vault_setup_does_not_take_a_reviewer_away(server, outside):
    made, variables = outside
    await asyncio.to_thread(run_script, VAULT_SETUP, server, NAMESPACE="shop", **variables)
    del variables["TOKEN_REVIEWER_JWT"]

    refused = await asyncio.to_thread(
        started_script, VAULT_SETUP, server, NAMESPACE="shop", **variables
    )

    assert refused.returncode == 1
    assert "has a reviewer's token, which this would remove" in refused.stderr
    assert await log_in(server, made) == ["app", "default"]


async def test_vault_setup_warns_of_reviews_that_will_be_refused(server, outside):
    made, variables = outside
    del variables["TOKEN_REVIEWER_JWT"]

    done = await asyncio.to_thread(
        started_script, VAULT_SETUP, server, NAMESPACE="shop", **variables
    )

    assert done.returncode == 0
    assert "warning: without TOKEN_REVIEWER_JWT" in done.stderr
    with pytest.raises(hvac.exceptions.Forbidden):
        await log_in(server, made)


# --- Dockerfile, docker-compose.yml ------------------------------------------------------------


def test_the_dockerfile_passes_hadolint():
    result = tool("hadolint", "Dockerfile")

    assert (result.returncode, result.stdout) == (0, "")


def compose() -> dict:
    found: dict = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("compose-spec", "docker-compose.yml"),
        ("github-workflows", "config/github-actions/deploy.yml"),
        ("github-workflows", ".github/workflows/test.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/feature.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ],
    ids=lambda value: Path(value).name,
)
def test_a_file_conforms_to_its_published_schema(schema, file):
    pytest.importorskip("check_jsonschema", reason="brings the schemas")

    result = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", file)

    assert result.returncode == 0, result.stdout + result.stderr


def test_ci_runs_everything_on_every_python_that_is_promised():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]

    promised = re.findall(r":: (3\.\d+)", "\n".join(project["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == promised
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").read_text().endswith("\nmake test\n")


def test_no_service_waits_for_itself():
    """`pid: service:X` and `network_mode: service:X` wait for X as depends_on does."""
    waits: dict[str, set[str]] = {}
    for name, service in compose()["services"].items():
        joined = [service.get(key, "") for key in ("pid", "network_mode", "ipc")]
        owners = {value.removeprefix("service:") for value in joined if "service:" in value}
        waits[name] = set(service.get("depends_on", ())) | owners

    while ready := {name for name, others in waits.items() if not others & waits.keys()}:
        waits = {name: others for name, others in waits.items() if name not in ready}

    assert waits == {}


def test_the_application_starts_after_its_secrets_and_can_be_notified():
    services = compose()["services"]
    app, companion = services["app"], services["injector"]

    assert app["depends_on"]["injector"] == {"condition": "service_healthy"}
    assert companion["healthcheck"]["test"] == ["CMD", "injector", "probe", "ready"]
    assert app["pid"] == companion["pid"] == "service:pidns"
    assert app["user"] == companion["user"] == "10001:10001"
    assert app["read_only"] is companion["read_only"] is True
    assert app["cap_drop"] == companion["cap_drop"] == ["ALL"]


def test_every_service_comes_back_with_the_engine_and_has_limits():
    """What is not started again by the engine stays down after a restart of the machine."""
    services = compose()["services"]

    assert {service["restart"] for service in services.values()} == {"unless-stopped"}
    ours = {name: services[name] for name in services if name != "openbao"}
    assert all(service["pids_limit"] and service["mem_limit"] for service in ours.values())


def test_a_long_running_service_keeps_every_shared_tmpfs():
    """A volume of type tmpfs is emptied when the last container that mounts it ends."""
    kept = {mount.split(":")[0] for mount in compose()["services"]["pidns"]["volumes"]}

    assert kept == {
        name
        for name, volume in compose()["volumes"].items()
        if volume["driver_opts"]["type"] == "tmpfs"
    }
