"""`injector check` and `injector schema` as people and scripts see them."""

import argparse
import io
import json
import re

import pytest
import trustme

from injector.cli import check, schema
from tests.support.configs import complete
from tests.support.processes import clean_environment, result

GOOD = """
secrets: {app: {path: secret/data/app}, db: {path: database/creds/app}}
notify: {app: {command: [x]}}
template: {contents: x, destination: /run/x, notify: app}
"""


def checked(folder, text, *, as_json=False):
    file = folder / "app.yaml"
    file.write_text(complete(text))
    out = io.StringIO()
    code = check.check(str(file), {}, out, as_json=as_json)
    return code, out.getvalue().replace(f"{folder}/", "")


def test_a_valid_file_is_summarized(tmp_path):
    assert checked(tmp_path, GOOD) == (
        0,
        "app.yaml: ok (2 secrets, 1 file, 1 notification target)\n",
    )


def test_a_secret_that_no_file_uses_is_a_warning(tmp_path, capsys):
    file = tmp_path / "app.yaml"
    file.write_text(
        complete("""
secrets:
  app: {path: secret/data/app}
  ap: {path: secret/data/ap}
template: {contents: "{{ app.x }}", destination: /run/x}
""")
    )

    check.main(
        argparse.Namespace(
            config=str(file), elsewhere=True, online=False, json=False, use_secret_id=False
        )
    )

    said = capsys.readouterr().out
    assert f"{file}:3:3: warning: secrets.ap: no file uses it, so it is never read\n" in said
    assert "secrets.app" not in said


def test_a_certificate_that_cannot_be_used_here_is_a_warning(tmp_path, capsys):
    authority, pair = tmp_path / "ca.pem", tmp_path / "client.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    trustme.CA().issue_cert("client").private_key_and_cert_chain_pem.write_to_path(pair)

    def warnings(ca=authority, cert=pair, key=pair, *, elsewhere=False):
        file = tmp_path / "app.yaml"
        file.write_text(f"""\
vault:
  address: https://vault.example:8200
  ca_cert: {ca}
  client_cert: {pair}
  client_key: {pair}
auto_auth: {{method: {{type: cert, config: {{client_cert: {cert}, client_key: {key}}}}}}}
template: {{contents: x, destination: /dev/shm/not-written}}
""")
        args = argparse.Namespace(
            config=str(file), elsewhere=elsewhere, online=False, json=False, use_secret_id=False
        )
        assert check.main(args) == 0
        said = capsys.readouterr().out.replace(f"{tmp_path}/", "")
        return [line for line in said.splitlines() if " warning: " in line]

    assert warnings() == []
    (its_authority,) = warnings(ca="/gone.pem")
    assert its_authority == (
        "app.yaml:3:12: warning: vault.ca_cert: cannot read /gone.pem for TLS: "
        "No such file or directory"
    )
    assert warnings(ca="/gone.pem", elsewhere=True) == []
    for changed in ("cert", "key"):
        (its_own,) = warnings(**{changed: "/gone.pem"})
        assert re.match(
            r"app\.yaml:6:56: warning: auto_auth\.method\.config\.client_cert: cannot read /gone",
            its_own,
        )


def test_problems_are_listed_and_counted(tmp_path):
    code, output = checked(tmp_path, "log_level: debgu\npid_file: x\n")

    assert code == 2
    assert output.splitlines() == [
        "app.yaml:1:12: problem: log_level: unknown value 'debgu'",
        "  |",
        "1 | log_level: debgu",
        "  |            ^^^^^",
        "  = help: did you mean 'debug'?",
        "app.yaml:2:11: problem: pid_file: expected an absolute path, got 'x'",
        "  |",
        "2 | pid_file: x",
        "  |           ^",
        "  = help: begin it with '/'",
        "app.yaml: 2 problems",
    ]


def test_a_file_with_warnings_is_valid(tmp_path):
    code, output = checked(tmp_path, "vault: {address: 'http://vault:8200'}")

    assert code == 0
    assert output.splitlines()[0].startswith("app.yaml:1:18: warning: vault.address: http:// sends")


