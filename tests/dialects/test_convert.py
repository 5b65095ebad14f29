"""`injector convert`: configurations of the agents become ours, with the same meaning."""

# ruff: noqa: E501 - what is printed has long lines

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from injector import cli
from injector.dialects.convert.jinja import CannotError, converted
from injector.dialects.convert.names import Names
from injector.dialects.convert.native import native
from injector.dialects.convert.proof import require_same
from injector.dialects.convert.writing import text_of
from injector.dialects.vault_agent.nodes import Block
from injector.rendering.template import Source
from injector.runtime.plan import plan
from injector.sources.vault.ref import VaultRef
from tests.dialects.agents import whole
from tests.support.processes import result

APP = '{{ with secret "secret/data/app" }}%s{{ end }}'
ROLE = '{{ with secret "database/creds/app" }}%s{{ end }}'


def as_jinja(text, **delimiters):
    source = Source("it", text, **delimiters)
    made = converted(source, Names())
    require_same(source, made)
    return made.text


# -- templates


@pytest.mark.parametrize(
    ("go", "jinja"),
    [
        ("no secret", "no secret"),
        (APP % "{{ .Data.data.user }}", "{{ app.user }}"),
        (APP % '{{ index .Data.data "a-b" }}', '{{ app["a-b"] }}'),
        (APP % "{{ .Data.data.in }}", '{{ app["in"] }}'),
        (APP % "a\n{{- /* said */ -}}\nb\n", "ab\n"),
        (APP % "  {{- .Data.data.a -}}  b", "{{ app.a }}b"),
        (APP % "{{ .Data.data.a | sha256Hex }}", "{{ app.a|sha256 }}"),
        (APP % "{{ $a := .Data.data.a }}{{ $a }}{{ $a }}", "{{ app.a }}{{ app.a }}"),
        (APP % 'é{{ "{{" }}', 'é{{ "{{" }}'),
        (APP % '{"a": {"b": {{ .Data.data.a }}}}', '{"a": {"b": {{ app.a }}}}'),
        (APP % '{{ env "HOME" }}', '{{ env("HOME", "") }}'),
        (ROLE % "{{ .Data.username }}", "{{ app.username }}"),
        (APP % (ROLE % "{{ .Data.username }}"), "{{ creds_app.username }}"),
        (APP % ("{{ .Data.data.a }}" + ROLE % "{{ .Data.b }}"), "{{ app.a }}{{ creds_app.b }}"),
        ('{{ (secret "a/data/b-c").Data.data.d }}', "{{ b_c.d }}"),
        ('{{ $s := secret "a/data/1" }}{{ with $s }}{{ .Data.data.d }}{{ end }}', "{{ _1.d }}"),
        ('{{ with $s := secret "a/data/env" }}{{ $s.Data.data.d }}{{ end }}', "{{ data_env.d }}"),
        (
            APP % "{{ range $k, $v := .Data.data }}{{ $k }}={{ $v }};{{ end }}",
            "{% for k, v in app|dictsort(case_sensitive=true) %}{{ k }}={{ v }};{% endfor %}",
        ),
        (
            ROLE % "{{ range .Data }}{{ . }}\n{{ end }}",
            "{% for key, value in app|dictsort(case_sensitive=true) %}{{ value }}\n{% endfor %}",
        ),
        (
            APP % "{{ range $app := .Data.data }}{{ $app }}{{ end }}",
            "{% for key, app_ in app|dictsort(case_sensitive=true) %}{{ app_ }}{% endfor %}",
        ),
        (
            "{{ with secret `pki/issue/web` `common_name=a` `ttl=1h` }}{{ .Data.key }}{{ end }}",
            "{{ web.key }}",
        ),
    ],
)
def test_what_works_the_same_in_both_languages_is_converted(go, jinja):
    assert as_jinja(go) == jinja


