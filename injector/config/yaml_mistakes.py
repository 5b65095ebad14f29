"""Says what the author has done where YAML's parser only says what it has expected.

It looks at the lines around the place that the parser names. Nothing of a value is quoted: it may
be a secret.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from injector.config.excerpt import Line
from injector.config.masking import mask
from injector.config.problem import UNQUOTED

_KEY = re.compile(r"(?P<before>\s*(?:-\s+)*)(?P<key>[\w.-]+)")
_WITH_COLON = re.compile(r"\s*(?:-\s+)*[\w.-]+\s*:(?=\s|$)")
_BLOCK_OF_HCL = re.compile(r'\s*[A-Za-z_]\w*(?:\s+"[^"]*")?\s*\{\s*(?:#.*|//.*)?$')
_OPTION_OF_HCL = re.compile(r"\s*[A-Za-z_]\w*\s*=\s*\S")
_BRACES = re.compile(r"\s*(?:-\s+)*[\w.-]+:\s*(\{\{)")
_OPENS_TEXT = re.compile(r":\s*[|>][+-]?\d?\s*(?:#.*)?$")


class Mistake(NamedTuple):
    """Where something is wrong, and what."""

    place: Line
    text: str


class Error(NamedTuple):
    """What the parser says: where it stopped, where what it was reading began, and its words."""

    line: int
    column: int
    began: Line
    words: str
    context: str


def mistake(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Mistake | None:
    """Return what is wrong and where, if that can be told."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return None
    began = error.context_mark or mark
    if max(mark.line, began.line) >= len(lines):
        return None  # YAML has invisible ends of lines, such as U+2028, and counts those
    found = Error(
        mark.line + 1,
        mark.column + 1,
        Line(began.line + 1, began.column + 1),
        str(error.problem),
        str(error.context or ""),
    )
    rules = (_hcl, _tab, _braces, _quote, _token, _second_colon, _text, _colon, _indented, _flow)
    return next((told for rule in rules if (told := rule(found, lines))), None)


