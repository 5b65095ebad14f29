"""What is known of a template before any request, and what is found out on the way."""

# ruff: noqa: E501 - tables of examples read best with one to a line

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.base.errors import InjectorError, RenderError
from injector.rendering.template import Lacking, Source
from injector.rendering.template.compiled import compile as compile_template
from injector.rendering.template.engine import environment
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef
from tests.support.templates import APP, DB, NAMES, rendered, rounds, template

AB = VaultRef.of("a/b")


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("", set()),
        ("app {# {{ app.k }} #}", set()),
        ("{% raw %}{{ app.k }}{% endraw %}{{ db.k }}", {DB}),
        ("{%- raw -%}{{ app.k }}{%- endraw -%}", set()),
        ("{{ 'app' }}{{ \"\\\" app\" }}", set()),
        ("{{ db.app }}{{ db['app'] }}", {DB}),
        ("{{ db.k|default(app.k) }}", {APP, DB}),
        ("{{ dict(app=db.k) }}", {DB}),
        ("{% set app = db.k %}", {DB}),
        ("{% if db.k is none and not app.k %}{% endif %}", {APP, DB}),
        ("{{ {'a': {'b': {}}} }}{{ app.k }}", {APP}),
        ("{{ '}}' ~ app.k }}", {APP}),
        ("{% if false %}{{ app.k }}{% endif %}", {APP}),
        ("{% for x in app.list %}{{ x.db }}{% endfor %}", {APP}),
        ("{% macro m(x) %}{{ x }}{{ db.k }}{% endmacro %}", {DB}),
        ("{% if false %}{{ secret('a/b').k }}{% endif %}", {AB}),
        ("{{ secret('/a/b/').k }}{{ secret(\"v1/a/b\").k }}", {AB}),
        ("{{ secret('a/\\u0062').k }}", {AB}),
        ("{{ secret('a/b', k='v', n=-1, f=1.5, l=[true, none]).k }}",
         {VaultRef.of("a/b", {"k": "v", "n": -1, "f": 1.5, "l": [True, None]})}),
        ("{{ secret('a/b', {'k': {'x': 1}}).k }}", {VaultRef.of("a/b", {"k": {"x": 1}})}),
        ("{{ secret('a/b', {}).k }}", {VaultRef.of("a/b", {})}),
        # Not literal, but it depends on no secret.
        ("{% set p = 'a' %}{{ secret(p ~ '/b').k }}", {AB}),
        ("{{ secret('a/' ~ env('STAGE')).k }}", {VaultRef.of("a/prod")}),
        # What it depends on is not there yet.
        ("{{ secret('a/' ~ app.k).k }}", {APP}),
        ("{{ secret('pki/issue/web', common_name=app.cn).k }}", {APP}),
    ],
)  # fmt: skip
def test_what_a_template_may_read_is_known_beforehand(text, refs):
    assert template(text).refs == refs


def test_delimiters_decide_what_is_code():
    text = "{{ app.k }}<< db.k >>"

    assert template(text, left_delimiter="<<", right_delimiter=">>").refs == {DB}


@given(st.lists(st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "raw", "endraw", " app ", "'", '"', "\\", "-", "\n", "(",
     ")", "{", "}", "[", "]", ".", "|", "if", "set", "x", "=", "{% raw %}", "{% endraw %}"]
)))  # fmt: skip
def test_every_name_that_the_engine_sees_is_found(parts):
    text = "".join(parts)
    try:
        compiled = compile_template(Source("t", text), NAMES, {}, VaultRef.of)
    except RenderError:
        return

    seen = environment("{{", "}}", strict=True).undeclared_variables_in_str(text)
    assert ("app" not in seen) or APP in compiled.refs


def test_everything_missing_is_named_at_once():
    text = "{{ app.a|upper }}{{ db.b ~ 1 }}{{ secret('a/b').c[0].d() ~ 'x' }}{{ secret('c/d') }}"

    assert template(text).render({}) == Lacking(frozenset({APP, DB, AB, VaultRef.of("c/d")}))


def test_tests_and_secrets_of_the_same_name_are_not_confused():
    names = {"string": DB, "app": APP}

    compiled = compile_template(
        Source("t", "{% if app.k is not string %}{% endif %}"), names, {}, VaultRef.of
    )

    assert compiled.refs == {APP}


