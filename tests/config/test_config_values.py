"""How values are written, and what is said of one that is written otherwise."""

import pytest

from tests.support.configs import load_text, problems


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("2d", 172800),
        ("45", 45),
        ("0.5", 0.5),
        ('"45"', 45),
    ],
)
def test_durations(tmp_path, written, seconds):
    assert (
        load_text(
            tmp_path, f"vault: {{address: 'https://v', timeout: {written}}}"
        ).config.vault.timeout
        == seconds
    )


@pytest.mark.parametrize(
    "written", ["soon", "5 m", "1h 30m", "s", "1e3", "[5s]", ".inf", '""', "9" * 400]
)
def test_other_durations_are_refused(tmp_path, written):
    (found,) = problems(tmp_path, f"template_config:\n  static_secret_render_interval: {written}")

    assert found.startswith("2: template_config.static_secret_render_interval: expected a ")


def test_a_negative_duration_is_refused(tmp_path):
    assert problems(tmp_path, "vault:\n  address: https://v\n  timeout: -5s") == [
        "3: vault.timeout: a duration cannot be negative, got '-5s'"
    ]


@pytest.mark.parametrize(
    ("written", "mode"),
    [('"0640"', 0o640), ("'640'", 0o640), ('"0o600"', 0o600), ('"1777"', 0o1777), ("0o644x", None)],
)
def test_modes_are_octal_text(tmp_path, written, mode):
    text = f"template:\n  contents: x\n  destination: /run/x\n  perms: {written}"

    if mode is None:
        assert "expected an octal mode in quotes" in problems(tmp_path, text)[0]
    else:
        assert load_text(tmp_path, text).config.template[0].perms == mode


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("0644", 'a bare number is refused, because YAML reads 0644 as 420; write "0644"'),
        ("0o644", 'a bare number is refused, because YAML reads 0o644 as 420; write "0644"'),
        (
            "644",
            (
                "a bare number is refused, because YAML reads 644 as a decimal, which is mode "
                '1204; write "0644"'
            ),
        ),
        ("420", 'a bare number is refused, modes are octal text; write "0644"'),
        ("256", 'a bare number is refused, modes are octal text; write "0400"'),
        ("9", 'a bare number is refused; write the mode as octal digits in quotes, such as "0640"'),
        ('"0999"', "expected an octal mode in quotes such as \"0640\", got '0999'"),
        ('"rw"', "expected an octal mode in quotes such as \"0640\", got 'rw'"),
        ('"4755"', "expected a mode up to \"1777\", without setuid and setgid, got '4755'"),
    ],
)
def test_other_modes_are_refused_with_the_right_spelling(tmp_path, written, advice):
    text = f"template:\n  contents: x\n  destination: /run/x\n  perms: {written}"

    assert problems(tmp_path, text) == [f"4: template[0].perms: {advice}"]


def test_a_relative_path_starts_at_the_configurations_folder(tmp_path):
    vault = load_text(
        tmp_path, "vault: {address: 'https://v', ca_cert: tls/../ca.pem, ca_path: /etc/ca}"
    ).config.vault

    assert vault.ca_cert == f"{tmp_path}/ca.pem"
    assert vault.ca_path == "/etc/ca"


def test_a_tilde_is_not_expanded_silently(tmp_path):
    assert problems(tmp_path, "vault: {address: 'https://v', ca_cert: ~/ca.pem}") == [
        "1: vault.ca_cert: '~' is not expanded here; write ${HOME}, or the full path"
    ]


def test_a_path_has_no_nul_character(tmp_path):
    assert problems(tmp_path, 'pid_file: "/run/\\0"') == [
        "1: pid_file: must not contain a NUL character"
    ]


def test_an_absolute_path_must_be_absolute(tmp_path):
    assert problems(tmp_path, "pid_file: app.pid") == [
        "1: pid_file: expected an absolute path, got 'app.pid'; begin it with '/'"
    ]


@pytest.mark.parametrize("written", ["SIGHUP", "HUP", "hup"])
def test_signals_with_and_without_sig(tmp_path, written):
    text = f"notify: {{app: {{signal: {written}, process: {{name: app}}}}}}"

    assert load_text(tmp_path, text).config.notify["app"].signal == "SIGHUP"


