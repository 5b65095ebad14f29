"""Which words of a configuration are the operator's: shown even if a value is the same word."""

import json

import pytest

from injector.base.redactor import Redactor
from injector.runtime.configuration_words import explain
from injector.runtime.plan import plan
from injector.sources.vault.ref import VaultRef

CONFIGURATION = {
    "vault": {"address": "https://vault-address.example:8200", "namespace": "namespace-1"},
    "auto_auth": {"method": {"type": "kubernetes", "config": {"role": "role-name"}}},
    "secrets": {
        "secret_name": {"path": "secret/data/some-path"},
        "issued_name": {"path": "pki/issue/web", "params": {"common_name": "parameter-1"}},
    },
    "template": [
        {
            "contents": "text-of-it {{ secret('secret/data/in-place').value }}",
            "destination": "/dev/shm/directory-1/file-name",
            "notify": ["target_name"],
        }
    ],
    "notify": {
        "target_name": {
            "http": {
                # pragma: allowlist nextline secret
                "url": "https://somebody:word-of-pass@notified.example:8443/hook-path?key=query-1",
                "headers": {"Authorization": "header-value"},
            }
        },
        "by_command": {"command": ["/usr/bin/program-1", "argument-1"]},
    },
}


@pytest.fixture
def redactor(tmp_path):
    """One that knows every word of the configuration as a value."""
    path = tmp_path / "injector.json"
    path.write_text(json.dumps(CONFIGURATION))
    found = Redactor()
    explain(found, plan(str(path), {}, elsewhere=True))
    return found


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("vault-address.example", "cannot reach https://vault-address.example:8200: refused"),
        ("namespace-1", "namespace-1:secret/data/some-path"),
        ("secret_name", "secret 'secret_name' is missing"),
        ("some-path", "read secret/data/some-path: permission denied"),
        ("some-path", "list secret/metadata/some-path: permission denied"),
        ("in-place", "read secret/data/in-place: permission denied"),
        ("directory-1", "/dev/shm/directory-1/file-name:1: no such key"),
        ("directory-1", "/dev/shm/directory-1/.file-name.tmp: no space left"),
        ("/dev/shm/directory-1", "cannot create /dev/shm/directory-1: read-only"),
        ("target_name", "hook 'target_name': exited with 1"),
        ("notified.example", "POST https://notified.example:8443/: no answer"),
        ("role-name", "role-name"),
    ],
)
def test_names_paths_and_addresses_are_readable(redactor, word, text):
    redactor.learn("app", word)

    assert redactor.proofread(text) == text
    assert "[redacted: app]" in redactor.redact(text)


@pytest.mark.parametrize(
    "word",
    ["text-of-it", "parameter-1", "word-of-pass", "query-1", "header-value", "argument-1"],
)
def test_text_parameters_and_credentials_are_not(redactor, word):
    redactor.learn("app", word)

    assert redactor.proofread(f"it says {word}!") == "it says [redacted: app]!"


def test_a_value_is_called_by_the_name_of_its_secret_or_by_its_path(redactor):
    for path in ("secret/data/some-path", "secret/data/in-place", "secret/data/made-of-a-value"):
        redactor.learn(VaultRef.of(path), {"key": f"canary of {path}"})

    assert redactor.redact("canary of secret/data/some-path") == "[redacted: secret_name.key]"
    assert redactor.redact("canary of secret/data/in-place") == (
        "[redacted: secret/data/in-place.key]"
    )
    assert redactor.redact("canary of secret/data/made-of-a-value") == "[redacted]"
