"""The configurations that the vault-k8s webhook writes for its containers work unchanged."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import hvac
import pytest
import yaml

import injector
from injector.cli import main
from injector.config import model
from injector.config.problem import dotted
from injector.dev.bao import free_port
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.reading import read_all
from injector.runtime.plan import plan
from tests.dialects.peer import takes
from tests.support.processes import Process

WRITTEN = sorted((Path(__file__).parent / "vault_k8s").glob("*.json"))


@pytest.fixture
def loaded(tmp_path):
    """Load one by name, with the template file that the pod would have."""

    def loading(name):
        (tmp_path / "odd.tpl").write_text("[[ 1 ]]")
        text = next(file for file in WRITTEN if file.name == name).read_text()
        text = text.replace("/vault/custom/odd.tpl", str(tmp_path / "odd.tpl"))
        config = tmp_path / "config.json"
        config.write_text(text.replace("/vault/agent-cache", "/dev/shm/agent-cache"))
        return plan(
            str(config),
            {},
            read=lambda path, environ: read_all((path,), environ, Flags()),
            destinations=False,
        ).loaded

    return loading


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_it_is_accepted_and_by_the_real_agent_too(file, loaded):
    assert takes(file)
    assert loaded(file.name).config.auto_auth is not None


def test_its_settings_take_effect(loaded):
    config = loaded("sidecar.json").config

    assert config.auto_auth is not None
    assert config.auto_auth.method.config == model.Kubernetes(
        role="app", token_path="/var/run/secrets/kubernetes.io/serviceaccount/token"
    )
    assert config.auto_auth.sinks[0].config.path == "/home/vault/.vault-token"
    assert [(each.destination, each.perms) for each in config.template] == [
        ("/vault/secrets/db-creds", 0o644),
        ("/vault/secrets/app.env", 0o640),
        ("/vault/secrets/odd", 0o644),
    ]
    assert config.template[1].command == ("sh", "-c", "kill -HUP $(cat /vault/secrets/pid)")
    assert config.template[1].error_on_missing_key is True
    assert config.template[2].left_delimiter == "[["
    assert config.template_config.exit_on_retry_failure is True
    assert config.exit_after_auth is False
    assert loaded("init.json").config.exit_after_auth is True


def test_with_cache_the_init_container_hands_over_to_the_sidecar(loaded):
    init, sidecar = (loaded(f"cached-{name}.json").config for name in ("init", "sidecar"))

    assert init.cache.persist is not None
    assert init.cache == sidecar.cache
    assert init.cache.persist.path == "/dev/shm/agent-cache/injector-handover"


def test_only_unsupported_options_cause_warnings(loaded):
    warned = {dotted(warning.where) for warning in loaded("everything.json").warnings}

    assert warned == {
        *("cache", "disable_idle_connections", "disable_keep_alives"),
        *("telemetry.statsd_address", "vault.tls_skip_verify"),
    }


def test_the_example_changes_the_image_and_the_last_word_of_the_command():
    text = Path("config/kubernetes/deployment-vault-k8s.yaml").read_text()
    annotations = yaml.safe_load(text)["spec"]["template"]["metadata"]["annotations"]
    write = "echo ${VAULT_CONFIG?} | base64 -d > /home/vault/config.json && "

    for name in ("agent-json-patch", "agent-init-json-patch"):
        (patch,) = json.loads(annotations[f"vault.hashicorp.com/{name}"])
        assert patch == {
            "op": "replace",
            "path": "/args/0",
            "value": f"{write}exec injector agent -config=/home/vault/config.json",
        }
    image = annotations["vault.hashicorp.com/agent-image"]
    assert image == f"REGISTRY/vault-injector:{injector.__version__}"


def start(container, folder):
    """Start a container's command as patched by the example, with the files from the webhook."""
    text = Path("config/kubernetes/deployment-vault-k8s.yaml").read_text()
    annotations = yaml.safe_load(text)["spec"]["template"]["metadata"]["annotations"]
    patch = "agent-init-json-patch" if "init" in container else "agent-json-patch"
    (args,) = json.loads(annotations[f"vault.hashicorp.com/{patch}"])
    config = (folder / container).read_bytes()
    return subprocess.Popen(
        ["/bin/sh", "-ec", args["value"].replace("/home/vault", str(folder))],
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "VAULT_CONFIG": base64.b64encode(config).decode(),
            "VAULT_LOG_LEVEL": "debug",
            "VAULT_LOG_FORMAT": "json",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def pod(app, creds, tmpfs):
    """A directory with the configurations of both containers, for this server and this machine."""
    app.put("app", password="one")
    (tmpfs / "odd.tpl").write_text("[[ 1 ]]")
    (tmpfs / "pid").write_text(f"{os.getpid()}")
    words = {
        "/home/vault": str(tmpfs),
        "/vault/agent-cache": f"{tmpfs}/cache",
        "/vault/custom": str(tmpfs),
        "/vault/secrets": str(tmpfs),
        "127.0.0.1:8200": f"127.0.0.1:{free_port()}",
        "database/creds/app": creds,
        "secret/data/app": app.path("app"),
        "kill -HUP": "kill -0",
    }
    for name in ("cached-init.json", "cached-sidecar.json"):
        text = next(file for file in WRITTEN if file.name == name).read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        config = json.loads(text)
        config["vault"] = {"address": app.bao.address}
        config["auto_auth"]["method"] = {
            "type": "approle",
            "config": {
                "role_id_file_path": str(app.role_id),
                "secret_id_file_path": str(app.secret_id),
            },
        }
        (tmpfs / name).write_text(json.dumps(config))
    return tmpfs


def test_init_container_and_sidecar_put_the_files_there_with_one_login(pod):
    names = ("db-creds", "app.env", "odd", ".vault-token")

    def written():
        found = [(pod / name).stat() for name in names]
        return [(each.st_ino, each.st_mtime_ns) for each in found]

    init = start("cached-init.json", pod)
    log = init.communicate(timeout=15)[1].decode()
    assert init.returncode == 0, log
    before = written()
    sidecar = Process(start("cached-sidecar.json", pod))
    sidecar.wait_for("handed over")
    sidecar.wait_for("secret fetched")
    assert sidecar.end() == 0

    assert (pod / "app.env").read_text() == "DB_PASSWORD=one\n"
    assert (pod / "db-creds").read_text().startswith("password: ")
    assert written() == before
    assert (log + sidecar.output).count('"logged in"') == 1


def test_without_a_shell_the_agent_reads_the_variable_itself_and_revokes_its_token(pod, app):
    config = json.loads((pod / "cached-sidecar.json").read_text())
    for key in ("cache", "listener"):
        config.pop(key, None)
    text = base64.b64encode(json.dumps(config).encode()).decode()
    process = Process(
        subprocess.Popen(
            [sys.executable, "-m", "injector", "agent", "-revoke-on-shutdown"],
            env={"PATH": os.environ["PATH"], "VAULT_CONFIG": text, "VAULT_LOG_LEVEL": "debug"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    )
    process.wait_for("app.env")
    process.wait_for("file written", times=3)
    token = (pod / ".vault-token").read_text()
    assert app.admin.auth.token.lookup(token)["data"]["path"]

    assert process.end() == 0

    assert (pod / "app.env").read_text() == "DB_PASSWORD=one\n"
    with pytest.raises(hvac.exceptions.VaultError):
        app.admin.auth.token.lookup(token)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bm90IGEgY29uZmln", "env:VAULT_CONFIG:1"),
        ("{", "env:VAULT_CONFIG:1"),
    ],
)
def test_a_variable_with_something_else_is_named_in_the_message(text, says, monkeypatch, capsys):
    monkeypatch.setenv("VAULT_CONFIG", text)

    assert main(["agent"]) == 2
    assert says in capsys.readouterr().err
