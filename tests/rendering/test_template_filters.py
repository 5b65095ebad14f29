"""The filters we add to MiniJinja's own."""

import json
import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.templates import rendered

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'pässword'|b64encode", "cMOkc3N3b3Jk"),
        ("'cMOkc3N3b3Jk'|b64decode", "pässword"),
        ("'cMOkc3\n N3b3Jk\n'|b64decode", "pässword"),
        ("5|b64encode|b64decode", "5"),
        ("'a'|sha256", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("'<a href=\"x\">&\\'ä'|tojson", '"<a href=\\"x\\">&\'ä"'),
        ("{'b': [1, true], 'a': 'x'}|tojson", '{"a":"x","b":[1,true]}'),
        ("{'a': 1}|tojson(indent=2)", '{\n  "a": 1\n}'),
        ("1.5|tojson", "1.5"),
        ("{'key': {'inner': 'no'}}|toyaml", "key:\n  inner: 'no'"),
        ("['abc', 1, []]|toyaml", "- abc\n- 1\n- []"),
        ("'yes'|toyaml", "'yes'"),
        ("{}|toyaml", "{}"),
        ("['a', 1, true]|join('-')", "a-1-true"),
        ("[{'n': 'a'}, {'n': 'b'}]|join(',', attribute='n')", "a,b"),
        ("'it\\'s'|shell", "'it'\"'\"'s'"),
        ("'a b'|dotenv", "'a b'"),
        ("true|string", "true"),
        ("'a\n\nb'|indent", "a\n\n    b"),
        ("'a\n\nb'|indent(2)", "a\n\n  b"),
        ("'a\n\nb'|indent(2, true)", "  a\n\n  b"),
        ("'a\n\nb'|indent(width=2, first=true, blank=true)", "  a\n  \n  b"),
        ("'a\nb'|indent('> ')", "a\n> b"),
    ],
)
def test_filters(expression, text):
    assert rendered("{{ " + expression + " }}") == text


@given(st.dictionaries(TEXTS, JSON, max_size=4))
def test_tojson_and_toyaml_return_the_whole_secret(app):
    assert json.loads(rendered("{{ app|tojson }}", app=app)) == app


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_shell_is_one_word(value):
    assert shlex.split(rendered("{{ app.k|shell }}", app={"k": value})) == [value]


@given(TEXTS)
def test_b64decode_reverses_b64encode(value):
    assert rendered("{{ app.k|b64encode|b64decode }}", app={"k": value}) == value


@given(JSON.filter(lambda value: value is not None))
def test_toyaml_indents_into_a_document(value):
    text = rendered("k:\n  {{ app.k|toyaml|indent(2) }}\nnext: 1\n", app={"k": value})

    assert yaml.safe_load(text) == {"k": value, "next": 1}
