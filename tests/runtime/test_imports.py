"""What a command imports: a start is mostly imports, and what is not imported costs nothing."""

import re
import subprocess
import sys

import pytest

from tests.support.engine import configuration
from tests.support.processes import clean_environment, running, write_config

MODULE = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
# Whatever a command does, it does without: hvac's transport, and structlog's prettier tracebacks.
NEVER = {"requests", "urllib3", "charset_normalizer", "rich.console"}
FOR_DAEMONS = {"aiohttp.web", "prometheus_client", "watchfiles", "anyio"}
FOR_OTHERS = {"pydantic", "jinja2", "tenacity", "shtab", "re2", "injector.dialects", "injector.dev"}


def imported(*words) -> set[str]:
    """Run a command; return every module that it has loaded, and those it has looked for."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "injector", *words],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(MODULE.findall(ended.stderr))


@pytest.fixture
def blocks(app, tmpfs):
    app.put("db", password="a-password")
    entry = {"contents": "{{ db.password }}\n", "destination": str(tmpfs / "db.txt")}
    secrets = {"db": {"path": app.path("db")}}
    return configuration(app, app.bao.address, secrets=secrets, template=[entry])


def test_a_start_imports_only_what_it_uses(blocks, tmp_path, tmpfs):
    modules = imported("once", "-c", write_config(tmp_path, blocks))

    assert (tmpfs / "db.txt").read_text() == "a-password\n"
    assert {"aiohttp", "structlog", "yaml", "minijinja"} <= modules
    assert modules & (NEVER | FOR_DAEMONS | FOR_OTHERS | {"hvac"}) == set()


def test_a_token_is_looked_up_by_hvac_without_its_transport(app, blocks, tmp_path):
    token = app.admin.auth.token.create(policies=[app.name])["auth"]["client_token"]
    (tmp_path / "token").write_text(token)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "token")}}
    config = write_config(tmp_path, blocks | {"auto_auth": {"method": method}})

    modules = imported("once", "-c", config)

    assert "hvac.api.auth_methods.token" in modules
    assert modules & NEVER == set()


def test_hvac_has_its_transport_when_somebody_uses_it():
    code = (
        "import injector.sources.vault.api, hvac, sys\n"
        "assert 'requests' not in sys.modules\n"
        "hvac.Client('http://127.0.0.1', token='').adapter.close()\n"
        "import requests; print(requests.Session)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "requests.sessions.Session" in ran.stdout


def test_a_probe_imports_next_to_nothing(app, blocks, tmp_path, tmpfs):
    socket = tmpfs / "injector.sock"
    listener = [{"type": "unix", "address": str(socket)}]
    config = write_config(tmp_path, blocks | {"listener": listener})

    with running("run", "-c", config) as injector:
        injector.wait_for("listening")
        injector.wait_for("file written")
        modules = imported("probe", "live", "--address", socket)

    heavy = {
        "asyncio",
        "ssl",
        "http",
        "email",
        "json",
        "dataclasses",
        "inspect",
        "shutil",
        "urllib",
    }
    assert modules & (heavy | {"yaml", "msgspec", "structlog", "traceback"}) == set()