@pytest.mark.parametrize(
    "expression",
    [
        "db.a", "db.a.b['c'][0]", "db.a()", "db.a.b(1, c=2)", "db.get('a')", "db.items()|list",
        "db.a|upper", "db.a|b64decode", "db.a|tojson", "db.a|toyaml", "db.a|join", "[db.a]|join",
        "db.a|dotenv", "db.a ~ 'x'", "db.a == 1", "db.a < 'x'", "db.a is string", "db is none",
        "'x' in db", "db in ['x']", "db.a|default('x')", "not db.a", "app[db.a]", "app.list[db.a]",
        "env(db.a)", "secret(db.a)", "secret('x', db.a)", "secret('x', k=[db.a])", "db.a|length",
        "db.a|string|length", "db|dictsort", "db.a|sort|list", "db.a|map('upper')|list", "{'x': db}",
    ],
)  # fmt: skip
def test_a_rendering_survives_missing_secrets(expression):
    text = "{% set y = " + expression + " %}{% for x in db.list %}{% endfor %}{{ secret('a/b').c }}"

    assert template(text).render({APP: {"list": []}}) == Lacking(frozenset({DB, AB}))


def test_looking_up_a_missing_secret_is_not_a_missing_key():
    text = "{{ secret('x/' ~ app[db]|default('d')).k }}{{ secret('x/' ~ app.get(db, 'd')).k }}"

    assert template(text).render({APP: {"k": "v"}}) == Lacking(frozenset({DB}))


def test_parameters_may_be_parts_of_secrets():
    text = "{{ secret('a/b', {'k': app.map}, l=app.list, n=app.list[0]).c }}"
    ref = VaultRef.of("a/b", {"k": {"x": 1}, "l": [None, "y"], "n": None})

    result = template(text).render({APP: {"map": {"x": 1}, "list": [None, "y"]}})

    assert result == Lacking(frozenset({ref}))


def test_a_call_in_a_branch_that_is_not_taken_is_not_waited_for():
    text = "{% if app.k == 'x' %}{{ secret('a/b').c }}{% endif %}-"

    lacking, content = rounds(text, {"secret/data/app": {"k": "y"}})

    assert lacking == [{"secret/data/app"}]
    assert content == "-"


def test_dynamic_calls_are_found_together_once_their_value_is_there():
    text = "{% for host in app.hosts %}{{ secret('hosts/' ~ host).k }},{% endfor %}"
    secrets = {
        "secret/data/app": {"hosts": ["a", "b", "c"]},
        "hosts/a": {"k": "1"}, "hosts/b": {"k": "2"}, "hosts/c": {"k": "3"},
    }  # fmt: skip

    lacking, content = rounds(text, secrets)

    assert lacking == [{"secret/data/app"}, {"hosts/a", "hosts/b", "hosts/c"}]
    assert content == "1,2,3,"


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("{% for x in ['a', 'b'] %}{{ secret(app.k ~ x).k|b64encode }}{% endfor %}", {"va", "vb"}),
        ("{% for x in ['a', 'b'] %}{{ secret('c', p=secret(app.k ~ x).k) }}{% endfor %}",
         {"va", "vb"}),
        # Here the engine may have compared what is not there yet.
        ("{% for x in ['a', 'b'] %}{{ secret(app.k ~ x).k == 1 }}{% endfor %}", {"va"}),
    ],
)  # fmt: skip
def test_dynamic_calls_are_found_together_unless_one_may_depend_on_another(text, second):
    result = template(text).render({APP: {"k": "v"}})

    assert isinstance(result, Lacking)
    assert {str(ref) for ref in result.refs} == second


def test_a_call_may_depend_on_what_another_returned():
    text = "{{ secret('x/' ~ secret('y/' ~ app.k).k).k }}"
    secrets = {"secret/data/app": {"k": "1"}, "y/1": {"k": "2"}, "x/2": {"k": "end"}}

    assert rounds(text, secrets) == ([{"secret/data/app"}, {"y/1"}, {"x/2"}], "end")


