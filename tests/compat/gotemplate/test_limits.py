"""A template that would use all memory or time is an error: a daemon has other work to do."""

import signal

import pytest

from injector.errors import RenderError
from tests.compat.gotemplate.render import rendered, with_app

TEXT, LIST = "the text would be too long", "the list would be too long"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ range 3000000 }}{{ end }}", "too many steps"),
        ('{{ $x := "x" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}', TEXT),
        ("{{ $x := sprig_list 1 }}{{ range 60 }}{{ $x = sprig_concat $x $x }}{{ end }}", LIST),
        ('{{ $x := sprig_repeat 1000000 "x" }}{{ range 100 }}{{ $x }}{{ end }}', TEXT),
        ("{{ range 100 }}" + "x" * 1_000_000 + "{{ end }}", TEXT),
        ('{{ replaceAll "" (sprig_repeat 100000 "x") (sprig_repeat 1000 "y") }}', TEXT),
        ('{{ sprig_repeat 1000000000 "x" }}', TEXT),
        ("{{ sprig_until 1000000000 }}", LIST),
    ],
)
def test_unbounded_growth_is_an_error_with_its_position(text, why):
    with pytest.raises(RenderError, match=rf"^t\.tpl:1:\d+: .*{why}"):
        rendered(text)


@pytest.mark.parametrize(
    "call",
    [
        "regexReplaceAll `(a|a)*c` `` .a",
        "sprig_regexMatch `^(a+)+$` .a",
    ],
)
def test_an_endless_regular_expression_is_an_error(call):
    """Go's engine takes linear time; here, one attempt could block everything else."""
    with pytest.raises(RenderError, match="the regular expression takes more than 1 s") as caught:
        with_app(f"{{{{ {call} }}}}", app={"a": "a" * 40 + "b"})

    assert "aaaa" not in str(caught.value)
    assert_nothing_is_timed()


def test_the_time_limit_ends_with_the_search():
    assert with_app("{{ regexReplaceAll `a+` `b` .a }}", app={"a": "aaa"}) == "b"

    assert_nothing_is_timed()


def assert_nothing_is_timed():
    """What is left of the limit would end something else, or the whole process."""
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL


def test_long_templates_that_terminate_are_rendered():
    assert rendered('{{ range 10 }}{{ sprig_repeat 1000000 "x" }}{{ end }}') == "x" * 10_000_000
