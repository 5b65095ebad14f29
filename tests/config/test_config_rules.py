"""What two values together can get wrong."""

from typing import Any

import pytest

from injector.base.errors import Spot
from injector.config import Checks, model
from injector.config.standing import Standing
from tests.support.configs import load_text, problems, without_file

TEMPLATE = "template:\n  - {{contents: x, destination: /run/x, {}}}\n"


def one(folder, text):
    """Return the only problem of a text, without its line."""
    (found,) = problems(folder, text)
    return found.partition(": ")[2]


def warnings(folder, text):
    return [without_file(folder, warning) for warning in load_text(folder, text).warnings]


# --- the server, the login, our listener


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (
            "vault:8200",
            "expected https://host:port or unix:///path; write https:// before the host",
        ),
        ("https://", "has no host; expected https://host:port"),
        ("https://v:port", "expected https://host:port or unix:///path"),
        ("unix://run/x", "expected unix:///path, with three slashes"),
        ("https://me:pw@v:8200", "must not contain a user or password"),  # pragma: allowlist secret
        ("https://v:8200?x=1", "must end with the port, without '?' or '#'"),
        ("https://v:8200/v1", "ends with the host, or its port; remove '/v1'"),
        ("https://v/ui/vault", "ends with the host, or its port; remove '/ui/vault'"),
    ],
)
def test_invalid_addresses(tmp_path, address, problem):
    assert one(tmp_path, f"vault: {{address: '{address}'}}") == f"vault.address: {problem}"


@pytest.mark.parametrize("address", ["http://localhost:8200", "http://[::1]:8200", "unix:///run/x"])
def test_plain_http_on_this_machine_is_fine(tmp_path, address):
    assert warnings(tmp_path, f"vault: {{address: '{address}'}}") == []


def test_plain_http_over_the_network_is_a_warning(tmp_path):
    assert warnings(tmp_path, "vault:\n  address: http://vault:8200") == [
        "2: vault.address: http:// sends tokens and secrets readable over the network"
    ]


def test_trusting_any_certificate_is_a_warning(tmp_path):
    (found,) = warnings(tmp_path, "vault: {address: 'https://v', tls_skip_verify: true}")

    assert found.startswith("1: vault.tls_skip_verify: any server is trusted")


@pytest.mark.parametrize(("has", "lacks"), [("cert", "key"), ("key", "cert")])
def test_a_certificate_and_its_key_go_together(tmp_path, has, lacks):
    text = f"vault: {{address: 'https://v', client_{has}: x.pem}}"

    assert one(tmp_path, text) == f"vault.client_{has}: needs vault.client_{lacks} as well"


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("mount_path: kubernetes", "mount_path: auth mounts begin with 'auth/'; add that"),
        ("mount_path: auth", "mount_path: expected 'auth/NAME', such as auth/kubernetes"),
        ("min_backoff: 1m", "max_backoff: must not be less than min_backoff (60s)"),
    ],
)
def test_options_of_the_login(tmp_path, option, problem):
    text = f"auto_auth: {{method: {{type: kubernetes, config: {{role: app}}, {option}}}}}"

    assert one(tmp_path, text) == f"auto_auth.method.{problem}"


def test_a_login_by_certificate_needs_one(tmp_path):
    assert one(tmp_path, "auto_auth: {method: {type: cert}}") == (
        "auto_auth.method.config: needs client_cert and client_key, here or in vault"
    )


CERT = "auto_auth: {{method: {{type: cert, config: {{{}}}}}}}"


@pytest.mark.parametrize(("has", "lacks"), [("cert", "key"), ("key", "cert")])
def test_a_login_never_mixes_its_certificate_with_the_connections_key(tmp_path, has, lacks):
    vault = "vault: {address: 'https://v', client_cert: v.pem, client_key: v.key}\n"

    assert one(tmp_path, vault + CERT.format(f"client_{has}: own.pem")) == (
        f"auto_auth.method.config.client_{has}: "
        f"also needs client_{lacks}: the one under `vault` belongs to another pair"
    )


@pytest.mark.parametrize("address", ["http://localhost:8200", "unix:///run/vault.sock"])
def test_a_login_by_certificate_needs_tls(tmp_path, address):
    text = f"vault: {{address: '{address}'}}\n" + CERT.format("client_cert: c, client_key: k")

    assert one(tmp_path, text) == (
        "auto_auth.method.type: cert needs an https:// address in vault.address: "
        "a certificate is presented while TLS is set up"
    )


