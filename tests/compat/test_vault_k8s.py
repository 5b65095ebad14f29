"""What the webhook vault-k8s writes for its containers is read as it is."""

import json
from pathlib import Path

import pytest
import yaml

import injector
from injector.agent.plan import plan
from injector.compat.vault_agent.flags import Flags
from injector.compat.vault_agent.reading import read_all
from injector.config import model
from tests.compat.peer import takes

WRITTEN = sorted((Path(__file__).parent / "vault_k8s").glob("*.json"))


@pytest.fixture
def loaded(tmp_path):
    """Load one by its name, with the template file that the pod would have."""

    def loading(name):
        (tmp_path / "odd.tpl").write_text("[[ 1 ]]")
        text = next(file for file in WRITTEN if file.name == name).read_text()
        config = tmp_path / "config.json"
        config.write_text(text.replace("/vault/custom/odd.tpl", str(tmp_path / "odd.tpl")))
        return plan(
            str(config),
            {},
            read=lambda path, environ: read_all((path,), environ, Flags()),
            destinations=False,
        ).loaded

    return loading


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_it_is_taken_and_by_the_real_agent_too(file, loaded):
    assert takes(file)
    assert loaded(file.name).config.auto_auth is not None


def test_what_it_asks_for_is_done(loaded):
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


def test_with_its_cache_the_init_container_hands_over_to_the_sidecar(loaded):
    init, sidecar = (loaded(f"cached-{name}.json").config for name in ("init", "sidecar"))

    assert init.cache.persist is not None
    assert init.cache == sidecar.cache
    assert init.cache.persist.path == "/vault/agent-cache/injector-handover"


def test_only_what_is_not_done_is_warned_of(loaded):
    warned = {warning.split(": ")[1] for warning in loaded("everything.json").warnings}

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
    assert image == f"vault-injector:{injector.__version__}"