def hcl(lines: Sequence[str]) -> Mistake | None:
    """Return where another language begins."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith(("#", "//")):
            if _BLOCK_OF_HCL.match(line) or _OPTION_OF_HCL.match(line):
                said = (
                    "this is HCL, Vault Agent's language, in a file with a name for YAML; give it "
                    "a name that ends in .hcl, or translate it with `injector convert`"
                )
                return Mistake(Line(number, 1, len(line)), said)
            return None
    return None


def _hcl(_: Error, lines: Sequence[str]) -> Mistake | None:
    return hcl(lines)


def _tab(error: Error, lines: Sequence[str]) -> Mistake | None:
    line = lines[error.line - 1]
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" not in indentation:
        return None
    column = indentation.index("\t") + 1
    return Mistake(
        Line(error.line, column), "a tab cannot indent a line of YAML; write spaces instead"
    )


def _braces(error: Error, lines: Sequence[str]) -> Mistake | None:
    for number in range(error.line, error.began - 1, -1):
        if match := _BRACES.match(lines[number - 1]):
            return Mistake(Line(number, match.start(1) + 1, 2), UNQUOTED)
    return None


def _quote(error: Error, _: Sequence[str]) -> Mistake | None:
    if error.words == "found unexpected end of stream" and "quoted" in error.context:
        return Mistake(
            error.began, "this quote is never closed; add another one where the value ends"
        )
    if error.words == "found unknown escape character":
        said = (
            "a backslash in double quotes begins an escape; write the value in single quotes, "
            "or the backslash twice"
        )
        return Mistake(Line(error.line, error.column), said)
    return None


def _token(error: Error, lines: Sequence[str]) -> Mistake | None:
    place = Line(error.line, error.column)
    if "cannot start any token" in error.words:
        char = lines[error.line - 1][error.column - 1 : error.column]
        return Mistake(place, f"a value cannot begin with '{char}'; put it in quotes")
    if error.words == "found undefined alias":
        return Mistake(
            place, "a value that begins with '*' is a reference to another; put it in quotes"
        )
    return None


def _second_colon(error: Error, lines: Sequence[str]) -> Mistake | None:
    """Find `key: text: more`: in quotes, the value may have a colon."""
    before = lines[error.line - 1][: error.column - 1]
    if not error.words.startswith("mapping values") or not _WITH_COLON.match(before):
        return None
    return Mistake(
        Line(error.line, error.column), "a value with ': ' in it needs quotes; put it in quotes"
    )


def _text(error: Error, lines: Sequence[str]) -> Mistake | None:
    """Find the text of a block that is not below its key, but beside it."""
    number = min(error.began, error.line)
    above = _above(lines, number)
    if above and _OPENS_TEXT.search(lines[above - 1]) and not _WITH_COLON.match(lines[number - 1]):
        said = (
            "the text that belongs to the line above is not indented; indent it further than that"
        )
        return Mistake(Line(number, len(_indent(lines[number - 1])) + 1), said)
    return None


def _colon(error: Error, lines: Sequence[str]) -> Mistake | None:
    """Find a key without its colon, in the line where it is missing."""
    if error.words.startswith("could not find expected ':'"):
        return _without_colon(lines, int(error.began))
    if error.words.startswith("mapping values"):
        return _without_colon(lines, _above(lines, error.line))
    return None


def _without_colon(lines: Sequence[str], number: int) -> Mistake | None:
    line = lines[number - 1] if number else ""
    match = _KEY.match(line)
    if match is None or _WITH_COLON.match(line):
        return None
    key, end = mask(match["key"]), match.end()
    if line[end : end + 1] == ":":
        said = f"there is no space after '{key}:'; add one: without it, this is all one word"
        return Mistake(Line(number, end + 1), said)
    return Mistake(
        Line(number, match.start("key") + 1, match.end() - match.start("key")),
        f"there is no ':' after '{key}'; add it",
    )


def _indented(error: Error, lines: Sequence[str]) -> Mistake | None:
    """Find a line that is aligned with nothing."""
    line, above = lines[error.line - 1], _above(lines, error.line)
    depth = len(_indent(line))
    is_first = error.column == depth + 1 and error.words.startswith("did not find expected")
    if not above or "flow" in error.context:
        return None
    if not is_first and not error.words.startswith("mapping values"):
        return None
    place = Line(error.line, depth + 1, max(len(line.strip().partition(":")[0]), 1))
    open_blocks = sorted(set(_depths(lines, error.line)))
    if depth in open_blocks:
        return None
    said = f"this line begins in column {depth + 1}, where no block does"
    columns = " or ".join(str(each + 1) for each in open_blocks)
    return Mistake(place, f"{said}; align it with the lines it belongs to: column {columns}")


def _depths(lines: Sequence[str], number: int) -> Iterator[int]:
    """Yield where the blocks begin that this line could go on with."""
    least = 1_000
    for line in reversed(lines[: number - 1]):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _KEY.match(line)
        for depth in {len(_indent(line)), match.end("before") if match else 0}:
            if depth < least or line is lines[_above(lines, number) - 1]:
                yield depth
        least = min(least, len(_indent(line)))


def _flow(error: Error, lines: Sequence[str]) -> Mistake | None:
    if "flow" not in error.context:
        return None
    opened = lines[error.began - 1][error.began.column - 1 : error.began.column]
    closing = {"{": "}", "[": "]"}.get(opened)
    if closing is None:
        return None
    if error.line != error.began:
        return Mistake(
            error.began, f"this '{opened}' is never closed; add '{closing}' where it ends"
        )
    place = Line(error.line, error.column)
    return Mistake(
        place, f"a ',' or '{closing}' is missing before this; add it, or put the value in quotes"
    )


def _above(lines: Sequence[str], number: int) -> int:
    """Return the line before this one that is not empty and no comment; 0 if there is none."""
    for at in range(number - 1, 0, -1):
        if lines[at - 1].strip() and not lines[at - 1].lstrip().startswith("#"):
            return at
    return 0


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