def test_a_file_with_namespaces_shows_the_namespace_of_each_request(tmp_path):
    _, output = checked(
        tmp_path,
        """
        vault: {address: https://v, namespace: team-a}
        secrets: {app: {path: p}, shared: {path: p, namespace: common}}
        """,
    )

    assert output.splitlines()[:-1] == [
        "namespace team-a: login, app",
        "namespace common: shared",
    ]


def test_scripts_get_json(tmp_path):
    code, output = checked(tmp_path, "log_level: debgu", as_json=True)

    assert code == 2
    assert json.loads(output) == {
        "ok": False,
        "file": "app.yaml",
        "problems": [
            {
                "level": "problem",
                "file": "app.yaml",
                "line": 1,
                "column": 12,
                "key": "log_level",
                "text": "unknown value 'debgu'",
                "remedy": "did you mean 'debug'?",
            }
        ],
        "warnings": [],
        "advice": [],
        "secrets": 0,
        "files": 0,
        "variables": 0,
        "notifications": 0,
        "namespaces": {},
    }


def test_check_takes_its_file_from_the_command_line(tmp_path, capsys):
    file = tmp_path / "app.yaml"
    anywhere = "template_config: {require_memory_backed: false}\n"
    file.write_text(complete(GOOD.replace("/run", str(tmp_path)).replace("[x]", "[sh]") + anywhere))
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)

    assert check.main(parser.parse_args(["-c", str(file)])) == 0
    assert capsys.readouterr().out.endswith(": ok (2 secrets, 1 file, 1 notification target)\n")


def test_schema_prints_json(capsys):
    parser = argparse.ArgumentParser()
    schema.add_arguments(parser)

    assert schema.main(parser.parse_args([])) == 0
    assert json.loads(capsys.readouterr().out)["$defs"].keys() == schema.schema()["$defs"].keys()


def test_check_knows_the_disk_and_the_template_language(tmp_path, capsys):
    file = tmp_path / "app.yaml"
    file.write_text(complete("template: {contents: '{% if %}', destination: /proc/x}"))
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)

    assert check.main(parser.parse_args(["-c", str(file)])) == 2
    output = capsys.readouterr().out
    assert f"{file}:1:29: problem: template[0]: syntax error: " in output
    assert f"{file}:1:47: problem: template[0].destination: " in output


def test_a_configuration_for_another_machine_is_checked_without_its_destinations(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_text(complete("template: {destination: /etc/not-in-memory/app, contents: x}"))

    parser = argparse.ArgumentParser()
    check.add_arguments(parser)

    assert check.main(parser.parse_args(["-c", str(file)])) == 2
    assert check.main(parser.parse_args(["-c", str(file), "--elsewhere"])) == 0


@pytest.fixture
def accented(tmp_path):
    file = tmp_path / "caf\u00e9.yaml"
    file.write_text(complete("template: {contents: caf\u00e9, destination: /run/x}"), "utf-8")
    return file


def in_ascii(*args):
    return result(*args, environ=clean_environment(PYTHONIOENCODING="ascii"))


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_where_output_is_ascii_what_it_lacks_is_escaped(accented, more):
    ended = in_ascii("check", "-c", accented, "--elsewhere", *more)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert r"caf\xe9.yaml" in ended.stdout or r"caf\u00e9.yaml" in ended.stdout


@pytest.mark.parametrize("args", [("--help",), ("run", "--help"), ("schema",)])
def test_and_so_are_our_own_words(args):
    ended = in_ascii(*args)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.isascii()


def test_what_is_printed_to_be_used_is_no_escape(accented, tmp_path):
    (tmp_path / "fixtures").mkdir()

    ended = in_ascii("render", "-c", accented, "--fixtures", tmp_path / "fixtures", "--content")

    assert "caf\u00e9" in ended.stdout, ended.stderr
