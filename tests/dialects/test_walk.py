"""docs/vault-agent.md: the deployment that it moves, with the outputs of the page."""

import re
import subprocess
from pathlib import Path

import pytest

from injector.dev.bao import executable
from tests.support.processes import clean_environment, result

PAGE = Path("docs/vault-agent.md").read_text("utf-8")
EXAMPLE = Path("config/vault-agent")
ADDRESS = "http://127.0.0.1:8200"


def shown(command):
    """Return the output that the page shows for a command."""
    block = re.search(
        rf"^( *)\$ {re.escape(command)}\n(.*?)^ *(?:```|\$ )", PAGE, re.MULTILINE | re.DOTALL
    )
    assert block is not None
    return "".join(line.removeprefix(block[1]) for line in block[2].splitlines(keepends=True))


@pytest.fixture
def host(app, tmpfs):
    """The example's host in a directory, with the files that the agent has written."""
    for folder in ("etc/app", "run/app"):
        (tmpfs / folder).mkdir(parents=True)
    app.put("app", username="app", password="one")
    app.put("tls", **{"certificate": "CERTIFICATE", "private-key": "KEY"})
    app.put("flags", beta=True, limit=10)
    for file in EXAMPLE.iterdir():
        (tmpfs / "etc/app" / file.name).write_text(here(file.read_text(), app, tmpfs))
    for file in (app.role_id, app.secret_id):
        (tmpfs / "etc/app" / file.name).write_text(file.read_text())
    subprocess.run(
        [executable(), "agent", f"-config={tmpfs}/etc/app/agent.hcl", "-exit-after-auth"],
        env=clean_environment(),
        capture_output=True,
        timeout=15,
        check=True,
    )
    return tmpfs


def here(text, app, tmpfs):
    text = re.sub("/(etc|run)/app", rf"{tmpfs}/\1/app", text)
    return text.replace("secret/data", f"secret/data/{app.name}").replace(ADDRESS, app.bao.address)


def there(text, app, tmpfs):
    text = text.replace(str(tmpfs), "").replace(app.bao.address, ADDRESS)
    return text.replace(f"/{app.name}", "")


def test_the_same_files(host, app):
    agent = host / "etc/app/agent.hcl"

    checked = result("check", "-c", agent)
    compared = result("render", "-c", agent)

    assert there(checked.stdout, app, host) == shown("injector check -c /etc/app/agent.hcl")
    assert compared.stderr == shown("injector render -c /etc/app/agent.hcl")


def test_our_own_form(host, app):
    agent, ours = host / "etc/app/agent.hcl", host / "etc/app/injector.yaml"

    converted = result("convert", agent)
    ours.write_text(converted.stdout)
    compared = result("render", "-c", ours)

    assert there(converted.stdout, app, host) == shown("injector convert /etc/app/agent.hcl")
    assert compared.stderr == shown("injector render -c /etc/app/injector.yaml")


def test_with_all_defaults_of_ours(host):
    agent, ours = host / "etc/app/agent.hcl", host / "etc/app/injector.yaml"
    lines = result("convert", agent).stdout.splitlines(keepends=True)

    ours.write_text("".join(line for line in lines if "without this line" not in line))
    checked = result("check", "-c", ours)

    assert checked.returncode == 0, checked.stdout
    assert result("render", "-c", ours).stderr == (
        "injector: 2 unchanged, 1 different or missing\n"  # one mode is 0600 now
    )
