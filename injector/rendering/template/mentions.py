"""What the words of a template reveal before anything is rendered.

How far a rendering gets depends on values, so only the source tells everything at once.
"""

import re
from collections.abc import Iterator, Sequence

from injector.rendering.template.scan import Tag, is_literal, is_name

_CONSTANTS = frozenset(("true", "True", "false", "False", "none", "None"))
_LITERAL = frozenset("()[]{},:=-") | _CONSTANTS
_DECLARES = frozenset(("block", "call", "for", "macro", "set", "with"))

# Filters that pass a marker on, or use it in a way that it notices.
# fmt: off
_OPEN_FILTERS = frozenset((
    "b64decode", "b64encode", "capitalize", "d", "default", "dotenv", "first", "indent", "items",
    "join", "last", "length", "list", "lower", "replace", "safe", "sha256", "shell", "string",
    "title", "tojson", "toyaml", "trim", "upper", "urlencode",
))
# fmt: on
# Statements that capture what is printed inside.
_CAPTURES = frozenset(("block", "call", "endset", "filter", "macro"))
# A format in which each width and precision is a short number, and none is another field.
_FORMAT = re.compile(
    r"""["'] (?: [^{}] | \{\{ | \}\} | \{ (?![^{}]*\d{4}) [^{}]* \} )* ["']""", re.VERBOSE
)
_COMPARES = frozenset(("==", "!=", "<", ">", "<=", ">=", "is"))


def names(tag: Tag) -> Iterator[str]:
    """Yield the variables a tag reads, and a few words more: never too few."""
    words = tag.words
    for index, word in enumerate(words):
        if not is_name(word) or (index == 0 and tag.statement):
            continue
        if _before(words, index) in (".", "|", "is") or _after(words, index) == "=":
            continue
        yield word


def literal_calls(tag: Tag) -> Iterator[str]:
    """Yield the source of each `secret(…)` whose arguments are all literal."""
    return (" ".join(call) for call in _calls(tag) if _is_all_literal(call))


def computed_calls(tag: Tag) -> Iterator[Sequence[str]]:
    """Yield the words of each other `secret(…)`."""
    return (call for call in _calls(tag) if not _is_all_literal(call))


def filters(tag: Tag) -> Iterator[str]:
    """Yield the names of the filters a tag uses."""
    if "|" in tag.words:
        for index, word in enumerate(tag.words):
            if is_name(word) and _before(tag.words, index) == "|":
                yield word


def called(tag: Tag) -> Iterator[str]:
    """Yield the names of the functions a tag calls."""
    for index, word in enumerate(tag.words):
        if is_name(word) and _after(tag.words, index) == "(":
            yield word


def tests(tag: Tag) -> Iterator[str]:
    """Yield the names of the tests a tag uses: `x is name`, `x is not name`."""
    if "is" in tag.words:
        for index, word in enumerate(tag.words):
            if is_name(word) and word != "not" and _before(tag.words, index) == "is":
                yield word


def key_with_hyphens(tag: Tag, name: str) -> str:
    """Return the key that `name` is the end of: the engine reads `.api-key` as `.api - key`."""
    words = tag.words
    for index in range(3, len(words)):
        dot, first, minus, last = words[index - 3 : index + 1]
        if (dot, minus, last) == (".", "-", name):
            return f"{first}-{last}"
    return ""


def guarded(tag: Tag) -> Iterator[str]:
    """Yield names that a tag declares or tests."""
    for index, word in enumerate(tag.words):
        if is_name(word) and (
            tag.statement in _DECLARES or _after(tag.words, index) in ("is", "|")
        ):
            yield word


def formats_freely(tag: Tag) -> bool:
    """Return whether `.format` may pad by any number: the engine takes the memory and the time."""
    return any(
        word == "format"
        and _before(tag.words, index) == "."
        and not (index > 1 and _FORMAT.fullmatch(tag.words[index - 2]))
        for index, word in enumerate(tag.words)
    )


def compares_with_none(tag: Tag) -> bool:
    """`== none` is never true for an optional secret that is not there; `is none` is."""
    return ("none" in tag.words or "None" in tag.words) and any(
        {first, third} & {"none", "None"} and second in ("==", "!=")
        for first, second, third in zip(tag.words, tag.words[1:], tag.words[2:], strict=False)
    )


def is_open(tag: Tag) -> bool:
    """Return whether a tag cannot distinguish a marker from a value without the marker noticing.

    The engine compares and looks things up by itself, and passes on what was printed.
    """
    words = tag.words
    return not (
        tag.statement in _CAPTURES
        or _COMPARES & set(words)
        or words.count("in") > (tag.statement == "for")
        or any(name not in _OPEN_FILTERS for name in filters(tag))
        or any(_computed_key(words, index) for index in range(1, len(words)))
        or any(_method_with_arguments(words[index : index + 4]) for index in range(len(words)))
    )


def _computed_key(words: Sequence[str], index: int) -> bool:
    if words[index] != "[" or words[index - 1] == "in":
        return False
    if not (is_name(words[index - 1]) or words[index - 1] in ")]}"):
        return False
    return not (is_literal(_after(words, index)) and words[index + 2 : index + 3] == ("]",))


def _method_with_arguments(words: Sequence[str]) -> bool:
    match words:
        case (".", _, "(", argument):
            return argument != ")"
    return False


def _calls(tag: Tag) -> Iterator[Sequence[str]]:
    words = tag.words
    for index, word in enumerate(words):
        if word == "secret" and _before(words, index) != "." and _after(words, index) == "(":
            yield _to_closing_bracket(words[index:])


def _is_all_literal(call: Sequence[str]) -> bool:
    return all(_is_literal(call, position) for position in range(1, len(call)))


def _is_literal(words: Sequence[str], index: int) -> bool:
    word = words[index]
    if is_literal(word) or word in _LITERAL:
        return True
    return is_name(word) and _after(words, index) == "="


def _to_closing_bracket(words: Sequence[str]) -> Sequence[str]:
    depth = 0
    for index, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if word == ")" and depth == 0:
            return words[: index + 1]
    return words


def _before(words: Sequence[str], index: int) -> str:
    """Return the word before this one; before a test, that is `is`, with or without `not`."""
    before = words[index - 1] if index else ""
    return "is" if before == "not" and index > 1 and words[index - 2] == "is" else before


def _after(words: Sequence[str], index: int) -> str:
    return words[index + 1] if index + 1 < len(words) else ""


def spelled_out(tag: Tag) -> Iterator[str]:
    """Yield every name and string in the source: an error may quote these."""
    for word in tag.words:
        if is_name(word):
            yield word
        elif is_literal(word):
            yield word.strip("\"'")