def test_an_unknown_signal_suggests_the_nearest_one(tmp_path):
    assert problems(tmp_path, "notify: {app: {signal: HUPP, process: {name: app}}}") == [
        "1: notify.app.signal: unknown signal 'HUPP'; did you mean 'SIGHUP'?"
    ]


def test_an_unknown_word_suggests_the_nearest_one_or_lists_all(tmp_path):
    assert problems(tmp_path, "log_level: warning\nlog_format: xml") == [
        "1: log_level: unknown value 'warning'; did you mean 'warn'?",
        "2: log_format: unknown value 'xml'; expected one of: auto, json, console, standard",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("exit_after_auth: yes", "exit_after_auth: expected true or false, got 'yes'; write true"),
        (
            'exit_after_auth: "true"',
            "exit_after_auth: expected true or false without quotes, got 'true'",
        ),
        ("exit_after_auth: {}", "exit_after_auth: expected a single value, got keys with values"),
        (
            "vault: https://v",
            (
                "vault: expected keys with values, got a single value; write {key: value}, or the "
                "keys on the lines below, indented"
            ),
        ),
        (
            "secrets: [app]",
            "secrets: expected keys with values, got a list; remove the '-' before the keys",
        ),
        ("? [a]\n: b", "a key has to be text"),
    ],
)
def test_another_type_is_refused(tmp_path, line, problem):
    assert f"1: {problem}" in problems(tmp_path, line)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("0", "must be at least 1"),
        ("010", "expected a whole number, got '010'"),
        ("1.5", "expected a whole number, got '1.5'"),
        ('"10"', "expected a whole number without quotes, got '10'"),
        ("null", "expected a whole number, got 'null'"),
    ],
)
def test_whole_numbers_within_their_limits(tmp_path, written, problem):
    assert problems(tmp_path, f"template_config: {{max_connections_per_host: {written}}}") == [
        f"1: template_config.max_connections_per_host: {problem}"
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("0.1", "must be more than 0.1"),
        ("0.96", "must be at most 0.95"),
        ("high", "expected a number, got 'high'"),
        ('"0.5"', "expected a number without quotes, got '0.5'"),
    ],
)
def test_the_renewal_threshold_within_its_limits(tmp_path, written, problem):
    assert problems(tmp_path, f"template_config: {{lease_renewal_threshold: {written}}}") == [
        f"1: template_config.lease_renewal_threshold: {problem}"
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("123", 'expected a string, got a number; write it in quotes: "123"'),
        ("true", 'expected a string, got a boolean; write it in quotes: "true"'),
        ("", "has no value; write one, or remove the key"),
    ],
)
def test_values_that_yaml_reads_as_other_types_are_not_text(tmp_path, written, problem):
    assert problems(tmp_path, f"vault:\n  address: https://v\n  namespace: {written}") == [
        f"3: vault.namespace: {problem}"
    ]


def test_words_that_are_booleans_in_old_yaml_are_text(tmp_path):
    text = "vault: {address: 'https://v', namespace: no}"

    assert load_text(tmp_path, text).config.vault.namespace == "no"


def test_slashes_around_a_namespace_do_not_matter(tmp_path):
    text = "vault: {address: 'https://v', namespace: /team-a/}"

    assert load_text(tmp_path, text).config.vault.namespace == "team-a"


def test_a_required_text_must_not_be_empty(tmp_path):
    assert problems(tmp_path, 'secrets: {app: {path: ""}}') == [
        "1: secrets.app.path: must not be empty"
    ]


def test_an_owner_by_number_needs_no_quotes(tmp_path):
    text = 'template: {contents: x, destination: /run/x, user: 1000, group: "0"}'

    template = load_text(tmp_path, text).config.template[0]

    assert (template.user, template.group) == ("1000", "0")


def test_an_owners_number_must_be_valid(tmp_path):
    assert problems(tmp_path, "template: {contents: x, destination: /run/x, user: 4294967295}") == [
        "1: template[0].user: a number must be at most 4294967294"
    ]