def test_a_login_by_certificate_takes_the_connections_pair_if_it_has_none(tmp_path):
    """Also the environment's, so that a reload sees every change of it."""
    environ = {"VAULT_CLIENT_CERT": "/env.pem", "VAULT_CLIENT_KEY": "/env.key"}
    loaded = load_text(tmp_path, CERT.format(""), environ)

    login = loaded.config.auto_auth
    assert login is not None
    assert login.method.config == model.Cert(client_cert="/env.pem", client_key="/env.key")


@pytest.mark.parametrize(
    ("listener", "problem"),
    [
        ("type: unix, address: injector.sock", "address: expected the absolute path of a socket"),
        ("type: tcp, address: '8099'", "address: expected host:port, such as 127.0.0.1:8099"),
        ("type: tcp, address: 'a:99999'", "address: expected host:port, such as 127.0.0.1:8099"),
        (
            "type: tcp, address: '::1:80'",
            "address: expected host:port, such as [::1]:8099: an IPv6 address stands in brackets",
        ),
        (
            "type: tcp, address: '0.0.0.0:8099'",
            (
                "address: is reachable from outside; add tls_cert_file and tls_key_file, "
                "or tls_disable: true if that is intended"
            ),
        ),
    ],
)
def test_invalid_listeners(tmp_path, listener, problem):
    assert one(tmp_path, f"listener: {{{listener}}}") == f"listener[0].{problem}"


@pytest.mark.parametrize(
    "listener",
    [
        "type: tcp, address: '127.0.0.1:8099'",
        "type: tcp, address: '[::1]:8099'",
        "type: tcp, address: 'localhost:0'",
        "type: tcp, address: ':8099', tls_disable: true",
        "type: tcp, address: '0.0.0.0:8099', tls_cert_file: a, tls_key_file: b",
    ],
)
def test_valid_listeners(tmp_path, listener):
    assert problems(tmp_path, f"listener: {{{listener}}}") == []


def test_a_listeners_certificate_and_key_go_together(tmp_path):
    text = "listener: {type: tcp, address: '0.0.0.0:8099', tls_cert_file: a}"

    assert one(tmp_path, text) == "listener[0]: tls_cert_file and tls_key_file go together"


# --- names


@pytest.mark.parametrize("block", ["secrets", "notify"])
@pytest.mark.parametrize(("name", "better"), [("a-b", "a_b"), ("1st", "_1st"), ("a.b", "a_b")])
def test_names_are_variables(tmp_path, block, name, better):
    entry = {"secrets": "{path: p}", "notify": "{command: [x]}"}[block]

    assert one(tmp_path, f"{block}: {{{name}: {entry}}}") == (
        f"{block}.{name}: a name consists of letters, digits and '_'; write '{better}' instead"
    )


@pytest.mark.parametrize("name", ["secret", "env", "loop", "true", "none", "self", "for", "in"])
def test_names_that_are_reserved_in_templates_are_rejected(tmp_path, name):
    assert one(tmp_path, f"secrets: {{{name}: {{path: p}}}}") == (
        f"secrets.{name}: '{name}' is reserved in templates; choose another name"
    )


def test_two_names_of_one_secret_must_have_the_same_settings(tmp_path):
    assert problems(
        tmp_path,
        """
        vault: {address: https://v, namespace: team}
        secrets:
          a: {path: secret/data/app}
          b: {path: /v1/secret/data/app, namespace: team, refresh: 5s, optional: true}
        """,
    ) == [
        (
            "4: secrets.b: is the same secret as 'a' on line 3, but refresh and optional differ; "
            "make them equal"
        )
    ]


def test_another_namespace_or_parameter_makes_another_secret(tmp_path):
    assert not problems(
        tmp_path,
        """
        secrets:
          a: {path: pki/issue/web, params: {x: 1}}
          b: {path: pki/issue/web, params: {x: 2}, optional: true}
          c: {path: pki/issue/web, params: {x: 1}, namespace: n, optional: true}
          d: {path: pki/issue/web, params: {x: 1}}
        """,
    )


def test_unknown_names_suggest_the_nearest_one(tmp_path):
    assert problems(
        tmp_path,
        """
        secrets: {app: {path: p}}
        notify: {web: {command: [x]}}
        template:
          - {secret: ap, format: json, destination: /run/a}
          - {contents: x, destination: /run/b, notify: [web, wep]}
        bundle: {name: b, directory: /run/c, notify: other, template: {contents: x, destination: a}}
        """,
    ) == [
        "4: template[0].secret: 'ap' is not in `secrets:`; did you mean 'app'?",
        "5: template[1].notify[1]: 'wep' is not in `notify:`; did you mean 'web'?",
        "6: bundle[0].notify[0]: 'other' is not in `notify:`; expected one of: web",
    ]


