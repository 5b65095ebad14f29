"""What a preview shows of files, and what it masks. Pure: no server, no disk."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.config import model
from injector.preflight.render import skeleton
from injector.preflight.render.difference import Masks, difference
from injector.preflight.render.pieces import apart, fit, merged
from injector.rendering import formats
from injector.rendering.template import Rendered, Source
from injector.rendering.template.compiled import compile as compile_template
from injector.sources.vault.ref import VaultRef

REF = VaultRef.of("secret/data/app")
MASKS = Masks(b"key of this run")
DATA = {
    "user": "canary-bob",
    "password": "canary 'pw' with \"quotes\" and $",
    "port": 5432,
    "tls": True,
    "pem": "canary-line-1\ncanary-line-2\n",
    "nested": {"list": ["canary-a", "canary-b"], "none": None},
}


def rendered(text, data=DATA, **options):
    """Return what a template makes of the data, and what it is made after."""
    entry = model.Template(destination="/run/x", contents=text, **options)
    source = Source("t", text, entry.left_delimiter, entry.right_delimiter)
    template = compile_template(source, {"app": REF}, {}, VaultRef.of)
    outcome = template.render({REF: data})
    assert isinstance(outcome, Rendered)
    return outcome.content, skeleton.of_template(entry)


def formatted(name, data=DATA, **options):
    entry = model.Template(destination="/run/x", secret="app", format=name, **options)
    return formats.render(name, data, **options), skeleton.of_format(entry, data)


def diff(old, new_and_skeleton, masks=MASKS):
    new, made_after = new_and_skeleton
    return "\n".join(difference("/run/x", old, new, made_after, masks=masks))


# --- pieces ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "made_after", "pieces"),
    [
        ("A=1\n", ["A=", None, "\n"], ["A=", "<1>", "\n"]),
        ("A=\n", ["A=", None, "\n"], ["A=", "<>", "\n"]),
        ("A=1\nB=2", ["A=", None, "\nB=", None], ["A=", "<1>", "\nB=", "<2>"]),
        ("x,y,z", [None, ",z"], ["<x,y>", ",z"]),
        ("x,z,z", [None, ",z"], ["<x,z>", ",z"]),  # the last text is at the end
        ("B=1\n", ["A=", None, "\n"], None),
        ("A=1", ["A=", None, "\n"], None),
        ("A=1\nmore", ["A=", None, "\n"], None),
        ("aba", ["ab", None, "ba"], None),  # texts do not overlap
        ("", [], []),
        ("x", [], None),
    ],
)
def test_a_text_is_split_by_its_skeleton(text, made_after, pieces):
    found = fit(text, made_after)

    if pieces is None:
        assert found is None
    else:
        assert found is not None
        assert [f"<{each.text}>" if each.is_value else each.text for each in found] == pieces


PARTS = st.lists(st.one_of(st.none(), st.text("ab=\n", max_size=4)), max_size=7).map(merged)


@given(PARTS, st.data())
def test_text_made_from_a_skeleton_always_fits_it(made_after, data):
    text = "".join(
        data.draw(st.text("ab=\n", max_size=4)) if part is None else part for part in made_after
    )

    pieces = fit(text, made_after)

    assert pieces is not None
    assert "".join(piece.text for piece in pieces) == text


@given(PARTS, st.text("ab=\nxyz", max_size=30))
def test_only_text_of_the_skeleton_is_ever_shown(made_after, text):
    pieces = apart(text, made_after)

    assert "".join(piece.text for piece in pieces) == text
    known = "".join(part or "" for part in made_after)
    for piece in pieces:
        assert piece.is_value or piece.text in known or piece.text.isspace()


# --- templates ---------------------------------------------------------------------------------


def test_a_changed_value_is_visible_as_changed_and_not_shown():
    old, _ = rendered("U={{ app.user }}\nP={{ app.password }}\n", DATA | {"password": "canary-x"})

    text = diff(old, rendered("U={{ app.user }}\nP={{ app.password }}\n"))

    lines = text.splitlines()
    assert lines[:3] == ["--- /run/x", "+++ /run/x", "@@ -1,2 +1,2 @@"]
    assert lines[3].startswith(" U=[masked ")
    assert lines[4].startswith("-P=[masked ")
    assert lines[5].startswith("+P=[masked ")
    assert lines[4][1:] != lines[5][1:]
    assert "canary" not in text


def test_the_same_value_has_the_same_mask_wherever_it_is():
    new = rendered("A={{ app.user }}\nB={{ app.user }}\nC={{ app.port }}\n")

    first, second, third = (line[3:] for line in diff(None, new).splitlines()[3:])

    assert first == second != third


def test_masks_differ_between_runs():
    new = rendered("A={{ app.user }}\n")

    assert diff(None, new) != diff(None, new, Masks(b"key of another run"))


TEMPLATES = [
    "{{ app.user }}",
    "{{ app.password | dotenv }}\n{{ app.user | b64encode }}\n{{ app.user | upper }}\n",
    "{% for k, v in app.nested | items %}{{ k }}: {{ v | tojson }}\n{% endfor %}",
    "{% set x %}<{{ app.user }}>{% endset %}{{ x | b64encode }} {{ x | length }}\n",
    "{% filter upper %}{{ app.user }}{% endfilter %}\n",
    "{% filter reverse %}{{ app.user }}{% endfilter %}{{ app.user | list | sort | join }}\n",
    "{{ app.user ~ app.password }}{{ app.user }}\n",
    "{% macro m(v) %}[{{ v }}]{% endmacro %}{{ m(app.user) }} {{ m(app.pem) }}\n",
    "{{ app.pem | indent(4) }}\n{{ app.nested | toyaml }}\n",
    "{% if app.user == 'canary-bob' %}yes{% endif %}{{ [app.user, app.password] | join(',') }}\n",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_no_value_is_shown_however_it_is_printed(text):
    new = rendered(text)

    shown = diff(None, new) + diff(b"U=canary-old\ncanary-old\n", new)

    assert "canary" not in shown.lower()
    assert "Y2FuYXJ5" not in shown  # base64 of it
    assert "yranac" not in shown


def test_output_of_loops_and_conditions_is_shown_line_by_line():
    text = (
        "{% for item in app.nested.list %}\nitem: {{ item }};\n{% endfor %}\n"
        "{% if app.tls %}\ntls on {{ app.port }}\n{% else %}\ntls off\n{% endif %}\n"
    )

    lines = [line for line in diff(None, rendered(text)).splitlines()[3:] if line != "+"]

    assert [re.sub("[0-9a-f]{6}", "…", line) for line in lines] == [
        "+item: [masked …];",
        "+item: [masked …];",
        "+tls on [masked …]",
    ]


def test_white_space_that_a_tag_trims_is_not_a_difference():
    new = rendered("a: {{- app.user -}}  ;\n{%- if app.tls %}\nb{% endif -%}\n  c\n")

    assert re.sub("[0-9a-f]{6}", "…", "|".join(diff(None, new).splitlines()[3:])) == (
        "+a:[masked …];|+bc"
    )


def test_other_delimiters_are_those_of_the_entry():
    new = rendered("x: {{ }} << app.user >>\n", left_delimiter="<<", right_delimiter=">>")

    assert re.sub("[0-9a-f]{6}", "…", diff(None, new).splitlines()[3]) == "+x: {{ }} [masked …]"


def test_what_a_template_captures_and_turns_around_is_masked():
    new = rendered("N={% set x %}{{ app.user }}{% endset %}{{ x | length }}\nU={{ app.user }}\n")

    assert [line[:11] for line in diff(None, new).splitlines()[3:]] == [
        "+N=[masked ",
        "+U=[masked ",
    ]


def test_old_lines_that_do_not_come_from_the_template_are_masked_completely():
    new = rendered("# made by injector\nU={{ app.user }}\n")

    text = diff(b"# made by injector\nU=canary-old\nTOKEN=canary-x\n\n# canary note\n", new)

    assert "canary" not in text
    lines = text.splitlines()[3:]
    assert lines[0] == " # made by injector"
    assert lines[1].startswith("-U=[masked ")
    assert lines[2].startswith("-[masked ")


def test_a_certificate_is_one_mask_and_not_thirty():
    new = rendered("# cert\n{{ app.pem }}# end\n")

    assert len(diff(b"# cert\ncanary-1\ncanary-2\ncanary-3\n# end\n", new).splitlines()) == 7


def test_binary_content_is_masked_completely():
    text = diff(b"canary\xff\xfe", rendered("A={{ app.user }}\n"))

    assert "canary" not in text
    assert text.splitlines()[3].startswith("-[masked ")


def test_a_missing_newline_at_the_end_is_a_difference():
    text = diff(b"A=x", rendered("A=x\n"))

    assert text.splitlines()[3:] == ["-A=x", "\\ No newline at end of file", "+A=x"]


def test_equal_content_has_no_difference():
    new = rendered("A={{ app.user }}\n")

    assert diff(new[0], new) == ""


def test_revealed_it_is_an_ordinary_diff():
    text = diff(b"A=old\n", rendered("A={{ app.user }}\n"), masks=None)

    assert text.splitlines()[3:] == ["-A=old", "+A=canary-bob"]


# --- formats -----------------------------------------------------------------------------------

FLAT = {key: value for key, value in DATA.items() if key != "nested"}
LOGIN = {"machine": "db.example", "login": "canary-bob", "password": "canary-pw"}
PGPASS = {
    "host": "db.example",
    "port": 5432,
    "database": "app",
    "username": "canary-bob",
    "password": "canary:pw",
}
FORMATS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "dotenv": (FLAT, {}),
    "shell": (FLAT, {}),
    "github-env": (FLAT, {}),
    "json": (DATA, {}),
    "yaml": (DATA, {}),
    "properties": (FLAT, {}),
    "ini": ({"user": "canary-bob", "port": 5432}, {"section": "db"}),
    "raw": (DATA, {"key": "user"}),
    "netrc": (LOGIN, {}),
    "pgpass": (PGPASS, {}),
}


def test_every_format_is_covered():
    assert FORMATS.keys() == formats.FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_shows_names_and_no_values(name):
    data, options = FORMATS[name]
    changed = {key: "canary-new" if key == "user" else value for key, value in data.items()}
    new = formatted(name, data, **options)
    old, _ = formatted(name, changed, **options)

    shown = diff(None, new) + diff(old, new) + diff(b"TOKEN=canary-x\n", new)

    assert "canary" not in shown
    assert "5432" not in shown
    if name not in ("raw", "netrc", "pgpass"):
        assert "user" in shown


def test_in_json_only_the_changed_value_differs():
    old = json.dumps(DATA | {"port": 5433}, indent=2, sort_keys=True) + "\n"
    new = formatted("json")

    changed = [line for line in diff(old.encode(), new).splitlines()[3:] if line[0] in "+-"]

    assert len(changed) == 2
    assert all('"port": [masked ' in line for line in changed)
