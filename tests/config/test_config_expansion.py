"""`${NAME}` in values."""

import pytest

from tests.support.configs import load_text, problems


def test_variables_are_replaced_in_values_of_every_type(tmp_path):
    config = load_text(
        tmp_path,
        """
        vault: {address: "https://${HOST}:8200", timeout: "${TIMEOUT}", tls_skip_verify: "${NO}"}
        template_config: {max_connections_per_host: "${COUNT}"}
        secrets: {app: {path: "${ENV}/app", params: {name: "${ENV}"}}}
        log_level: ${LEVEL}
        """,
        {
            "HOST": "v",
            "TIMEOUT": "5m",
            "NO": "false",
            "COUNT": "3",
            "ENV": "prod",
            "LEVEL": "debug",
        },
    ).config

    assert config.vault.address == "https://v:8200"
    assert config.vault.timeout == 300
    assert config.vault.tls_skip_verify is False
    assert config.template_config.max_connections_per_host == 3
    assert config.secrets["app"].path == "prod/app"
    assert config.secrets["app"].params == {"name": "prod"}
    assert config.log_level == "debug"


@pytest.mark.parametrize(
    ("environ", "path"),
    [({}, "dev/app"), ({"ENV": ""}, "dev/app"), ({"ENV": "prod"}, "prod/app")],
)
def test_a_default_is_used_for_an_unset_variable(tmp_path, environ, path):
    config = load_text(tmp_path, 'secrets: {app: {path: "${ENV:-dev}/app"}}', environ).config

    assert config.secrets["app"].path == path


def test_an_unset_variable_is_a_problem(tmp_path):
    assert problems(tmp_path, 'log_level: info\nsecrets: {app: {path: "${ENV}/app"}}') == [
        (
            "2: secrets.app.path: the environment variable ENV is not set; "
            "set it, or give a default: ${ENV:-default}"
        )
    ]


def test_two_dollars_are_a_literal_dollar(tmp_path):
    config = load_text(tmp_path, 'secrets: {app: {path: "a/$${ENV}/$b"}}').config

    assert config.secrets["app"].path == "a/${ENV}/$b"


@pytest.mark.parametrize("written", ["${a.b}", "${}", "${1}", "${A-b}"])
def test_other_references_are_rejected(tmp_path, written):
    (found,) = problems(tmp_path, f'secrets: {{app: {{path: "{written}"}}}}')

    assert found.startswith("1: secrets.app.path: expected ${NAME} or ${NAME:-default}")


def test_a_reference_must_be_closed(tmp_path):
    assert problems(tmp_path, 'secrets: {app: {path: "${ENV"}}') == [
        "1: secrets.app.path: '${' is never closed by '}'; a literal one is written '$${'"
    ]


def test_templates_and_commands_are_left_alone(tmp_path):
    (tmp_path / "a.j2").write_text("${A}")
    config = load_text(
        tmp_path,
        """
        template:
          - {contents: "${A}", destination: /run/a, command: [echo, "${A}"]}
          - {source: a.j2, destination: /run/b}
        """,
    ).config

    assert config.template[0].contents == "${A}"
    assert config.template[0].command == ("echo", "${A}")


@pytest.mark.parametrize(
    "text",
    [
        "log_level: ${V}",
        "vault: {address: ${V}, timeout: ${V}}",
        "pid_file: ${V}",
        "exit_after_auth: ${V}",
        "template_config: {max_connections_per_host: ${V}, lease_renewal_threshold: ${V}}",
        "template: {destination: ${V}, contents: x, notify: ${V}, user: ${V}, perms: ${V}}",
        "template: {destination: /run/x, source: ${V}, secret: ${V}, format: ${V}}",
        "notify: {app: {signal: ${V}, process: {exe: ${V}}}}",
        "notify: {app: {http: {url: ${V}, expect: ${V}}}}",
        "listener: {type: ${V}, address: ${V}}",
        "listener: {type: tcp, address: ${V}, socket_mode: ${V}}",
        "auto_auth: {method: {type: ${V}, mount_path: ${V}}}",
    ],
)
def test_no_problem_shows_the_value_of_a_variable(tmp_path, text):
    found = problems(tmp_path, text.replace("${V}", '"${V}"'), {"V": "hunter2"})

    assert found
    assert "hunter2" not in "\n".join(found)