# Whatever a template computes from a value; a placeholder must not get through any of them.
DERIVED = [
    "app.k", "app.k ~ ''", "'' ~ app.k", "app['k']", "app.get('k')", "app.k|upper|lower",
    "app.k|replace('v', 'v')", "app.k|trim", "app.k|default('x')", "app.nope|default('v')",
    "app.k|b64encode|b64decode", "app.k|string", "app.list|first", "app.list[0]", "app.list|join",
    "app.list|length", "app|length", "app.list|last", "app.list|sort|first", "app.list|max",
    "app.list|select('eq', 'v')|first|default('x')", "app.list|reject('eq', 'x')|join",
    "[app.k, 'v']|join", "[app.k, 'z']|sort|first", "[app.k, 'z']|min", "[app.k, 'w']|unique|join",
    "[app.k]|select('eq', 'v')|list|length", "{'v': 'p'}[app.k]", "{'v': 'p'}.get(app.k, 'd')",
    "{'v': 'p'}[app.k]|default('d')", "'p' if app.k == 'v' else 'd'", "'p' if app.k else 'd'",
    "'p' if app.k != 'x' else 'd'", "'p' if app.k in ['v'] else 'd'", "app.k and 'p'",
    "app.nope is defined", "app.k is string", "app.k is mapping", "app.n is number",
    "'p' if 'k' in app else 'd'", "app.n + 1", "app.n > 3", "app.k < 'w'", "app.n|int + 1",
    "app.k[0:1]", "app.k.upper()", "app.k.startswith('v')", "'v-w'.split(app.k)|join",
    "'xv'.replace(app.k, 'w')", "'vvv'.count(app.k)", "app.items()|list|length",
    "app|items|list|length", "app.m.keys()|join", "app.m|dictsort|length", "app.m|tojson",
    "app.m|toyaml", "[app.k]|tojson", "{'a': app.k}|tojson", "app.k|sha256", "not app.k",
    "app.m == {}", "app == app", "app.list|map('upper')|join", "app.list|groupby('x')|length",
    "app.k|bool", "app.k|indent", "app.k|dotenv", "app.k|urlencode",
    "app.list == ['v']", "app.list is iterable", "app.k|format", "'%s'|format(app.k)",
    "app.list|batch(1)|list|length", "app.k|reverse", "app.k|list|length", "env('NO', app.k)", "env(app.k, 'd')",
    "app.k if app.k is defined else 'd'", "app.k is eq 'v'", "loop_of(app.k)",
]  # fmt: skip
FRAMES = [
    "{{{{ secret('x/' ~ ({0})).k }}}}",
    "{{{{ secret('x/y', p=({0})).k }}}}",
    "{{{{ secret('x/y', {{'p': [{0}]}}).k }}}}",
    "{{% set v = ({0}) %}}{{{{ secret('x/' ~ v).k }}}}",
    "{{% set v %}}{{{{ ({0}) }}}}{{% endset %}}{{{{ secret('x/' ~ v).k }}}}",
    "{{% set p = 'x/a' %}}{{% if ({0}) %}}{{% set p = 'x/b' %}}{{% endif %}}{{{{ secret(p).k }}}}",
    "{{% macro m(a) %}}{{{{ a }}}}{{% endmacro %}}{{{{ secret('x/' ~ m({0})).k }}}}",
    "{{% with v = ({0}) %}}{{{{ secret('x/' ~ v).k }}}}{{% endwith %}}",
    "{{% set ns = namespace(v=({0})) %}}{{{{ secret('x/' ~ ns.v).k }}}}",
    "{{% for v in [{0}] %}}{{{{ secret('x/' ~ v).k }}}}{{% endfor %}}",
    "{{{{ ({0}) }}}}{{{{ secret('x/' ~ secret('y').k ~ ({0})).k }}}}",
]


@pytest.mark.parametrize("expression", DERIVED)
def test_a_placeholder_is_never_requested(expression):
    """What is asked for on the way is what the finished text was made of, and nothing else."""
    app = {"k": "v", "list": ["v"], "n": 5, "m": {"a": "b"}}
    loop_of = "{% macro loop_of(a) %}{% for c in a %}{{ c }}{% endfor %}{% endmacro %}"
    prefix = loop_of if "loop_of" in expression else ""
    for frame in FRAMES:
        compiled = template(prefix + frame.format(expression))
        snapshot: dict[Ref, Any] = {}
        asked = compiled.refs
        for _ in range(6):
            try:
                result = compiled.render(snapshot)
            except InjectorError:  # some expressions do not work in some frames
                break
            if not isinstance(result, Lacking):
                assert asked == result.used, frame
                break
            asked |= result.refs
            # A first rendering knows nothing of the secret `app`.
            assert snapshot or asked <= {APP, VaultRef.of("y")}, frame
            snapshot |= {ref: app if ref == APP else {"k": "w"} for ref in result.refs}


@pytest.mark.parametrize("step", ["..", "%2e%2E", "."])
def test_a_path_that_is_made_from_a_value_cannot_lead_to_another_secret(step):
    """Vault redirects what climbs, and the token may read that secret, too."""
    with pytest.raises(RenderError, match=r"`secret`: write the path without `\.` and `\.\.`"):
        rendered("{{ secret('secret/data/' ~ app.a).a }}", app={"a": f"{step}/other"})
