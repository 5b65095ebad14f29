"""Masks what looks like a secret in a line of a configuration, whatever its language.

It looks at the text alone, because it is needed most where a text cannot be parsed: under names
that stand for secrets everything is masked, elsewhere what has the form of a token. Rather too much
than too little; references (`{{ … }}`, `${…}`) are no secrets, and stay.
"""

import re
from collections.abc import Iterator, Sequence

MASK = "[redacted]"
Span = tuple[int, int]

_NAME = (
    r"(?:password|passwd|passphrase|passcode|pwd|token|secret[_-]?id|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|client[_-]?secret|secret[_-]?key|authorization|cookie|credentials?)"
)
# Blocks whose values are not ours to show, whatever their names.
_BLOCK = r"(?:headers?|custom)"
_KEY = re.compile(rf"""(?ix) (?<![\w.-]) ["']? (?:[\w.-]*[_.-])? {_NAME} ["']? \s* (?:[:=]>?) """)
_BLOCK_KEY = re.compile(
    rf"""(?ix) (?<![\w.-]) ["']? {_BLOCK} ["']? \s* [:=]? \s* (?=[{{\[:=]|$) """
)
_ADDRESS = re.compile(r"://([^/@\s'\"]+)@")
_BEARER = re.compile(r"(?i)\b(?:bearer|basic)\s+([^\s'\"]+)")
_TOKEN = re.compile(
    r"(?<![\w.-])(?:hv[sbr]\.[\w-]+|[sbr]\.[A-Za-z0-9]{20,}|eyJ[\w-]+(?:\.[\w-]*)*|gh[pousr]_\w+"
    r"|AKIA[A-Z0-9]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
_LONG = re.compile(r"[A-Za-z0-9+_=-]{24,}")
_REFERENCE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\$\{[^}]*\}")
_QUOTED = re.compile(r"""\s*(?:"(?:\\.|[^"\\])*"|'[^']*')""")
_WORD = re.compile(r"""[^\s"'{}\[\],]+""")
_SEPARATOR = re.compile(r"""["']?\s*[:=](?=\s|$|["'\[])""")
_PLAIN = frozenset(
    ("true", "false", "null", "~", "force", "none", "|", "|-", "|+", ">", ">-", ">+")
)


def masked(lines: Sequence[str], index: int, start: int, width: int) -> tuple[str, int, int]:
    """Return a line as it may be shown, and where the part that begins at `start` is in it."""
    line = lines[index]
    text, at, end = "", start, start + width
    done = 0
    for first, last in _merged(line, _secrets(lines, index)):
        text += line[done:first] + MASK
        # The marked part grows or moves with what is masked in it or before it.
        longer = len(MASK) - (last - first)
        at = _moved(start, at, first, last, longer)
        end = _moved(start + width, end, first, last, longer, is_end=True)
        done = last
    return _printable(text + line[done:]), at, max(end - at, 1) if width else 0


def mask(text: str) -> str:
    """Return a single value without what has the form of a token."""
    return masked((text,), 0, 0, 0)[0]


def _moved(
    original: int, now: int, first: int, last: int, longer: int, *, is_end: bool = False
) -> int:
    if original >= last:
        return now + longer
    if original > first:  # inside of what is masked
        return now - (original - first) + (len(MASK) if is_end else 0)
    return now


def _secrets(lines: Sequence[str], index: int) -> Iterator[Span]:
    line = lines[index]
    if _is_inside_a_secret(lines, index):
        yield from _values(line, _indentation(line), len(line))
    for key in (*_KEY.finditer(line), *_BLOCK_KEY.finditer(line)):
        end = len(line) if key.re is _BLOCK_KEY else _end_of_value(line, key.end())
        yield from _values(line, key.end(), end)
    for form in (_ADDRESS, _BEARER):
        yield from (match.span(1) for match in form.finditer(line))
    yield from (match.span() for match in _TOKEN.finditer(line))
    yield from (match.span() for match in _LONG.finditer(line) if _is_random(match[0]))


def _is_inside_a_secret(lines: Sequence[str], index: int) -> bool:
    """Return whether a line stands under a key for a secret, as `password: |` has it."""
    depth = _indentation(lines[index])
    for above in reversed(lines[:index]):
        if not above.strip() or _indentation(above) >= depth:
            continue
        depth = _indentation(above)
        key = _KEY.search(above)
        if key and above[key.end() :].strip() in ("", "|", "|-", "|+", ">", ">-", ">+"):
            return True
        if _BLOCK_KEY.search(above):
            return True
        if not depth:
            return False
    return False


def _end_of_value(line: str, begin: int) -> int:
    """Return where the value that begins here ends: at its quote, or at the end of its list."""
    if quoted := _QUOTED.match(line, begin):
        return quoted.end()
    rest = line[begin:]
    if not rest.strip().startswith(("{{", "{%")) and rest.strip()[:1] in ("{", "["):
        return len(line)
    is_flow = line.count("{", 0, begin) > line.count("}", 0, begin)
    match = re.compile(r"[,}\]]").search(line, begin) if is_flow else None
    return match.start() if match else len(line)


def _values(line: str, begin: int, end: int) -> Iterator[Span]:
    """Yield the words of values: without keys, references, punctuation and plain words."""
    at = begin
    for reference in (*_REFERENCE.finditer(line, begin, end), None):
        until = reference.start() if reference else end
        for word in _WORD.finditer(line, at, until):
            written = word[0].rstrip(":=")
            is_key = _SEPARATOR.match(line, word.start() + len(written))
            if not is_key and written.lower() not in _PLAIN and re.search(r"\w", written):
                yield word.start(), word.start() + len(written)
        at = reference.end() if reference else end


def _is_random(word: str) -> bool:
    """Return whether a word is none that people make: letters of both cases, and digits."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, word)) for kind in kinds)


def _merged(line: str, spans: Iterator[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and not line[merged[-1][1] : first].strip():
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))


def _printable(text: str) -> str:
    """Return it with a space for a tab and a mark for what a terminal would obey."""
    return "".join(
        " " if char == "\t" else char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