def test_a_name_where_none_are_defined(tmp_path):
    assert one(tmp_path, TEMPLATE.format("notify: web")) == (
        "template[0].notify[0]: 'web' is not in `notify:`; `notify:` has no entries"
    )


def test_an_unused_target_is_a_warning(tmp_path):
    assert warnings(tmp_path, "notify: {app: {command: [x]}}") == [
        "1: notify.app: no template or bundle names it"
    ]


def test_a_path_of_slashes_names_no_secret(tmp_path):
    assert one(tmp_path, "secrets: {app: {path: //}}") == (
        "secrets.app.path: must name a secret, such as secret/data/app"
    )


def test_an_optional_secret_has_no_on_missing(tmp_path):
    text = "secrets: {{app: {{path: kv/app, optional: true, on_missing: {}}}}}"

    assert one(tmp_path, text.format("fail")).startswith("secrets.app.on_missing: has nothing")
    assert load_text(tmp_path, text.format("keep")).config.secrets["app"].optional


def test_requests_need_some_time(tmp_path):
    text = "vault: {address: 'https://v', timeout: 0}"

    assert one(tmp_path, text) == "vault.timeout: must be more than 0"


# --- what makes a file


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("", "needs one of source, contents, or secret with format"),
        ("contents: x, source: a.j2", "source and contents are mutually exclusive; keep one"),
        (
            "contents: x, secret: app, format: json",
            "contents and secret are mutually exclusive; keep one",
        ),
        ("secret: app", "secret needs `format`, such as dotenv"),
        ("format: json", "format needs `secret`, the name of one"),
        (
            "secret: app, format: raw",
            "format: raw needs `key`, the one whose value is the file",
        ),
        (
            "contents: x, command: [a], exec: {command: [a]}",
            "command and exec are the same thing; keep one of them",
        ),
    ],
)
def test_a_file_is_made_in_exactly_one_way(tmp_path, options, problem):
    (tmp_path / "a.j2").write_text("")
    text = f"secrets: {{app: {{path: p}}}}\ntemplate: {{destination: /run/x, {options}}}"

    assert one(tmp_path, text) == f"template[0]: {problem}"


def test_a_variable_is_made_of_a_template_too(tmp_path):
    assert one(tmp_path, "env_template: {name: A}") == (
        "env_template[0]: needs one of source or contents"
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("key: a", "key: only applies to format: raw"),
        ("section: a", "section: only applies to format: ini"),
        ("encoding: base64", "encoding: only applies to format: raw"),
        ('left_delimiter: ""', "left_delimiter: must not be empty"),
        ('right_delimiter: ""', "right_delimiter: must not be empty"),
        ("wait: {min: 5s, max: 2s}", "wait.max: must not be less than min (5s)"),
        (
            "group: nobody-of-that-name",
            "group: there is no group 'nobody-of-that-name' on this machine; a number always works",
        ),
    ],
)
def test_options_of_a_template(tmp_path, options, problem):
    assert one(tmp_path, TEMPLATE.format(options)) == f"template[0].{problem}"


def test_names_of_users_and_groups_that_exist_are_fine(tmp_path):
    assert problems(tmp_path, TEMPLATE.format("user: root, group: root")) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "no such file"), (b"\xff\xfe", "is not UTF-8 text (line 1)")],
)
def test_template_files_have_to_be_readable(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "a.j2").write_bytes(content)

    assert one(tmp_path, "template: {source: a.j2, destination: /run/x}") == (
        f"template[0].source: a.j2: {problem}"
    )


def test_a_directory_is_not_a_template(tmp_path):
    assert one(tmp_path, "template: {source: ., destination: /run/x}") == (
        "template[0].source: .: is a directory, not a file"
    )


def test_overwriting_in_place_is_a_warning(tmp_path):
    assert warnings(tmp_path, TEMPLATE.format("in_place: true")) == [
        "2: template[0].in_place: readers may see half a file while it is written"
    ]


def test_without_anything_to_write_there_is_nothing_to_do(tmp_path):
    assert problems(tmp_path, "template: []") == [
        "there is nothing to do; add an entry to `template:`"
    ]


