"""Unusual requests have the agent's results: writes without an answer, escaped and odd paths."""

# ruff: noqa: E501, ISC004 - a template is a line

import pytest

from injector.dialects.gotemplate import Surroundings
from tests.dialects.gotemplate.judge import Case, Judge
from tests.dialects.gotemplate.ours import render

PATHS = {"a b": "space", "a%20b": "percent", "a#b": "hash", "a": "plain", "data/in": "inner"}
CASES = [
    # 204: nothing to say
    '{{ with secret "kv1/odd/w" "a=b" }}yes{{ else }}none{{ end }}',
    '{{ $x := secret "kv1/odd/w" "a=b" }}{{ $x }}|{{ if $x }}y{{ end }}|{{ not $x }}',
    '{{ with secret "kv1/odd/w w" "a=b" }}y{{ else }}n{{ end }}',
    # a read is a URL; a write and a list are not
    '{{ with secret "secret/data/odd/a%20b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/data/odd/a b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/data/odd/a%2520b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/data/odd/a#b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/data/odd/a%23b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/odd/a%20b" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret/odd/a?version=1#x" }}{{ .Data.data.v }}{{ end }}',
    '{{ with secret "secret%2Fdata%2Fodd/a" }}{{ .Data.data.v }}{{ end }}',
    '{{ range secrets "secret/metadata/odd/a%20b" }}{{ . }}{{ end }}.',
    '{{ with pkiCert "pki-odd/issue/w%65b" "common_name=a" "ttl=1h" }}{{ len .Cert | lt 9 }}{{ end }}',
    '{{ with pkiCert "pki-odd/issue/web" "common_name=a" "ttl=1h" "format=pem_bundle" }}'
    "{{ len .Cert | lt 9 }}{{ len .Key | lt 9 }}{{ .CA }}{{ end }}",
    # the names below `data/` of KV version 2 are those below `metadata/data/`
    '{{ range secrets "secret/data" }}{{ . }},{{ end }}.',
    '{{ range secrets "secret/data/odd" }}{{ . }},{{ end }}.',
    '{{ range secrets "secret/data/ours/" }}{{ . }},{{ end }}.',
]  # fmt: skip
REFUSED = [
    '{{ with secret "secret/data/odd/a%zz" }}x{{ end }}',
    '{{ with pkiCert "pki-odd/issue/web" "common_name=a" "ttl=1h" "format=der" }}{{ .Cert }}{{ end }}',
    '{{ with pkiCert "sys/tools/hash/sha2-256" "input=aGVsbG8=" }}{{ .Cert }}{{ end }}',
]


@pytest.fixture(scope="module")
def bao(server):
    for name, value in PATHS.items():
        server.admin.secrets.kv.v2.create_or_update_secret(f"odd/{name}", secret={"v": value})
    server.admin.secrets.kv.v2.create_or_update_secret("data/in", secret={"v": "x"})
    server.admin.sys.enable_secrets_engine("pki", path="pki-odd")
    write = server.admin.write_data
    write("pki-odd/root/generate/internal", data={"common_name": "root", "ttl": "8000h"})
    write("pki-odd/roles/web", data={"allow_any_name": True})
    return server


def test_the_agent_and_we_write_the_same(bao, tmp_path):
    cases = [Case(text) for text in CASES]

    theirs = Judge(bao, tmp_path).render(cases)

    assert [text for text, result in zip(CASES, theirs, strict=True) if result is None] == []
    ours = render(bao, cases, Surroundings())
    assert [row for row in zip(CASES, theirs, ours, strict=True) if row[1] != row[2]] == []


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_agent_refuses_is_an_error_with_its_position(bao, tmp_path, text):
    (ours,) = render(bao, [Case(text)], Surroundings())

    assert Judge(bao, tmp_path).render([Case(text)]) == [None]
    assert isinstance(ours, str)
    assert ours.startswith("t.tpl:1:")
