"""What a template makes of values."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from injector.base.errors import MissingError, RenderError
from injector.rendering.template import Rendered
from tests.support.templates import APP, DB, TLS, rendered, template

# JSON can spell half a surrogate pair; UTF-8 cannot carry it.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
@example("")
@example("\r\n\n")
@example("{{ x }}{% if %}{# <&'\" \0")
@example("\U0001f511")
def test_a_value_is_written_exactly_as_it_is(value):
    assert rendered("{{ app.k }}", app={"k": value}) == value


@given(TEXTS.filter(lambda text: "{" not in text))
@example("last\n")
def test_text_outside_tags_is_written_exactly_as_it_is(text):
    assert rendered(text) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("app.flag", "true"),
        ("not app.flag", "false"),
        ("app.flag|string", "true"),
        ("[app.flag, 1, 'x']|join(',')", "true,1,x"),
        ("app.number", "5432"),
        ("app.big", "1180591620717411303424"),
        ("app.float", "0.1"),
        ("app.huge", "1e+21"),
        ("app.host ~ ':' ~ app.number", "db:5432"),
        # Keys win over the methods of a map.
        ("app.items", "a key"),
        ("app['dotted.key']", "dotted"),
        ("app.map.inner.leaf", "leaf"),
        ("app.list[1]", "b"),
        ("app.list[-1]", "b"),
        ("app.list|join('-')", "a-b"),
        ("app.list|length", "2"),
        ("app.list|map('upper')|join", "AB"),
        ("app.list[0:1]|join", "a"),
        ("app.map|items|length", "2"),
        ("app.map.get('nope', 'd')", "d"),
        ("'leaf' in app.map.inner", "true"),
        ("app.list == ['a', 'b']", "true"),
    ],
)
def test_values_print_as_in_json(expression, text):
    app = {
        "flag": True, "number": 5432, "big": 2**70, "float": 0.1, "huge": 1e21, "host": "db",
        "items": "a key", "dotted.key": "dotted", "list": ["a", "b"],
        "map": {"inner": {"leaf": "leaf"}, "null": None, "x": 1},
    }  # fmt: skip
    assert rendered("{{ " + expression + " }}", app=app) == text


@pytest.mark.parametrize(
    "expression",
    [
        "app.map", "app.map ~ ''", "[app.map]|join", "[app.map] ~ ''", "app.map|string",
        "app.map|upper", "app.list", "app.list ~ ''", "app.list|string", "[app.list]|join",
        "app.holes[0]", "app.holes[0] ~ ''", "app.holes|join", "[1, app.flag]", "{'a': 1}", "none",
        "none|string", "[none]|join", "app.get", "app.keys()", "app.null|tojson", "app.nope|tojson",
        "[app.nope]|tojson", "{'a': app.nope}|tojson", "[app.nope]|toyaml", "[app.nope]|join",
        "tls", "tls ~ ''", "tls|string", "tls|tojson",
        "[tls]|tojson", "app.nope ~ ''", "app.holes[0]|upper",
    ],
)  # fmt: skip
def test_values_without_a_text_form_are_not_printed_by_accident(expression):
    app = {"map": {"a": 1}, "list": ["a"], "holes": [None], "flag": True, "null": None}

    with pytest.raises((RenderError, MissingError), match=r"^t.j2:2(:\d+)?: "):
        rendered("\n{{ " + expression + " }}", app=app)


def test_a_null_is_the_same_as_absent():
    app = {"null": None, "map": {"null": None, "a": 1}, "list": [None, 1]}

    assert rendered("{{ app.null|default('d') }}", app=app) == "d"
    assert rendered("{{ app.null is defined }}", app=app) == "false"
    assert rendered("{% for key in app.map %}{{ key }}{% endfor %}", app=app) == "a"
    assert rendered("{% for x in app.list if x is not none %}{{ x }}{% endfor %}", app=app) == "1"
    # … but a whole map is written with it.
    assert rendered("{{ app.map|tojson }}", app=app) == '{"a":1,"null":null}'


def test_an_optional_secret_that_does_not_exist_is_none():
    assert rendered("{% if tls %}yes{% else %}no{% endif %}") == "no"
    assert rendered("{{ tls is none }} {{ app is none }}") == "true false"
    assert rendered("{{ tls.certificate|default('-') }}") == "-"


def test_comparing_with_none_would_never_be_true_and_is_rejected():
    with pytest.raises(RenderError, match=r"^t.j2:2(:\d+)?: write `is none`"):
        template("\n{% if tls == none %}{% endif %}")


def test_a_template_cannot_change_what_the_next_one_sees():
    app = {"list": ["a"], "map": {"k": "v"}}
    for attempt in ("app.pop('map')", "app.map.clear()", "app.list.append(1)", "app.update(a=1)"):
        with pytest.raises(RenderError):
            rendered("{{ " + attempt + " }}", app=app)
    assert app == {"list": ["a"], "map": {"k": "v"}}


def test_nothing_of_python_or_of_the_views_is_accessible():
    for name in ("__class__", "__dict__", "_data", "_reading", "_place", "__init__", "__globals__"):
        for place in ("app", "app.list", "app.map", "tls", "secret", "env", "app.text"):
            with pytest.raises((RenderError, MissingError), match=r"t.j2:1(:\d+)?: "):
                rendered(f"{{{{ {place}.{name} }}}}", app={"list": [], "map": {}, "text": "x"})


def test_a_missing_key_is_empty_if_configured():
    lenient = {"error_on_missing_key": False}

    assert rendered("{{ app.a }}{{ app.a.b }}{{ app.a|b64encode }}|", **lenient) == "|"
    assert rendered("{{ app.null }}{{ app.null|tojson }}|", app={"null": None}, **lenient) == "|"
    with pytest.raises(RenderError, match=r"has no 'ap'; did you mean 'app'"):
        template("{{ ap.a }}", **lenient)


def test_environment_variables_are_read():
    assert rendered("{{ env('STAGE') }}|{{ env('EMPTY') }}|{{ env('NO', 'd') }}") == "prod||d"

    with pytest.raises(RenderError, match=r"^t.j2:2(:\d+)?: `env`: the variable is not set"):
        template("\n{{ env('HOME') }}")
    with pytest.raises(RenderError, match=r"^t.j2:1(:\d+)?: `env`: the variable is not UTF-8"):
        template("{{ env('NO', env('BROKEN')) }}")


def test_a_rendering_says_what_it_used():
    result = template("{{ app.k }}{% if app.k == 'x' %}{{ secret('a/b').c }}{% endif %}").render(
        {APP: {"k": "v"}, DB: {}, TLS: None}
    )

    assert isinstance(result, Rendered)
    assert result.used == {APP}
    assert "v" not in repr(result)


def test_custom_delimiters_leave_the_usual_ones_alone():
    options = {"left_delimiter": "<<", "right_delimiter": ">>"}

    assert rendered("{{ x }} << app.k >>{% if app.k %}!{% endif %}", app={"k": "v"}, **options) == (
        "{{ x }} v!"
    )
    with pytest.raises(RenderError, match=r"^t.j2:1(:\d+)?: `left_delimiter` and"):
        template("", left_delimiter="{%", right_delimiter="%}")