def test_a_sink_is_something_to_do(tmp_path):
    assert not problems(
        tmp_path,
        """
        template: []
        auto_auth:
          method: {type: kubernetes, config: {role: app}}
          sinks: {config: {path: /run/token}}
        """,
    )


# --- where files go


@pytest.mark.parametrize(
    ("destination", "problem"),
    [
        ("run/x", "must be absolute; begin it with '/'"),
        ("/run/x/", "is a directory; add the file's name"),
        (r'"/run/\0"', "must not contain a NUL character"),
        ("/run/../x", "must not contain '..'; write the path that is meant"),
    ],
)
def test_invalid_destinations(tmp_path, destination, problem):
    text = f"template: {{contents: x, destination: {destination}}}"

    assert one(tmp_path, text) == f"template[0].destination: {problem}"


def test_two_things_at_one_path_name_both_lines(tmp_path):
    assert problems(
        tmp_path,
        """
        template:
          - contents: x
            destination: /run/a
          - contents: x
            destination: /run//./a
          - contents: x
            destination: /run/tls/cert.pem
        bundle:
          name: tls
          directory: /run/tls
          template: {contents: x, destination: cert.pem}
        pid_file: /run/a
        """,
    ) == [
        "5: template[1].destination: line 3 already writes to this path; give each file its own",
        (
            "11: bundle[0].template[0].destination: line 7 already writes to this path; give each "
            "file its own"
        ),
        "12: pid_file: line 3 already writes to this path; give each file its own",
    ]


def test_a_file_cannot_be_where_another_needs_a_directory(tmp_path):
    assert problems(
        tmp_path,
        """
        template:
          - {contents: x, destination: /run/a/b/c}
          - {contents: x, destination: /run/a}
        """,
    ) == ["2: template[0].destination: needs a directory where line 3 writes a file"]


def test_a_template_cannot_be_written_over_its_source(tmp_path):
    (tmp_path / "a.j2").write_text("x")

    assert one(tmp_path, f"template: {{source: a.j2, destination: {tmp_path}/a.j2}}") == (
        "template[0].destination: would overwrite the template that line 1 reads"
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("destination: /run/a", "destination: must be relative: it is inside the bundle's"),
        ("destination: a/../../b", "destination: must not leave the bundle's directory"),
        ("destination: ..data", "destination: must not begin with '..': such names are"),
        ("destination: a//b", "destination: must be written without '.', empty parts and NUL"),
        ("destination: ./a", "destination: must be written without '.', empty parts and NUL"),
        ("destination: a, in_place: true", "in_place: cannot be in a bundle, whose files change"),
        ("destination: a, create_dest_dirs: false", "create_dest_dirs: cannot be in a bundle"),
        ("destination: a, command: [x]", "command: cannot be set for one file; give the"),
        ("destination: a, wait: {min: 1s}", "wait: belongs to the whole bundle"),
        ("destination: a, on_remove: delete", "on_remove: belongs to the whole bundle"),
        ("destination: a, source: b.j2", "source: b.j2: no such file"),
        ("destination: a, check: {command: [x]}", "check.command: belongs to the whole bundle"),
        ("destination: a, check: {}", "check: needs command, format or both"),
    ],
)
def test_files_of_a_bundle(tmp_path, options, problem):
    contents = "" if "source" in options else "contents: x, "
    text = f"bundle: {{name: b, directory: /run/b, template: {{{contents}{options}}}}}"

    assert one(tmp_path, text).startswith(f"bundle[0].template[0].{problem}")


def test_a_bundle_needs_a_file(tmp_path):
    assert one(tmp_path, "bundle: {name: b, directory: /run/b, template: []}") == (
        "bundle[0].template: must not be empty"
    )


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ("name: b, directory: /run/c", "name: 'b' is the name of the bundle on line 1 too"),
        ("name: a/b, directory: /run/c", "name: a name consists of letters, digits,"),
        (
            "name: c, directory: /run/b/",
            "directory: line 1 already writes to this path; give each file its own",
        ),
    ],
)
def test_bundles_have_a_name_and_a_directory_of_their_own(tmp_path, second, problem):
    files = "template: {contents: x, destination: a}"
    other = "template: {contents: x, destination: z}"
    text = f"bundle: [{{name: b, directory: /run/b, {files}}}, {{{second}, {other}}}]"

    assert one(tmp_path, text).startswith(f"bundle[1].{problem}")


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ("{}", "check: needs command"),
        ("{command: [x], format: pem}", "check.format: applies to a single file; set it there"),
    ],
)
def test_a_check_of_a_bundle_is_a_command(tmp_path, check, problem):
    files = "template: {contents: x, destination: a}"
    text = f"bundle: {{name: b, directory: /run/b, {files}, check: {check}}}"

    assert one(tmp_path, text).startswith(f"bundle[0].{problem}")