@pytest.mark.parametrize(
    ("go", "why"),
    [
        (APP % "{{ if .Data.data.a }}a{{ end }}", "line 1: `if`"),
        (APP % "\n\n{{ .Data.data | toJSON }}", "line 3: `.Data.data | toJSON`"),
        (APP % "{{ .LeaseID }}", "line 1: `.LeaseID`"),
        (APP % "{{ .Data.metadata.version }}", "line 1: `.Data.metadata.version`"),
        (APP % "{% raw %}", "line 1: `{%` is plain text in Go, but not in Jinja"),
        (APP % "{ {{- .Data.data.a }}", "line 1: `{` directly before an action"),
        (APP % '{{ index .Data.data "a\\"b" }}', 'line 1: `index .Data.data "a\\"b"`'),
        # KV version 2 without `data/`: only the mount would tell.
        (
            '{{ with secret "kv/a" }}{{ .Data.data.b }}{{ end }}',
            "line 1: `.Data.data.b` of `kv/a`: add `data/` to the path to make it convertible",
        ),
        (
            '{{ with secret "kv/a" }}{{ .Data.data }}{{ end }}',
            "line 1: `.Data.data`: the path may belong to KV version 2",
        ),
        (
            '{{ with secret (printf "a/%s" (env "B")) }}{{ end }}',
            'line 1: `secret (printf "a/%s" (env "B"))`: its path is computed',
        ),
        (
            "{{ with secret `a/b` }}{{ else }}{{ end }}",
            "line 1: `with` on anything but a secret, or with `else`",
        ),
        ("{{ with pkiCert `a` }}{{ .Cert }}{{ end }}", "line 1: `pkiCert `a``"),
        ("{{ define `a` }}{{ end }}", "it defines templates"),
        ("{{ $x := 1 }}{{ $x = 2 }}", "line 1: `1`"),
    ],
)
def test_everything_else_is_kept_with_the_reason(go, why):
    with pytest.raises(CannotError) as caught:
        as_jinja(go)

    assert str(caught.value) == why


def test_delimiters_are_kept():
    delimiters = {"left_delimiter": "[[", "right_delimiter": "]]"}

    assert as_jinja("[[ env `A` ]] }}", **delimiters) == '[[ env("A", "") ]] }}'


def test_a_conversion_that_renders_differently_is_discarded():
    source = Source("it", APP % "{{ .Data.data.user }}")
    made = converted(source, Names())

    with pytest.raises(CannotError, match="renders differently"):
        require_same(source, replace(made, text=f"{made.text} "))


def test_each_secret_has_one_unique_name():
    names = Names()
    for path, name in [
        ("secret/data/app", "app"),
        ("secret/data/app", "app"),
        ("secret/data/app?version=2", "data_app"),
        ("kv/app", "kv_app"),
        ("kv/secret", "kv_secret"),  # a reserved word
        ("secret-data/app", "secret_data_app"),
    ]:
        assert names.secret(VaultRef.of(path)) == name


# -- whole configurations

WHOLE = r"""
vault { address = "http://127.0.0.1:8200" }
auto_auth {
  method "approle" {
    config = {
      role_id_file_path                   = "ROLE_ID"
      secret_id_file_path                 = "SECRET_ID"
      remove_secret_id_file_after_reading = false
    }
  }
}
template {
  contents = <<EOF
{{ with secret "PATH" -}}
password: {{ .Data.data.password }} ${HOME}
{{ end }}
EOF
  destination = "HERE/app.yaml"
  perms = 0640
  command = "touch HERE/told && true"
}
template {
  contents = "{{ with secret \"PATH\" }}{{ .Data.data | toJSON }}{{ end }}"
  destination = "HERE/app.json"
}
"""
AS_OURS = r"""# Made from agent.hcl by `injector convert`.

vault:
  address: http://127.0.0.1:8200  # VAULT_ADDR no longer overrides it

auto_auth:
  method:
    type: approle
    config:
      role_id_file_path: ROLE_ID
      secret_id_file_path: SECRET_ID
      remove_secret_id_file_after_reading: false
    max_backoff: 5m  # Vault Agent's default: logins are retried after up to 5 minutes; without this line, 20s

secrets:
  app:
    path: PATH

template:
  - destination: HERE/app.yaml
    perms: "0640"
    command: ["sh", "-c", "touch HERE/told && true"]
    command_timeout: 30s
    contents: |+  # a missing key is now an error; before, it was <no value>
      password: {{ app.password }} ${HOME}

  - contents: "{{ with secret \"PATH\" }}{{ .Data.data | toJSON }}{{ end }}"
    destination: HERE/app.json
    language: go  # not converted: line 1: `.Data.data | toJSON`
    error_on_missing_key: false  # Vault Agent's default: a missing key is rendered as <no value>; without this line, true
    perms: "0644"  # Vault Agent's default: everybody can read the file; without this line, 0600

template_config:
  require_memory_backed: false  # Vault Agent's default: files may be on disk; without this line, they must be in memory
  require_trusted_directory: false  # Vault Agent's default: files may be where others can exchange them; without this line, they may not
  static_secret_render_interval: 5m  # Vault Agent's default: a changed secret is noticed after up to 5 minutes; without this line, 60s

log_format: standard  # Vault Agent's default: human-readable lines; without this line, auto
"""


@pytest.fixture
def words(tmp_path, app):
    """A configuration for this machine and server, which gets written."""
    words = {
        "http://127.0.0.1:8200": app.bao.address,
        "SECRET_ID": str(app.secret_id),
        "ROLE_ID": str(app.role_id),
        "PATH": app.path("app"),
        "HERE": str(tmp_path),
    }
    text = WHOLE
    for word, value in words.items():
        text = text.replace(word, value)
    (tmp_path / "agent.hcl").write_text(text)
    return words


