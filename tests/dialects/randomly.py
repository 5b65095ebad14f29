"""Random bodies of HCL blocks: most are valid, some have something removed or inserted."""

import random
from collections.abc import Callable, Iterator

# Names that occur twice are tested elsewhere, so each one gets a number.
_WORDS = ("a{}", "key{}", "a-{}-b", "_{}", "ü{}", '"{}"', '"q {}"')
_NUMBERS = ("0", "7", "0640", "-3", "1.5", "1e3", "0x1F", "012.5", "-0", "100000")
_PIECES = (
    *("{", "}", "[", "]", "=", ",", '"', "\n", "#", "//", "/*", "*/", "<<", "<<-E\n", "E\n"),
    *("${", "}", "\r\n", "\t", "-", "true", "09", "x y"),
)
_CHARACTERS = ("x", " ", "ü", "\\n", '\\"', "\\\\", "\\u00e4", "\\x41", "${a}", '${"b"}', "$", "#")
# Invalid or partial escapes; in names, some make the real agent panic.
_ODD = ("\\q", "\\8", "\\477", "\\x4", "\\u12", "\\/", "\\U00110000", "\\ud800")


def bodies(count: int, seed: int) -> Iterator[str]:
    """Yield this many; the same ones for the same seed."""
    draw = random.Random(seed)
    for _ in range(count):
        text = _body(draw, depth=3)
        for _ in range(draw.choice((0, 0, 0, 1, 1, 2))):
            at = draw.randrange(len(text) + 1)
            cut = draw.choice((0, 0, 1, 3))
            text = text[:at] + draw.choice((*_PIECES, "")) + text[at + cut :]
        yield text


def _body(draw: random.Random, depth: int) -> str:
    ends = ("\n", "\n", "\n\n", " # said\n", " // said\n", " /* said */\n", ",\n", " ", ", ")
    items = [_item(draw, depth) + draw.choice(ends) for _ in range(draw.randrange(1, 5))]
    return "".join(items)


def _item(draw: random.Random, depth: int) -> str:
    name = draw.choice(_WORDS).format(draw.randrange(10**6))
    if depth and draw.random() < 0.3:
        label = draw.choice(("", "", ' "label"', ' "one" "two"'))
        equals = draw.choice(("", " =")) if not label else ""
        return f"{name}{label}{equals} {{{draw.choice((' ', chr(10)))}{_body(draw, depth - 1)}}}"
    return f"{name}{draw.choice((' = ', '=', ' =' + chr(10)))}{_value(draw, depth)}"


def _value(draw: random.Random, depth: int) -> str:
    kinds: list[Callable[[random.Random], str]] = [_number, _number, _boolean, _text, _heredoc]
    if depth and draw.random() < 0.3:
        items = [_value(draw, depth - 1) for _ in range(draw.randrange(4))]
        return f"[{', '.join(items)}{draw.choice(('', ','))}]"
    return draw.choice(kinds)(draw)


def _number(draw: random.Random) -> str:
    return draw.choice(_NUMBERS)


def _boolean(draw: random.Random) -> str:
    return draw.choice(("true", "false"))


def _text(draw: random.Random) -> str:
    odd = draw.choice(_ODD) if draw.random() < 0.05 else ""
    return '"' + "".join(draw.choices(_CHARACTERS, k=draw.randrange(6))) + odd + '"'


def _heredoc(draw: random.Random) -> str:
    indents = ("", "  ", "    ", "\t")
    lines = [draw.choice(indents) + draw.choice(("x", "", "y z ", "E F", "${a}")) for _ in range(3)]
    sign, end = draw.choice((("<<E", "E"), ("<<E", "  E"), ("<<-E", "  E"), ("<<-E", "E")))
    return f"{sign}\n{chr(10).join(lines)}\n{end}\n"
