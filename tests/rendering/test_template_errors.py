"""What an error says: where, what, what to do; and never a value."""

# ruff: noqa: E501, ISC004 - tables of examples read best with one to a line

import re
from typing import Any

import pytest

from injector.base.errors import InjectorError, MissingError, RenderError
from injector.rendering.template import Snapshot, Source
from injector.rendering.template.compiled import compile as compile_template
from injector.runtime.plan import plan
from injector.sources.vault.ref import VaultRef
from tests.support.templates import APP, CANARY, NAMES, TLS, rendered, template


def without_column(error: Exception) -> str:
    return re.sub(r"^(t\.j2:\d+):\d+: ", r"\1: ", str(error))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ app.pasword }}",
         "secret 'app' (secret/data/app) has no key 'pasword'; did you mean 'password'?"),
        ("{{ app['x y'] }}", "secret 'app' (secret/data/app) has no key 'x y'"),
        ("{{ app.map.inner.x }}", "'inner' of 'map' of secret 'app' (secret/data/app) has no key 'x'"),
        ("{{ app.list[7] }}", "'list' of secret 'app' (secret/data/app) has no item '7'"),
        ("{{ app.null }}",
         "secret 'app' (secret/data/app) has null for key 'null'; give it a `default(…)`"),
        ("{{ app.x|upper }}", "secret 'app' (secret/data/app) has no key 'x'"),
        ("{{ app.x|sha256 }}",
         "`sha256`: there is no value: secret 'app' (secret/data/app) has no key 'x'"),
        ("{% set y = app.x %}{{ y }}", "secret 'app' (secret/data/app) has no key 'x'"),
        ("{{ app.x|join }}",
         "`join`: there is no value: secret 'app' (secret/data/app) has no key 'x'"),
        ("{{ [app.x]|join }}",
         "`join`: there is no value: secret 'app' (secret/data/app) has no key 'x'"),
        ("{{ secret('secret/data/app').x }}", "secret secret/data/app has no key 'x'"),
        ("{{ tls.key }}", "secret 'tls' (pki/issue/web) does not exist; ask `is none` first, as it is"
         " optional"),
    ],
)  # fmt: skip
def test_a_missing_key_is_named_with_its_secret_line_and_remedy(text, message):
    app: dict[str, Any] = {"password": CANARY, "map": {"inner": {}}, "list": [CANARY], "null": None}

    with pytest.raises(MissingError) as caught:
        rendered(f"\n\n{text}", app=app)

    assert without_column(caught.value) == f"t.j2:3: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ app.k", "t.j2:2: `{{` is never closed; add `}}` where the tag ends"),
        ("{% if %}", "t.j2:2: syntax error: "),
        (
            "{{ app.k|b64encod }}",
            "t.j2:2: there is no filter 'b64encod'; did you mean 'b64encode'?",
        ),
        ("{{ app.k is nope }}", "t.j2:2: there is no test 'nope'"),
        ("{{ app.k is not nope }}", "t.j2:2: there is no test 'nope'"),
        (
            "{{ app.api-key }}",
            "t.j2:2: a key with a '-' needs brackets; write ['api-key'] instead of .api-key",
        ),
        ("{{ nope(1) }}", "t.j2:2: there is no function 'nope'; there are `secret` and `env`"),
        ("{{ debug() }}", "t.j2:2: there is no function 'debug'"),
        ("{{ ap.k }}", "t.j2:2: `secrets:` has no 'ap'; did you mean 'app'?"),
        ("{% include 'x' %}", "t.j2:2: `include` is not supported: a template is a single text"),
        ("{% extends app.k %}", "t.j2:2: `extends` is not supported"),
        ("{% import 'x' as y %}", "t.j2:2: `import` is not supported"),
        ("{% from 'x' import y %}", "t.j2:2: `from` is not supported"),
        ("{{ secret('') }}", "t.j2:2: `secret`: the first argument must be the path, as a string"),
        ("{{ secret('a', 1) }}", "t.j2:2: `secret`: the second argument is a map of parameters"),
    ],
)
def test_what_fails_with_any_values_fails_before_they_are_known(text, message):
    with pytest.raises(RenderError) as caught:
        template(f"\n{text}")

    assert without_column(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x is defined }}", "{{ x|default('d') }}", "{% set x = 1 %}{{ x }}",
        "{% for x in [] %}{{ x }}{{ loop.index }}{% endfor %}",
        "{% macro x(y) %}{{ y }}{% endmacro %}{{ x(1) }}", "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% if app.k %}{% set x = 1 %}{% endif %}{{ x }}", "{{ range(3)|join }}",
        "{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}",
    ],
)  # fmt: skip
def test_names_that_are_not_secrets_are_not_mistaken_for_misspelled_ones(text):
    template(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ app.n / 0 }}", "this does not work with this kind of value: `app.n / 0`"),
        ("{{ app.k + 1 }}",
         "tried to use + operator on unsupported types string and number: `app.k + 1`"),
        ("{{ app.k.x }}", "`app.k.x` is not defined; correct it, or give it a `default(…)`"),
        ("{{ app.nope|default('d') }}{{ app.k.x }}", "`app.k.x` is not defined; correct it, or give it a `default(…)`"),
        ("{{ app.k.nope() }}", "values of this type have no such method: `.nope()`"),
        ("{{ app.nope() }}", "values of this type have no such method"),
        ("{{ app() }}", "this cannot be called, or not with these arguments"),
        ("{{ app.k|b64decode }}", "`b64decode`: the value is not base64; correct it in Vault, or leave the filter out"),
        ("{{ app.binary|b64decode }}",
         "`b64decode`: the value is binary; use `format: raw` with `encoding: base64`"),
        ("{{ app.k|sha256(1, 2) }}",
         "`sha256`: the value, or an argument, has the wrong type"),
        ("{{ app.k|dotenv ~ ('${' ~ app.k ~ '}')|dotenv }}",
         "`dotenv`: the value contains `${…}`, which python-dotenv always expands; use `format:"
         " shell` or `format: json`"),
        ("{{ app.half }}", "a lone surrogate cannot be written in UTF-8; store it as base64"
         " and use `format: raw` with `encoding: base64`"),
        ("{{ env(app.k) }}",
         '`env`: the variable is not set; set it, or give a default: env("NAME", "…")'),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion limit exceeded: `m()`"),
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
         "the template takes too many steps: is there an endless loop?"),
    ],
)  # fmt: skip
def test_an_error_says_what_does_not_work(text, message):
    app = {"k": CANARY, "n": 5432, "binary": "/w==", "half": "\ud800"}

    with pytest.raises(RenderError) as caught:
        rendered(f"\n{text}", app=app)

    assert re.sub(": `range.*", "", without_column(caught.value)) == f"t.j2:2: {message}"