def test_a_file_written_in_place_has_nothing_to_check_beforehand(tmp_path):
    options = "in_place: true, check: {command: [x]}"

    assert one(tmp_path, f"template: {{contents: x, destination: /run/a, {options}}}") == (
        "template[0].check.command: cannot be combined with in_place: there is no new file to look "
        "at beforehand"
    )


# --- notify


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{}", "app: needs exactly one of signal, http, command: got none"),
        (
            "{command: [x], http: {url: 'http://a'}}",
            "app: needs exactly one of signal, http, command: got http and command",
        ),
        (
            "{signal: HUP}",
            "app: signal needs `process`; add it, such as {pid_file: /run/app/app.pid}",
        ),
        (
            "{process: {name: x}}",
            (
                "app: process needs `signal`, such as SIGHUP: only the supervised command "
                "(`child: true`) can be restarted instead"
            ),
        ),
        (
            "{signal: HUP, process: {}}",
            "app.process: needs exactly one of pid_file, name, exe, child: got none",
        ),
        (
            "{signal: HUP, process: {name: x, exe: /x}}",
            "app.process: needs exactly one of pid_file, name, exe, child: got name and exe",
        ),
        ("{http: {url: '/reload'}}", "app.http.url: expected http://… or https://…"),
        (
            "{http: {url: 'http://a', expect: [200, 20]}}",
            "app.http.expect[1]: expected a status code from 100 to 599",
        ),
        (
            "{http: {url: 'http://a', body_pattern: '('}}",
            "app.http.body_pattern: not a regular expression: missing ), unterminated subpattern",
        ),
        (
            "{command: [x], verify: {}}",
            "app.verify: needs exactly one of http, tcp, command: got none",
        ),
        (
            "{command: [x], verify: {http: {url: a}}}",
            "app.verify.http.url: expected http://… or https://…",
        ),
        ("{command: [x], verify: {tcp: a}}", "app.verify.tcp: expected host:port"),
        (
            "{command: [x], wait: {min: 20s, max: 15s}}",
            "app.wait.max: must not be less than min (20s)",
        ),
        ("{command: [x], timeout: 0}", "app.timeout: must be more than 0"),
        (
            "{command: [x], verify: {tcp: 'a:1', timeout: 0s}}",
            "app.verify.timeout: must be more than 0",
        ),
    ],
)
def test_entries_of_notify(tmp_path, entry, problem):
    assert one(tmp_path, f"notify: {{app: {entry}}}") == f"notify.{problem}"


# --- what others know


def test_other_checks_of_a_destination_get_line_and_key(tmp_path):
    asked = []

    def check(config: model.Config, entry: model.Template | model.Bundle) -> list[str]:
        place = entry.directory if isinstance(entry, model.Bundle) else entry.destination
        asked.append((config.log_level, place))
        return ["not memory-backed"]

    found = problems(
        tmp_path,
        """
        template:
          - contents: x
            destination: /run/a
        bundle:
          name: b
          directory: /run/b
          template: {contents: x, destination: c}
        """,
        checks=Checks(destination=check),
    )

    assert asked == [("info", "/run/a"), ("info", "/run/b")]
    assert found == [
        "3: template[0].destination: not memory-backed",
        "6: bundle[0].directory: not memory-backed",
    ]


def test_other_checks_of_a_template_get_its_text(tmp_path):
    source = tmp_path / "a.j2"
    source.write_text("from a file")
    asked = []

    def check(config: model.Config, template: Any, text: str, stands: Standing) -> list[Spot]:
        asked.append((template.destination, text))
        return [Spot(1, 8, 1, "unexpected '}'")]

    found = problems(
        tmp_path,
        """
        template:
          - {contents: from here, destination: /run/a}
          - source: a.j2
            destination: /run/b
        """,
        checks=Checks(template=check),
    )

    assert asked == [
        ("/run/a", "from here"),
        ("/run/b", "from a file"),
    ]
    assert found == [
        "2: template[0]: unexpected '}'",
        f"{source}:1:8: template[1]: unexpected '}}'",
    ]
