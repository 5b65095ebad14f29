"""Go's regular expressions on Python's engine: differing syntax is translated or rejected."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from injector.compat.gotemplate.functions.patience import patience
from injector.compat.gotemplate.go.faults import GoError

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7F", "blank": "\\t ",
    "cntrl": "\\x00-\\x1F\\x7F", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": "!-/:-@\\[-`{-~", "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_NEGATED = re.compile(r"\[\[:\^(\w+):\]\]")
_LETTER = re.compile(r"\\p(?:L|\{L\})")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(x\{[0-9A-Fa-f]+\}|[0-7]{1,3}|.)", re.DOTALL)
# Groups that only Python has, and those that only Go has.
_REFUSED = re.compile(r"\(\?(?:[=!>#(]|<[=!]|P[=>]|[a-zA-Z]*U)|[*+?}]\+")
_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def compiled(pattern: str) -> "re.Pattern[str]":
    """Compile an expression; raises GoError."""
    try:
        return _compiled(pattern)
    except (re.error, OverflowError, RecursionError):
        raise GoError(
            "error parsing regexp, or it uses syntax that is not supported here"
        ) from None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> "re.Pattern[str]":
    if _REFUSED.search(_ESCAPE.sub("", pattern)):
        raise re.error("not in Go")
    plain = _QUOTED.sub(lambda match: re.escape(match[1]), pattern)
    return re.compile(_translated(_NEGATED.sub(r"[^[:\1:]]", plain)))


def _translated(pattern: str) -> str:
    out: list[str] = []
    position, in_class = 0, False
    while position < len(pattern):
        char = pattern[position]
        if not in_class and (letter := _LETTER.match(pattern, position)):
            out.append(r"[^\W\d_]")
            position = letter.end()
            continue
        if escape := _ESCAPE.match(pattern, position):
            out.append(_escape(escape[1], in_class=in_class))
            position = escape.end()
            continue
        posix = _POSIX.match(pattern, position) if in_class else None
        if posix is not None:
            out.append(_class(posix[2], negated=bool(posix[1])))
            position = posix.end()
            continue
        if char == "[" and not in_class:
            in_class = True
            opening = re.compile(r"\[\^?\]?").match(pattern, position)
            assert opening is not None
            out.append(opening[0].replace("]", "\\]"))
            position = opening.end()
            continue
        if char == "[":
            out.append("\\[")
        elif char == "]":
            in_class = False
            out.append(char)
        elif char == "$" and not in_class:
            out.append("(?!\\n)$" if "(?m" not in pattern else char)
        else:
            out.append(char)
        position += 1
    return "".join(out)


def _escape(what: str, *, in_class: bool) -> str:
    if what.startswith("x{"):
        return re.escape(chr(int(what[2:-1], 16)))
    if what == "z":
        return "\\Z"
    if what == "Z" or what in "CXGKkpPR" or (what.isdigit() and not what.startswith("0")):
        raise re.error("not in Go, or not supported here")
    if what.isdigit():
        return re.escape(chr(int(what, 8)))
    if what in _SETS and in_class:
        return _SETS[what]
    if what in "dwsbDWSB":  # ASCII's in Go
        return f"(?a:\\{what})" if not in_class else f"\\{what}"
    return f"\\{what}" if what.isalpha() else re.escape(what)


def _class(name: str, *, negated: bool) -> str:
    if negated or name not in _CLASSES:
        raise re.error("not supported here")
    return _CLASSES[name]


def expanded(template: str, match: "re.Match[str]") -> str:
    """Expand a replacement: `$1`, `${name}`; an unknown group is empty."""

    def group(found: "re.Match[str]") -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(group, template)


def search(expression: "re.Pattern[str]", text: str) -> "re.Match[str] | None":
    """Return the first match; raises GoError if it takes too long to find one."""
    with patience():
        return expression.search(text)


def matches(pattern: str, text: str) -> Iterator["re.Match[str]"]:
    """Yield every match as Go does: an empty match directly after another one is skipped."""
    expression = compiled(pattern)
    with patience():
        found = list(expression.finditer(text))
    last_end = -1
    for match in found:
        if match.end() == match.start() == last_end:
            continue
        last_end = match.end()
        yield match


def replaced(pattern: str, replacement: str, text: str) -> str:
    out: list[str] = []
    done = 0
    for match in matches(pattern, text):
        out += (text[done : match.start()], expanded(replacement, match))
        done = match.end()
    return "".join((*out, text[done:]))


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    return replaced(pattern, replacement, text)


def _match(pattern: str, text: str) -> bool:
    return search(compiled(pattern), text) is not None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "regexMatch": _match,
    "regexReplaceAll": _replace_all,
}
