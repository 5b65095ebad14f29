"""VAULT_* and BAO_* beside the file."""

import msgspec
import pytest

from injector.base.errors import ConfigError
from injector.config import load
from tests.support.configs import load_text, problems

BOTH = "vault: {}\n"
EXAMPLES = {
    "NAMESPACE": ("namespace", "team-a/", "team-a"),
    "CACERT": ("ca_cert", "/etc/ca.pem", "/etc/ca.pem"),
    "CAPATH": ("ca_path", "/etc/ca", "/etc/ca"),
    "CACERT_BYTES": ("ca_cert_bytes", "-----BEGIN\nA==", "-----BEGIN\nA=="),
    "TLS_SERVER_NAME": ("tls_server_name", "vault", "vault"),
    "SKIP_VERIFY": ("tls_skip_verify", "1", True),
    "CLIENT_TIMEOUT": ("timeout", "90", 90.0),
}


@pytest.mark.parametrize("prefix", ["VAULT", "BAO"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_environment_overrides_the_file(tmp_path, prefix, name):
    key, text, value = EXAMPLES[name]
    file = """
        vault: {address: https://v, namespace: x, ca_cert: x, ca_path: x, tls_server_name: x,
                tls_skip_verify: false, timeout: 1s}
    """

    config = load_text(tmp_path, file, {f"{prefix}_{name}": text}).config

    assert msgspec.structs.asdict(config.vault)[key] == value


def test_certificate_and_key_come_together(tmp_path):
    environ = {"VAULT_CLIENT_CERT": "/c.pem", "VAULT_CLIENT_KEY": "/k.pem"}

    vault = load_text(tmp_path, "", environ).config.vault

    assert (vault.client_cert, vault.client_key) == ("/c.pem", "/k.pem")


def test_the_address_in_the_file_overrides_the_environment(tmp_path):
    environ = {"VAULT_ADDR": "http://127.0.0.1:8100"}

    config = load_text(tmp_path, "vault: {address: 'https://file:8200'}", environ).config

    assert config.vault.address == "https://file:8200"


def test_the_address_may_come_from_the_environment(tmp_path):
    environ = {"VAULT_ADDR": "https://vault:8200", "BAO_ADDR": "https://bao:8200"}

    assert load_text(tmp_path, "vault: {}", environ).config.vault.address == "https://bao:8200"


def test_an_empty_variable_counts_as_not_set(tmp_path):
    environ = {"VAULT_ADDR": "https://vault:8200", "BAO_ADDR": ""}

    assert load_text(tmp_path, "vault: {}", environ).config.vault.address == "https://vault:8200"


def test_without_any_address_the_error_says_where_to_set_it(tmp_path):
    assert problems(tmp_path, "vault: {}") == [
        (
            "1: vault.address: is required, unless VAULT_ADDR or BAO_ADDR is set; "
            "for example https://vault.example:8200"
        )
    ]


def test_a_bad_variable_is_named_without_its_value(tmp_path):
    environ = {"VAULT_CLIENT_TIMEOUT": "hunter2", "BAO_SKIP_VERIFY": "hunter2"}

    found = problems(tmp_path, "", environ)

    assert found == [
        "environment: BAO_SKIP_VERIFY: expected true or false, got '${BAO_SKIP_VERIFY}'",
        (
            "environment: VAULT_CLIENT_TIMEOUT: expected a duration such as 30s, 5m, 1h30m, 500ms "
            "or a number of seconds, got '${VAULT_CLIENT_TIMEOUT}'"
        ),
    ]


def test_without_login_the_token_of_the_environment_is_used(tmp_path):
    loaded = load_text(tmp_path, "auto_auth:\n", {"VAULT_TOKEN": "hvs.hunter2"})

    assert loaded.token == "hvs.hunter2"
    assert "hunter2" not in repr(loaded)


def test_with_a_login_the_token_of_the_environment_is_ignored(tmp_path):
    assert load_text(tmp_path, "", {"VAULT_TOKEN": "hvs.x", "BAO_TOKEN": "s.x"}).token == ""


def test_without_login_and_token_the_error_offers_both(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_text("vault: {address: https://v}\ntemplate: {contents: x, destination: /run/x}\n")

    with pytest.raises(ConfigError) as caught:
        load(str(file), {})

    (found,) = caught.value.problems
    assert found.startswith(
        f"{file}: auto_auth: is required, unless VAULT_TOKEN or BAO_TOKEN is set; "
    )
    assert "type: kubernetes" in found
    assert "type: approle" in found
