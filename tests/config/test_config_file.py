"""The configuration as a file: what is no configuration at all, and what YAML and JSON may do."""

from pathlib import Path

import pytest

from injector.base.errors import ConfigError
from injector.config import load, model, read_source
from injector.config.document import read_document
from tests.support.configs import load_text, problems
from tests.support.disk import NOBODY, as_uid


def refused(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(str(file), {})
    return [problem.replace(str(file), file.name) for problem in caught.value.problems]


def test_a_missing_file_is_reported(tmp_path):
    assert refused(tmp_path / "app.yaml") == ["app.yaml: no such file"]


def test_a_directory_is_not_a_configuration(tmp_path):
    folder = tmp_path / "conf.yaml"
    folder.mkdir()

    assert refused(folder) == ["conf.yaml: is a directory, not a file"]


def test_an_unreadable_file_is_reported(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_text("vault: {}")
    file.chmod(0)

    with as_uid(NOBODY):
        assert refused(file) == [f"app.yaml: not readable for uid {NOBODY}"]


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n"])
def test_an_empty_file_says_what_belongs_there(tmp_path, text):
    file = tmp_path / "app.yaml"
    file.write_text(text)

    assert refused(file) == ["app.yaml: is empty; `vault:`, `auto_auth:` and `template:` go here"]


def test_a_list_is_not_a_configuration(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_text("# files\n- destination: /run/x\n")

    assert refused(file) == [
        "app.yaml:2:1: expected keys with values, such as `vault:`, `auto_auth:` and `template:`"
    ]


def test_a_binary_file_is_rejected_without_being_quoted(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_bytes(b"key: 1\nhunter2 \xff\xfe\n")

    assert refused(file) == ["app.yaml: is not UTF-8 text (line 2)"]


def test_a_byte_order_mark_is_harmless(tmp_path):
    assert load_text(tmp_path, "\ufefflog_level: debug").config.log_level == "debug"


def test_another_extension_is_refused(tmp_path):
    assert refused(tmp_path / "agent.toml") == [
        "agent.toml: expected a name that ends in .yaml, .yml, .json, .hcl"
    ]


def test_a_syntax_error_has_line_and_column(tmp_path):
    found = problems(tmp_path, "vault: {address: [1, 2}\n")

    assert found[0].startswith("1: a ',' or ']' is missing before this; add it")


def test_a_control_character_has_its_line(tmp_path):
    assert problems(tmp_path, "log_level: info\npid_file: \x01") == [
        "2: control characters are not allowed"
    ]


def test_a_second_document_is_refused(tmp_path):
    assert problems(tmp_path, "vault: {address: 'https://v:8200'}\n---\n") == [
        "2: a second document starts here; a configuration is one document: remove the `---`"
    ]


def test_yaml_tags_are_refused(tmp_path):
    assert problems(tmp_path, "log_level: !!str info\npid_file: !env PID") == [
        "1: YAML tags are not supported; quote values that begin with !",
        "2: YAML tags are not supported; quote values that begin with !",
    ]


def test_merge_keys_fill_in_what_an_entry_does_not_have(tmp_path):
    templates = load_text(
        tmp_path,
        """
        template:
          - &defaults {contents: a, destination: /run/a, perms: "0440"}
          - {<<: *defaults, destination: /run/b}
          - {destination: /run/c, <<: [{perms: "0400"}, *defaults]}
        """,
    ).config.template

    assert [(t.destination, t.contents, t.perms) for t in templates] == [
        ("/run/a", "a", 0o440),
        ("/run/b", "a", 0o440),
        ("/run/c", "a", 0o400),
    ]


def test_only_mappings_can_be_merged(tmp_path):
    assert problems(tmp_path, "vault:\n  <<: 5\n") == ["2: `<<` merges mappings, nothing else"]


def test_an_alias_inside_itself_is_rejected(tmp_path):
    assert problems(tmp_path, "secrets: &all\n  app: *all\n") == [
        "1: an alias inside the value that it refers to"
    ]


def test_deep_nesting_is_refused(tmp_path):
    deep = "[" * 900 + "]" * 900

    found = problems(tmp_path, f"secrets: {{app: {{path: a, params: {{x: {deep}}}}}}}")

    assert found == ["is nested too deeply"]


def test_json_is_read_too(tmp_path):
    file = tmp_path / "app.json"
    file.write_text(
        '{"vault": {"address": "https:\\/\\/v:8200"},\n\t"auto_auth": {"method": {"type": '
        '"kubernetes", "config": {"role": "r\\ud83d\\ude00"}}},\n\t"template": '
        '{"destination": "/run/x", "contents": "\\\\ud83d\\\\ude00"}}'
    )

    config = load(str(file), {}).config

    assert config.vault.address == "https://v:8200"
    assert config.auto_auth is not None
    assert config.auto_auth.method.config == model.Kubernetes(role="r😀")
    assert config.template[0].contents == "\\ud83d\\ude00"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"vault": {},\n}', "app.json:2:1: not JSON: Expecting property name"),
        ("vault: {}", "app.json:1:1: not JSON: Expecting value"),
        ("[" * 10_000, "app.json: is nested too deeply"),
        ('{"vault": NaN}', "app.json: not JSON: NaN is not allowed in JSON"),
        ("", "app.json: is empty"),
    ],
)
def test_json_must_be_valid(tmp_path, text, problem):
    file = tmp_path / "app.json"
    file.write_text(text)

    assert refused(file)[0].startswith(problem)


def test_a_key_that_occurs_twice_names_both_lines(tmp_path):
    assert problems(tmp_path, "log_level: info\nlog_level: warn\n") == [
        "2: the key 'log_level' is already on line 1; make the two one"
    ]


def test_a_reload_is_needed_when_the_file_or_a_template_changes(tmp_path):
    (tmp_path / "a.j2").write_text("A\r\n")
    loaded = load_text(
        tmp_path,
        """
        template:
          - {source: a.j2, destination: /run/a}
          - {contents: b, destination: /run/b}
        """,
    )

    assert loaded.files == {f"{tmp_path}/app.yaml", f"{tmp_path}/a.j2"}


def test_a_template_keeps_its_line_endings(tmp_path):
    (tmp_path / "a.j2").write_bytes(b"A\r\n")
    text = "template: [{source: a.j2, destination: /a}, {contents: b, destination: /b}]"

    first, second = load_text(tmp_path, text).config.template

    assert read_source(first) == "A\r\n"
    assert read_source(second) == "b"


def test_a_template_that_is_removed_later_is_a_configuration_error(tmp_path):
    (tmp_path / "a.j2").write_text("A")
    template = load_text(tmp_path, "template: {source: a.j2, destination: /a}").config.template[0]
    (tmp_path / "a.j2").unlink()

    with pytest.raises(ConfigError, match=r"a\.j2: no such file"):
        read_source(template)


def test_a_thousand_templates_keep_their_order(tmp_path):
    entries = "".join(f"  - {{contents: '{i}', destination: /run/{i}}}\n" for i in range(1000))

    config = load_text(tmp_path, f"template:\n{entries}").config

    assert [template.contents for template in config.template] == [str(i) for i in range(1000)]


def test_the_lines_of_a_file_are_split_once_however_many_templates_ask_for_them(tmp_path):
    (tmp_path / "c.yaml").write_text("vault:\n  address: http://127.0.0.1:8200\n")
    document = read_document(str(tmp_path / "c.yaml"))

    assert document.lines()[1] == "  address: http://127.0.0.1:8200"
    assert document.lines() is document.lines(document.file)