def test_a_single_block_or_name_is_a_list_of_one(tmp_path):
    config = load_text(
        tmp_path,
        """
        template: {contents: x, destination: /run/x, notify: app}
        notify: {app: {http: {url: "http://localhost", expect: 204}}}
        """,
    ).config

    assert config.template[0].notify == ("app",)
    assert config.notify["app"].http is not None
    assert config.notify["app"].http.expect == (204,)


def test_an_empty_block_is_the_same_as_none(tmp_path):
    config = load_text(tmp_path, "cache:\nsecrets:\nlistener:\n").config

    assert (config.cache.persist, config.secrets, config.listener) == (None, {}, ())


def test_commands_are_lists_or_strings_of_words(tmp_path):
    config = load_text(
        tmp_path,
        """
        notify:
          a: {command: [kill, -1, 42]}
          b: {command: 'nginx -s "re load"'}
        """,
    ).config

    assert config.notify["a"].command == ("kill", "-1", "42")
    assert config.notify["b"].command == ("nginx", "-s", "re load")


@pytest.mark.parametrize("word", ["[b]", "{}", "null", ""])
def test_a_command_consists_of_words(tmp_path, word):
    assert problems(tmp_path, f"notify:\n  app:\n    command:\n    - a\n    - {word}\n") == [
        "5: notify.app.command[1]: expected one word of a command"
    ]


@pytest.mark.parametrize(
    "written", ["a | b", "a > b", "a && b", "kill $(cat x)", "echo $HOME", "`a`"]
)
def test_shell_syntax_is_rejected(tmp_path, written):
    (found,) = problems(tmp_path, f"notify: {{app: {{command: '{written}'}}}}")

    assert found.startswith("1: notify.app.command: no shell runs this, so ")


def test_an_unclosed_quote_is_rejected(tmp_path):
    assert problems(tmp_path, "notify: {app: {command: 'echo \"a'}}") == [
        "1: notify.app.command: a quote is never closed"
    ]


def test_parameters_keep_their_types(tmp_path):
    text = """
    secrets:
      tls:
        path: pki/issue/web
        params: {a: 1, b: 1.5, c: true, d: null, e: text, f: [1, {g: "2"}], h: 2024-01-01, i: 0x10}
    """

    assert load_text(tmp_path, text).config.secrets["tls"].params == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": "text",
        "f": [1, {"g": "2"}],
        "h": "2024-01-01",
        "i": 16,
    }


@pytest.mark.parametrize("written", ["yes", "Off", "0644", "9" * 5000])
def test_parameters_that_programs_read_differently_are_refused(tmp_path, written):
    (found,) = problems(tmp_path, f"secrets: {{tls: {{path: p, params: {{a: {written}}}}}}}")

    assert found.startswith("1: secrets.tls.params.a: ")
    assert "quotes" in found


@pytest.mark.parametrize(
    ("written", "mount_path"),
    [
        ("", "auth/approle"),
        ("mount_path: /auth/vm/,", "auth/vm"),
        ("mount_path: auth/vm,", "auth/vm"),
    ],
)
def test_the_mount_path_of_a_login(tmp_path, written, mount_path):
    text = f"auto_auth: {{method: {{type: approle, {written} config: {{role_id_file_path: id}}}}}}"

    auto_auth = load_text(tmp_path, text).config.auto_auth

    assert auto_auth is not None
    assert auto_auth.method.mount_path == mount_path


def test_the_type_of_a_login_decides_on_its_options(tmp_path):
    required, unknown = problems(
        tmp_path, "auto_auth:\n  method:\n    type: approle\n    config: {role: app}\n"
    )

    assert unknown == (
        "4: auto_auth.method.config: unknown key 'role'; it is an option of `type: kubernetes or "
        "jwt`"
    )
    assert required == "4: auto_auth.method.config.role_id_file_path: is required"


def test_a_login_without_options_is_an_error_that_names_them(tmp_path):
    assert problems(tmp_path, "auto_auth:\n  method:\n    type: kubernetes\n") == [
        "2: auto_auth.method.config.role: is required"
    ]
