"""A template that would use all memory or time is an error: a daemon has other work to do."""

# ruff: noqa: E501 - a template is a line

import pytest

from injector.base.errors import RenderError
from tests.support.templates import rendered

LARGE = "x" * 2**20
TOO_MUCH = r"makes more than 16 Mi characters: write less of it|takes too many steps"


@pytest.mark.parametrize(
    "text",
    [
        '{{ "a" | indent(1000000000) }}',
        "{{ app.large | indent(app.many) }}",
        '{{ ["a"] | tojson(indent=1000000000) }}',
        "{{ [[[[[[1]]]]]] | tojson(indent=4000000) }}",
        "{{ app.large | list | join(app.large) }}",
        "{% for i in range(60) %}{{ app.large }}{% endfor %}",
        "{% for i in range(60) %}{% set x = app.large | b64encode %}{% endfor %}",
        "{% for i in range(60) %}{% set x = app.large | sha256 %}{% endfor %}",
        "{{ app.large | list | tojson }}",
        '{{ "x" * 1000000000 }}',
        "{% for x in [0] * 100000000 %}{% endfor %}",
        '{{ app.large | replace("x", app.large) }}',
        '{{ "%1000000000d" | format(1) }}',
        "{% set ns = namespace(x=app.large) %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ],
)
def test_a_bomb_is_an_error_before_its_memory_is_taken(text):
    with pytest.raises(RenderError, match=TOO_MUCH):
        rendered(text, app={"large": LARGE, "many": 10**9})


@pytest.mark.parametrize(
    "text",
    [
        '{{ "{:>1000000000}".format("a") }}',
        "{{ '{:>{}}'.format('a', 10) }}",
        '{{ "{:.1000000000f}".format(1.5) }}',
        "{{ app.large.format(1) }}",
        '{% set f = "{:>" ~ app.many ~ "}" %}{{ f.format(1) }}',
    ],
)
def test_the_method_format_is_refused_where_its_widths_are_long_or_unknown(text):
    """The engine bounds its filter of the same name, but not this."""
    with pytest.raises(RenderError, match=r"1:\d+: `\.format` needs a text that is spelled out"):
        rendered(text, app={"large": LARGE, "many": 10**9})


def test_and_works_where_they_are_short():
    assert (
        rendered('{{ "{} {:>5} {{}} {1:03}".format("a", 2) }}'.replace("{1:03}", ""))
        == "a     2 {} "
    )


def test_each_rendering_begins_anew():
    for _ in range(30):
        assert rendered("{{ app.large }}", app={"large": LARGE}) == LARGE
