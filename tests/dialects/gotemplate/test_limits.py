"""A template that would use all memory or time is an error: a daemon has other work to do."""

import itertools

import pytest

from injector.base.errors import RenderError
from injector.dialects.gotemplate.go import limits
from tests.dialects.gotemplate.render import rendered

TEXT, LIST = "the text would be too long", "the list would be too long"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ range 3000000 }}{{ end }}", "(too many steps|takes more than)"),
        ('{{ $x := "x" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}', TEXT),
        ("{{ $x := sprig_list 1 }}{{ range 60 }}{{ $x = sprig_concat $x $x }}{{ end }}", LIST),
        ('{{ $x := sprig_repeat 1000000 "x" }}{{ range 100 }}{{ $x }}{{ end }}', TEXT),
        ("{{ range 100 }}" + "x" * 1_000_000 + "{{ end }}", TEXT),
        ('{{ replaceAll "" (sprig_repeat 100000 "x") (sprig_repeat 1000 "y") }}', TEXT),
        ('{{ sprig_repeat 1000000000 "x" }}', TEXT),
        ("{{ sprig_until 1000000000 }}", LIST),
        ('{{ replaceAll "x" (sprig_repeat 5000 "y") (sprig_repeat 5000 "x") }}', TEXT),
        ('{{ sprig_replace "x" (sprig_repeat 5000 "y") (sprig_repeat 5000 "x") }}', TEXT),
        ('{{ split "," (sprig_repeat 2000000 ",") }}', LIST),
        ('{{ sprig_splitList "" (sprig_repeat 2000000 ",") }}', LIST),
        ('{{ urlquery (sprig_repeat 4000000 "%") }}', TEXT),
        ('{{ html (sprig_repeat 4000000 "&") }}', TEXT),
        ('{{ js (sprig_repeat 4000000 "<") }}', TEXT),
        ('{{ sprig_wrapWith 1 (sprig_repeat 5000 "y") (sprig_repeat 5000 "x") }}', TEXT),
        ('{{ sprig_wrap 1 (sprig_repeat 4000000 "x ") }}', LIST),
        ('{{ sprig_indent 5000 (sprig_repeat 5000 "\\n") }}', TEXT),
        ('{{ printf "%x" (sprig_repeat 9000000 "x") }}', TEXT),
    ],
)
def test_unbounded_growth_is_an_error_with_its_position(text, why):
    with pytest.raises(RenderError, match=rf"^t\.tpl:1:\d+: .*{why}"):
        rendered(text)


def chain(length, last="{{ else }}c"):
    return "{{ if eq 1 2 }}a" + "{{ else if eq 1 3 }}b" * length + last + "{{ end }}"


def test_a_long_chain_of_conditions_is_not_deep():
    assert rendered(chain(150)) == "c"
    assert rendered(chain(150, "{{ else if eq 1 4 }}c{{ else }}d")) == "d"
    assert rendered("{{ with 0 }}{{ else with 0 }}{{ else with 7 }}{{ . }}{{ end }}") == "7"


def test_chains_and_nesting_have_a_limit_all_the_same():
    with pytest.raises(RenderError, match="more than 200 times else if"):
        rendered(chain(1000))
    with pytest.raises(RenderError, match="nested deeper than 100"):
        rendered("{{ if 1 }}" * 101 + "{{ end }}" * 101)


def test_a_rendering_has_one_budget_for_all_that_it_keeps():
    keeping = "{{ range $i, $_ := sprig_until 400 }}{{ scratch.Set (print $i) (BIG) }}{{ end }}"
    with pytest.raises(RenderError, match=TEXT):
        rendered(keeping.replace("BIG", 'sprig_repeat 1000000 "x"'))
    with pytest.raises(RenderError, match=LIST):
        rendered(keeping.replace("BIG", "sprig_until 100000"))


def test_a_rendering_takes_no_more_time_than_the_other_work_can_wait(monkeypatch):
    """Measured in time of its own: on a busy machine it may take longer."""
    passed = itertools.count()
    monkeypatch.setattr(limits, "thread_time", lambda: next(passed))

    with pytest.raises(RenderError, match="takes more than 2 s, in which all else waits"):
        rendered("{{ range 100000 }}{{ end }}")
    with pytest.raises(RenderError, match="takes more than 2 s"):
        rendered('{{ range 10 }}{{ $x := sprig_repeat 5000 "x" }}{{ end }}')


def test_long_templates_that_terminate_are_rendered():
    assert rendered('{{ range 10 }}{{ sprig_repeat 1000000 "x" }}{{ end }}') == "x" * 10_000_000