VALUES = {
    "k": CANARY,
    "n": 7373,
    "f": 7373.5,
    "list": [CANARY, [CANARY], {CANARY: CANARY}],
    "map": {CANARY: CANARY},
    "half": CANARY + "\ud800",
    "odd": CANARY + "${x}\\'\0\r",
    "b64": "Y2FuYXJ5LTdmM2H/",
}
OPERATIONS = [
    *(f"app.{{}} {operator} {right}"
      for operator in ("+", "-", "*", "/", "//", "%", "**", "~", "<", ">", "==", "and", "in")
      for right in ("1", "0", "'x'", "none", "[]", "app.k", "app.n", "app.map", "app.nope")),
    *(f"1 {operator} app.{{}}" for operator in ("+", "-", "*", "/", "//", "%", "**", "<", "in")),
    *(f"app.{{}}|{name}" for name in (
        "abs", "attr('x')", "b64decode", "b64encode", "batch(0)", "batch('x')", "bool", "capitalize",
        "chain(1)", "default", "dictsort", "dictsort(by='x')", "dotenv", "escape", "filesizeformat",
        "first", "float", "format(1)", "groupby('x')", "indent('x', 'y', 'z', 1)", "indent", "int",
        "items", "join(1)", "join", "last", "length", "lines", "list", "lower", "map('nope')",
        "map(app.k)", "map(attribute=app.k)", "max", "min", "pluralize", "pprint", "reject(app.k)",
        "rejectattr(app.k)", "replace(1)", "replace(1, 2)", "reverse", "round", "round('x')", "safe",
        "select('nope')", "select(app.k)", "selectattr(app.k)", "sha256", "sha256(1)", "shell",
        "slice(0)", "sort", "sort(attribute=app.k)", "split", "split(1)", "string", "sum", "title",
        "tojson", "tojson(indent='x')", "toyaml", "toyaml(1)", "trim(1)", "unique", "upper",
        "urlencode", "zip(1)", "random", "xmlattr", "center(app.k)", "truncate(app.k)", "wordcount")),
    *(f"app.{{}} is {name}" for name in ("divisibleby(0)", "divisibleby(app.k)", "sameas(1)", "none",
                                         "startingwith(1)", "in 1", "containing(1)", "lt('x')")),
    *(f"app.{{}}.{name}" for name in (
        "x", "x.y", "nope()", "nope(app.k)", "upper(1)", "split(1)", "join(1)", "startswith()",
        "format(1)", "pop()", "get()", "items(1)", "append(app.k)", "__class__", "encode()",
        "index(app.k)", "count(1, 2)", "index('nope')")),
    "app.{}[app.k]", "app.{}[7]", "app.{}[-9]", "app.{}['x']", "app.{}[1:app.k]", "app.{}[::0]",
    "app.{}()", "app.{}(1)", "-app.{}", "[1][app.{}]", "{{1: 2}}[app.{}]", "app[app.{}]",
    "app[app.{}].x", "app.map[app.{}].x", "range(app.{})", "dict(app.{})", "namespace(app.{})",
    "env(app.{})", "env('NO', app.{}) + 1", "secret(app.{}, 1)", "secret('a', app.{}, k=range)",
    "secret(1, app.{})", "secret('')|default(app.{})", "joiner(app.{})", "cycler(app.{})",
    "app.{} if app.{}.x else 1", "[app.{}]", "{{app.{}: 1}}", "(app.{}, 1)|tojson",
    "app.get(app.{}).x", "app.get(app.k, app.{}).x", "'%d'|format(app.{})", "'%z'|format(app.{})",
    "app.k.replace(app.{})", "[app.{}, app.nope]|tojson", "loop(app.{})", "self.x(app.{})",
]  # fmt: skip
TAGS = [
    "{% include app.k %}", "{% extends app.k %}", "{% import app.k as x %}",
    "{% for a, b in app.k %}{% endfor %}", "{% for a, b in app.list %}{% endfor %}",
    "{% for a in app.n %}{% endfor %}", "{% set a, b = app.k %}", "{% set app.k = 1 %}",
    "{% call app.k() %}{% endcall %}", "{% filter nope %}{{ app.k }}{% endfilter %}",
    "{% filter b64decode %}{{ app.k }}{% endfilter %}", "{% do app.k.x() %}",
    "{% macro m(a) %}{{ a.x.y }}{% endmacro %}{{ m(app.k) }}",
    "{% macro m(a) %}{{ a }}{{ m(a) }}{% endmacro %}{{ m(app.k) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(app.k, 1, b=2) }}",
    "{% for x in app.list recursive %}{{ loop(x) }}{% endfor %}", "{% autoescape app.k %}{% endautoescape %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% set x = app.k %}{% endfor %}{% endfor %}",
    "{{ app.k }", "{{ app.k 'x' }}", "{% if app.k %}", "{{ app.k|",
]  # fmt: skip


