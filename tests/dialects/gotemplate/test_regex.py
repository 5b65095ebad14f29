"""Regular expressions are Go's: what is valid, what matches, and how long it may take."""

import base64
import os
import random

import pytest

from injector.base.errors import RenderError
from injector.dialects.gotemplate import Surroundings
from tests.dialects.gotemplate.judge import Case, Judge
from tests.dialects.gotemplate.ours import render
from tests.dialects.gotemplate.randomly import random_expressions
from tests.dialects.gotemplate.render import rendered, with_app

WHOLE = bool(os.environ.get("INJECTOR_TEST_DIFFERENTIAL"))
SEED = int(os.environ.get("INJECTOR_TEST_SEED") or (random.randrange(2**32) if WHOLE else 1))

# Expression, replacement, text; and what Go makes of it.
CASES = [
    (r"\d+\.\d+", "v", "1.20", "v"),
    (r"\w+\s+\w+", "-", "one  two", "-"),
    ("a{,2}", "-", "aa a{,2}", "aa -"),
    (".*?", "-", "ab", "-a-b-"),
    ("(|a)", "-", "aab", "-a-a-b-"),
    ("(a*)+", "-", "b", "-b-"),
    (r"\S", "-", "a\u00a0b", "---"),
    (r"\s", "-", "a\u00a0\vb", "a\u00a0\vb"),
    ("(?U)a+", "-", "aa", "--"),
    ("(?i)a(?-i)b", "-", "Ab AB", "- AB"),
    ("(?<n>a)", "<${n}>", "a", "<a>"),
    ("(?P<n>a)|(?P<n>b)", "<$n>", "ab", "<a><b>"),
    (r"\PL+", "-", "a12é", "a-é"),
    (r"\p{Greek}", "-", "aλ", "a-"),
    ("a(?i)B", "-", "ab Ab", "- Ab"),
    ("[[:^alpha:]]", "-", "a1", "a-"),
    ("(a)(b)?", "$1x|${1}x|$2|$3|$01|$$", "a", "|ax||||$"),
    ("b*", "-", "abé", "-a-é-"),
    ("$", "-", "a\n", "a\n-"),
]


def call(pattern, replacement, text):
    return f"{{{{ regexReplaceAll `{pattern}` `{replacement}` `{text}` }}}}"


@pytest.mark.parametrize(("pattern", "replacement", "text", "expected"), CASES)
def test_an_expression_means_what_it_means_in_go(pattern, replacement, text, expected):
    assert rendered(call(pattern, replacement, text)) == expected


def test_the_agent_renders_the_same(server, tmp_path):
    cases = [Case(call(*case[:3])) for case in CASES]

    assert Judge(server, tmp_path).render(cases) == [case[3].encode() for case in CASES]


@pytest.mark.parametrize(
    "pattern",
    [r"\Z", r"\C", r"(a)\1", "a*+", "(?=a)", "(?x)a", "(?<é>a)", "a{1001}", "(", "\udcff"],
)
def test_what_go_refuses_is_refused(pattern):
    with pytest.raises(RenderError, match=r"^t\.tpl:1:\d+: .*error parsing regexp: [a-z UTF8-]+ "):
        rendered("{{ regexMatch .p `a` }}".replace(".p", f"`{pattern}`"))


def test_random_expressions_give_what_the_agent_gives(server, tmp_path):
    """Without errors, so that one template does not spoil the others: an invalid one says so."""
    cases = [Case(whole(*parts)) for parts in random_expressions(3000 if WHOLE else 450, seed=SEED)]

    theirs = Judge(server, tmp_path).render(cases)
    ours = render(server, cases, Surroundings())

    assert sum(peer != b"invalid" for peer in theirs) > len(cases) / 2
    assert [
        (case.text, peer, own)
        for case, peer, own in zip(cases, theirs, ours, strict=True)
        if peer != own
    ] == [], f"seed {SEED}"


def whole(pattern, text, replacement):
    names = ("p", "t", "r")
    set_all = "".join(
        f"{{{{ ${name} := base64Decode `{encoded(value)}` }}}}"
        for name, value in zip(names, (pattern, text, replacement), strict=True)
    )
    return set_all + (
        "{{ if sprig_regexMatch (print `|` $p) `` }}{{ regexMatch $p $t }}"
        "{{ regexReplaceAll $p $r $t | base64Encode }} {{ sprig_regexFind $p $t | base64Encode }}"
        "{{ range sprig_regexFindAll $p $t -1 }} {{ base64Encode . }}{{ end }}"
        "{{ range sprig_regexSplit $p $t 3 }} {{ base64Encode . }}{{ end }}"
        "{{ else }}invalid{{ end }}"
    )


def encoded(text):
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("regexReplaceAll `(a|a)*c` `` .a", "a" * 40 + "b"),
        ("sprig_regexMatch `^(a+)+$` .a", "false"),
        ("regexReplaceAll `(x+x+)+y` `` .a", "a" * 40 + "b"),
    ],
)
def test_an_expression_that_other_engines_search_forever_takes_linear_time(call, result):
    assert with_app(f"{{{{ {call} }}}}", app={"a": "a" * 40 + "b"}) == result


def test_matches_that_each_look_at_the_whole_rest_are_limited():
    """In Go this takes minutes; here it would block everything else."""
    with pytest.raises(RenderError, match="the regular expression takes more than 1 s") as caught:
        with_app("{{ regexReplaceAll `a(.*b)?` `` .a }}", app={"a": "a" * 1_000_000})

    assert "aaaa" not in str(caught.value)


def test_an_error_does_not_show_an_expression_that_may_be_a_secret(capfd):
    with pytest.raises(RenderError) as caught:
        with_app("{{ regexMatch .a `x` }}", app={"a": "canary-7f3a("})

    assert "canary" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
