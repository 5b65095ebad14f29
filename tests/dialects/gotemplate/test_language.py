"""The language, compared with the results of the real text/template for thousands of templates."""

import json
import re
from pathlib import Path

import pytest

from injector.dialects.gotemplate.functions import builtins, documents, numbers, text
from injector.dialects.gotemplate.go.faults import ExecutionFault, SyntaxFault
from injector.dialects.gotemplate.go.limits import Progress
from injector.dialects.gotemplate.go.values import Number
from injector.dialects.gotemplate.run.statements import Execution
from injector.dialects.gotemplate.syntax.lexer import tokens
from injector.dialects.gotemplate.syntax.parser import parsed
from tests.dialects.gotemplate.go.corpus import DATA, cases

EXPECTED = json.loads((Path(__file__).parent / "go" / "expected.json").read_text())
# The rest of the message is worded for people here, and never quotes a value.
PLACE = re.compile(r'template: :\d+:\d+: executing ".*" at <(?s:.*?)>: ')


def data():
    return json.loads(DATA, parse_float=Number, parse_int=Number)


FUNCTIONS = {
    **builtins.FUNCTIONS,
    **{name: numbers.FUNCTIONS[name] for name in ("parseInt", "parseUint", "parseFloat")},
    **{name: text.FUNCTIONS[name] for name in ("indent", "join", "split", "splitToMap", "toUpper")},
    "parseJSON": documents.FUNCTIONS["parseJSON"],
    "data": data,
}  # fmt: skip


def outcome(source, options):
    """Return the text, or the beginning of the error."""
    delimiters = next((option.split("\0") for option in options if "\0" in option), ["", ""])
    try:
        tree = parsed(source, tokens(source, *delimiters), FUNCTIONS, {})
        strict = "missingkey=error" in options
        return Execution(tree, FUNCTIONS, Progress(), missing_is_error=strict).run(), ""
    except SyntaxFault as fault:
        return "", str(fault)
    except ExecutionFault as fault:
        return "", place(fault.whole.worded(str))


def place(error):
    match = PLACE.match(error)
    return match[0] if match else error


def test_the_table_names_its_version_of_go():
    assert EXPECTED["go"] == "go1.24.4"
    assert len(EXPECTED["results"]) == len(cases()) > 3000


@pytest.mark.parametrize("part", range(20))
def test_every_template_renders_as_in_go(part):
    differing = []
    for case, result in list(zip(cases(), EXPECTED["results"], strict=True))[part::20]:
        output, error = outcome(case[0], case[1:])
        # Go prints bytes that are not UTF-8 unchanged; in the JSON of the table, it cannot.
        output = output.encode("utf-8", "surrogateescape").decode(errors="replace")
        if (output, error) != (result.get("output", ""), place(result.get("error", ""))):
            differing.append((case, result, output, error))
    assert not differing