def test_a_configuration_becomes_one_of_ours(tmp_path, words):
    text = native([str(tmp_path / "agent.hcl")]).text
    for word, value in words.items():
        text = text.replace(value, word)

    assert text == AS_OURS


def test_both_write_the_same(tmp_path, words, app):
    app.put("app", password="a: 'b' \"c\"")
    made = result("convert", tmp_path / "agent.hcl")
    (tmp_path / "injector.yaml").write_text(made.stdout)

    agent = result("agent", f"-config={tmp_path}/agent.hcl", "-exit-after-auth")
    before = {name: (tmp_path / name).read_bytes() for name in ("app.yaml", "app.json", "told")}
    for name in before:
        (tmp_path / name).unlink()
    ours = result("once", "-c", tmp_path / "injector.yaml")

    assert (made.returncode, agent.returncode, ours.returncode) == (0, 0, 0), ours.stderr
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    "file", sorted(Path("tests/dialects/vault_k8s").glob("*.json")), ids=lambda file: file.stem
)
def test_the_meaning_is_preserved(tmp_path, file):
    (tmp_path / "odd.tpl").write_text("[[ 1 ]]")
    agent = tmp_path / "agent.hcl"
    text = file.read_text().replace("/vault/custom", str(tmp_path))
    agent.write_text(text.replace("/vault/agent-cache", "/dev/shm/agent-cache"))
    ours = tmp_path / "injector.yaml"
    ours.write_text(native([str(agent)]).text)

    before, after = (plan(str(path), {}, elsewhere=True).config for path in (agent, ours))

    found = [
        msgspec.to_builtins(msgspec.structs.replace(config, secrets={}))
        for config in (before, after)
    ]
    of_texts = ("contents", "source", "language", "error_on_missing_key", "sandbox_path")
    for config in found:
        config["template"] = [each | dict.fromkeys(of_texts) for each in config["template"]]
    assert found[0] == found[1]
    assert [each.language for each in after.template] == ["jinja", "jinja", "go"]


def test_a_template_file_is_inlined(tmp_path):
    source = tmp_path / "app.ctmpl"
    source.write_text(APP % "{{ .Data.data.a }}")
    file = tmp_path / "agent.hcl"
    text = 'template { source = "%s" destination = "/run/x" error_on_missing_key = true }'
    file.write_text(whole(text % source))

    found = native([str(file)]).text

    assert f'contents: "{{{{ app.a }}}}"  # was {source}\n' in found


@pytest.mark.parametrize(
    ("command", "remark"),
    [("", ""), ('command = "a"', "  # now a failed command prevents the exit; before, it did not")],
)
def test_a_remark_says_where_failing_commands_matter_now(tmp_path, command, remark):
    file = tmp_path / "agent.hcl"
    text = f'exit_after_auth = true\ntemplate {{ contents = "x" destination = "/tmp/x" {command} }}'
    file.write_text(whole(text))

    assert f"\nexit_after_auth: true{remark}\n" in native([str(file)]).text


def test_features_of_the_agent_command_cause_warnings(tmp_path, capsys):
    file = tmp_path / "agent.hcl"
    file.write_text(
        whole(
            """
            template { contents = "x" destination = "/run/x" }
            listener "tcp" { address = "127.0.0.1:8100" tls_disable = true }
            listener "tcp" { address = "127.0.0.1:8101" tls_disable = true role = "metrics_only" }
            """
        )
    )

    assert cli.main(["convert", str(file)]) == 0
    assert capsys.readouterr().err == (
        f"{file}:2:1: warning: listener[0]: requests are no longer forwarded to Vault: only "
        "`injector agent` does that\n"
        "  |\n"
        '2 | listener "tcp" { address = "127.0.0.1:8100" tls_disable = true }\n'
        "  | ^^^^^^^^\n"
    )


def test_all_problems_are_reported_and_nothing_is_printed(tmp_path, capsys):
    file = tmp_path / "agent.hcl"
    file.write_text(whole('template { contents = "{{" destination = "/run/x" perms = "9" }'))

    assert cli.main(["convert", str(file)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count(": problem: ") == 2


@given(st.lists(st.text(alphabet=st.sampled_from("a \n\t\r:#'\"\\{|-é\u2028\x01😀")), min_size=1))
def test_any_string_survives_a_round_trip(texts):
    root, inner = Block("f", 1), Block("f", 1)
    for number, text in enumerate(texts):
        root.put(f"k{number}", text, verbatim=True, remark="said")
        inner.put(f"k{number}", text, verbatim=True)
    root.put("list", [inner, inner])
    root.put("words", texts, verbatim=True)

    read = {f"k{number}": text for number, text in enumerate(texts)}
    assert yaml.safe_load(text_of(root)) == {**read, "list": [read, read], "words": texts}