def wrong(text, **options):
    """Return every error's text, and those it came from; none is fine too."""
    snapshot: Snapshot = {APP: VALUES, TLS: None}
    try:
        compile_template(Source("t.j2", f"\n{text}", **options), NAMES, {}, VaultRef.of).render(
            snapshot
        )
    except InjectorError as error:
        chain = [
            error,
            error.__cause__,
            error.__context__ if not error.__suppress_context__ else None,
        ]
        return " ".join(f"{link} {link!r}" for link in chain if link)
    return ""


@pytest.mark.parametrize("strict", [True, False])
def test_no_error_contains_a_value_and_every_error_has_a_line(strict, capfd):
    failures = 0
    for text in [
        *(
            "{{ " + operation.format(*[key] * 3) + " }}"
            for operation in OPERATIONS
            for key in VALUES
        ),
        *TAGS,
    ]:
        message = wrong(text, error_on_missing_key=strict)
        assert CANARY not in message.lower(), text
        assert not re.search("7373|Y2Fu", message), text
        assert not message or re.match(r"t.j2:[2-9](:\d+)?: ", message), (text, message)
        failures += bool(message)

    assert failures > 500
    assert capfd.readouterr() == ("", "")  # and Python did not print one that it had to ignore


def test_the_line_of_an_error_in_a_filter_is_that_of_its_tag():
    text = "{# \n #}{% if app.k %}\n{% for x in [1, 2] -%}\n {{- x ~\n '' }}\n{% endfor %}{{ app.k|b64decode }}"

    with pytest.raises(RenderError, match=r"^t.j2:6(:\d+)?: `b64decode`"):
        rendered(text + "{% endif %}", app={"k": "?"})


def test_a_map_used_as_text_is_an_error_where_that_happened():
    for later in ("{{ app.map }}", "{{ app.nope }}", "{{ app.map.k }}"):
        with pytest.raises(RenderError, match=r"^t.j2:2(:\d+)?: a map cannot be printed"):
            rendered("\n{{ app.map ~ '' }}\n" + later, app={"map": {"k": "v"}})


def test_names_of_templates_and_sources_are_those_of_the_configuration():
    with pytest.raises(RenderError, match=r"^templates/db\.env\.j2:1(:\d+)?: "):
        template("{{", name="templates/db.env.j2")


def test_an_error_at_run_time_names_the_line_of_the_configuration(tmp_path):
    file = tmp_path / "injector.yaml"
    file.write_text(
        "vault: {address: 'https://v:8200'}\n"
        "secrets: {app: {path: secret/data/app}}\n"
        "template:\n"
        "  - destination: /dev/shm/x\n"
        "    contents: |\n"
        "      USER={{ app.user }}\n"
        "      PASSWORD={{ app.data.password }}\n"
    )
    (compiled,) = plan(str(file), {}, elsewhere=True).templates.values()

    with pytest.raises(MissingError) as caught:
        compiled.render({VaultRef.of("secret/data/app"): {"user": "a", "password": CANARY}})

    assert str(caught.value) == (
        f"{file}:7:22: secret 'app' (secret/data/app) has no key 'data'; what Vault wraps it in is "
        "removed already: name its keys directly"
    )
