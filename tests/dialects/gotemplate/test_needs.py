"""What a Go template requests: before the first request, and once some secrets are known."""

# ruff: noqa: E501 - a template is a line

from typing import Any

import pytest

from injector.base.errors import RenderError
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef
from tests.dialects.gotemplate.render import APP, lacking, rendered, template, with_app

LIST = VaultRef.of("secret/metadata/many", lists=True)


def known(text, **options):
    return {str(ref) for ref in template(text, **options).refs}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{{with secret "secret/data/a"}}{{end}}{{with secret "secret/data/b"}}{{end}}', {"secret/data/a", "secret/data/b"}),
        ('{{with secret "secret/data/a"}}{{with secret "secret/data/b"}}{{end}}{{end}}', {"secret/data/a", "secret/data/b"}),
        ('{{if secret "secret/data/a"}}{{with secret "secret/data/b"}}{{end}}{{end}}', {"secret/data/a", "secret/data/b"}),
        ('{{if and (secret "secret/data/a") (secret "secret/data/b")}}{{end}}', {"secret/data/a", "secret/data/b"}),
        ('{{with secret (printf "secret/data/%s" (env "NONE"))}}{{end}}', {"secret/data"}),
        ('{{range split "," "a,b"}}{{with secret (print "secret/data/" .)}}{{end}}{{end}}', {"secret/data/a", "secret/data/b"}),
        ('{{define "t"}}{{with secret .}}{{end}}{{end}}{{template "t" "secret/data/a"}}{{executeTemplate "t" "secret/data/b"}}', {"secret/data/a", "secret/data/b"}),
        # What depends on a value is unknown, and not guessed.
        ('{{with secret "secret/data/a"}}{{if .Data.x}}{{with secret "secret/data/b"}}{{end}}{{end}}{{end}}', {"secret/data/a"}),
        ('{{with secret "secret/data/a"}}{{with secret .Data.path}}{{end}}{{end}}', {"secret/data/a"}),
        ('{{with secret "secret/data/a"}}{{range .Data.list}}{{with secret "secret/data/b"}}{{end}}{{end}}{{end}}', {"secret/data/a"}),
        ('{{$p := "secret/data/b"}}{{if (secret "secret/data/a").Data.x}}{{$p = "secret/data/c"}}{{end}}{{with secret $p}}{{end}}', {"secret/data/a"}),
        ('{{if (secret "secret/data/a").Data.x}}{{scratch.Set "p" "secret/data/c"}}{{end}}{{with secret (scratch.Get "p")}}{{end}}', {"secret/data/a"}),
        ('{{scratch.Set "p" (secret "secret/data/a").Data.x}}{{if scratch.Key "p"}}{{with secret "secret/data/b"}}{{end}}{{end}}', {"secret/data/a"}),
        ('{{range split "," "a,b"}}{{if (secret "secret/data/x").Data.stop}}{{break}}{{end}}{{with secret (print "secret/data/" .)}}{{end}}{{end}}', {"secret/data/x"}),
        ('{{define "t"}}{{(secret "secret/data/a").Data.x}}{{end}}{{if eq (executeTemplate "t") ""}}{{with secret "secret/data/b"}}{{end}}{{end}}', {"secret/data/a"}),
        ('{{range secrets "secret/metadata/many"}}{{with secret (print "secret/data/" .)}}{{end}}{{end}}', {"list secret/metadata/many"}),
    ],
)  # fmt: skip
def test_secrets_that_do_not_depend_on_others_are_known_before_the_first_request(text, paths):
    assert known(text) == paths


def test_a_thousand_secrets_of_a_list_are_found_in_one_round():
    names = [f"k{number:04d}" for number in range(1000)]
    text = (
        '{{range secrets "secret/metadata/many"}}'
        '{{with secret (print "secret/data/many/" .)}}{{.Data.data.v}}{{end}}{{end}}'
    )
    there: dict[Ref, Any] = {LIST: {"keys": names}}

    assert lacking(text, there) == {f"secret/data/many/{name}" for name in names}

    there |= {VaultRef.of(f"secret/data/many/{name}"): {"v": "x"} for name in names}
    assert rendered(text, secrets=there) == "x" * 1000


def test_arguments_in_any_order_are_one_secret_and_parameters_make_a_write():
    one = template('{{secret "pki/issue/web" "a=1" "b=2"}}').refs
    other = template('{{secret "/pki/issue/web/" " b = 2" "" "a=1 "}}{{pkiCert "pki/issue/web" "b=2" "a=1"}}').refs  # fmt: skip

    assert one == other == {VaultRef.of("pki/issue/web", {"a": "1", "b": "2"})}


def test_a_named_secret_is_the_one_at_that_path():
    named = VaultRef.of("database/creds/app", namespace="")

    assert template('{{secret "database/creds/app"}}', names={"db": named}).refs == {named}
    assert template('{{secret "database/creds/app"}}').refs == {
        VaultRef.of("database/creds/app", by_mount=True)
    }


def test_an_optional_secret_that_does_not_exist_is_empty():
    text = '{{with secret "secret/data/app"}}a{{else}}b{{end}}'

    assert rendered(text, secrets={APP: None}, names={"app": APP}) == "b"


def test_the_local_files_are_known_before_the_first_request():
    text = '{{file "/etc/a"}}{{"/etc/b" | file}}{{file (secret "secret/data/app").Data.x}}'

    assert template(text).files == {"/etc/a", "/etc/b"}


@pytest.mark.parametrize("step", ["..", "%2e%2E", "."])
def test_a_path_that_is_made_from_a_value_cannot_lead_to_another_secret(step):
    """Vault redirects what climbs, and the token may read that secret, too."""
    with pytest.raises(RenderError, match=r"secret: write the path without `\.` and `\.\.`"):
        with_app('{{ secret (print "secret/data/" .a) }}', app={"a": f"{step}/other"})
