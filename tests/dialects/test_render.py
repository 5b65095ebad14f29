"""`injector render` with Go templates and the agents' configurations."""

import os

import pytest

from tests.support.commands import run, without_tokens
from tests.support.processes import write_config


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory of made-up secrets, in an environment without a token."""
    without_tokens(monkeypatch, os.environ)
    (tmp_path / "fixtures/secret/data").mkdir(parents=True)
    return tmp_path / "fixtures"


def test_a_go_template_is_shown_with_its_additional_files(capsys, tmp_path, tmpfs, folder):
    text = (
        '{{ with secret "secret/data/app" }}U={{ .Data.data.user }}\n'
        f'{{{{ .Data.data.password | writeToFile "{tmpfs}/beside" "" "" "0640" }}}}{{{{ end }}}}'
    )
    (folder / "secret/data/app.yaml").write_text("user: bob\npassword: canary-pw\n")
    template = {"language": "go", "contents": text, "destination": f"{tmpfs}/go"}
    config = write_config(
        tmp_path, {"vault": {"address": "https://vault.example"}, "template": [template]}
    )

    ended = run(capsys, "render", "-c", config, "--fixtures", folder)
    revealed = run(capsys, "render", "-c", config, "--fixtures", folder, "--reveal")

    assert ended.returncode == 1, ended.stderr
    assert f"+++ {tmpfs}/beside\n" in ended.stdout
    assert "+U=[masked " in ended.stdout
    assert "canary" not in ended.stdout
    assert "+canary-pw" in revealed.stdout
    assert list(tmpfs.iterdir()) == []


def test_a_configuration_of_vault_agent_is_shown_too(capsys, tmp_path, tmpfs, folder):
    (folder / "secret/data/app.yaml").write_text("user: bob\n")
    text = "U={{ with secret `secret/data/app` }}{{ .Data.data.user }}{{ end }}"
    (tmp_path / "agent.hcl").write_text(
        f"""
        vault {{ address = "https://vault.example:8200" }}
        auto_auth {{
          method "approle" {{ config = {{ role_id_file_path = "r", secret_id_file_path = "s" }} }}
        }}
        template {{
          contents    = "{text}"
          destination = "{tmpfs}/go"
        }}
        """
    )

    ended = run(capsys, "render", "-c", tmp_path / "agent.hcl", "--fixtures", folder, "--reveal")

    assert ended.returncode == 1, ended.stderr
    assert "+U=bob" in ended.stdout
