"""docs/configuration.md and the JSON Schema say what the program does."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from injector.cli.schema import schema
from injector.config import environment
from injector.config.introspect import blocks
from tests.support.configs import complete, load_text
from tools.docs.options import renewed

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)

# What the examples take as given.
NAMES = {
    "secrets": "secrets: {app: {path: secret/data/app}}",
    "notify": "notify: {app: {command: [x]}}",
}


def valid(text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(schema()).is_valid(yaml.safe_load(text)))


def test_every_block_has_a_table():
    marked = set(re.findall(r"<!-- options: (.+?) -->", TEXT))

    assert marked == {kind.__name__ for _, kind in blocks()}


def test_the_tables_are_up_to_date():
    assert renewed(TEXT) == TEXT, "run: python -m tools.docs"


def test_one_command_renews_every_page_with_tables_from_the_source():
    pytest.importorskip("injector.dialects", reason="some tables are theirs")
    from tools.docs.pages import DOCS, PAGES

    marked = {page.name for page in DOCS.glob("*.md") if "<!-- end -->" in page.read_text("utf-8")}
    assert marked == set(PAGES)


def test_every_variable_of_the_environment_has_a_row():
    for name, (key, _) in environment.VARIABLES.items():
        assert f"| `VAULT_{name}`, `BAO_{name}` | `vault.{key}` |" in TEXT


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_every_example_loads_and_conforms_to_the_schema(tmp_path, example):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "db.env.j2").write_text("x")
    for key, block in NAMES.items():
        if not re.search(f"(?m)^{key}:", example):
            example = f"{example}{block}\n"

    load_text(tmp_path, example)

    assert valid(complete(example))


@pytest.mark.parametrize(
    "text",
    [
        "log_level: ${LEVEL}",
        "vault: {address: https://v, timeout: 5}",
        "vault: {address: https://v, timeout: 1h30m}",
        "template: {contents: x, destination: /run/x, user: 1000, notify: app, command: a b}",
        "auto_auth: {method: {type: cert}}",
        "cache:",
        "listener:",
    ],
)
def test_the_schema_accepts_what_the_program_accepts(text):
    assert valid(complete(text))


@pytest.mark.parametrize(
    "text",
    [
        "log_level: warning",
        "loglevel: info",
        "vault: {address: https://v, timeout: soon}",
        "vault: {address: https://v, timeout: -1}",
        "pid_file: app.pid",
        "template: {contents: x, destination: /run/x, perms: 0644}",
        "template: {contents: x}",
        "auto_auth: {method: {type: approle, config: {role: app}}}",
        "auto_auth: {method: {type: approle, config: {type: approle, role_id_file_path: a}}}",
    ],
)
def test_the_schema_rejects_what_the_program_rejects(text):
    assert not valid(complete(text))
