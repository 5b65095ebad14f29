"""Random templates, most of them valid: statements around pipelines of functions and values."""

# ruff: noqa: E501, RUF001 - a list is a line, and letters that look alike are the point

import random
from collections.abc import Iterator

from tests.dialects.gotemplate.corpus import APP

_VALUES = [
    ".user", ".password", ".port", ".ratio", ".on", ".none", ".empty", ".number", ".hosts", ".mixed", ".no", ".map", ".map.nested", ".lines", ".uni", ".html", ".missing", "1", "7", "-2", "1.5", '"a"', "`x,y`", "true", "nil", "$v", "(parseJSON .json)", "(parseInt .number)", "(split `,` .csv)", "(len .hosts)", "(sprig_list 1 `a` 2.5)", "(sprig_dict `a` 1 `b` `c`)",
]  # fmt: skip
# Functions, and their number of arguments.
_FUNCTIONS = [
    ("print", 1), ("print", 3), ("printf `%v|%q`", 2), ("printf `%5v|%-5v|%05v`", 3), ("println", 2), ("len", 1), ("index .hosts", 1), ("index .map", 1), ("not", 1), ("eq", 2), ("ne", 2), ("lt", 2), ("and", 2), ("or", 2), ("html", 1), ("js", 1), ("toJSON", 1), ("toJSONPretty", 1), ("toYAML", 1), ("toUpper", 1), ("trimSpace", 1), ("indent 2", 1), ("join `-`", 1), ("split `a`", 1), ("replaceAll `a` `b`", 1), ("base64Encode", 1), ("sha256Hex", 1), ("add", 2), ("multiply", 2), ("subtract", 2), ("maximum", 2), ("contains", 2), ("in", 2), ("regexReplaceAll `[a-e]+` `<$0>`", 1), ("parseInt", 1), ("explodeMap", 1), ("sprig_default", 2), ("sprig_toString", 1), ("sprig_quote", 2), ("sprig_add", 2), ("sprig_trunc 3", 1), ("sprig_join `,`", 1), ("sprig_reverse", 1), ("sprig_first", 1), ("sprig_toJson", 1), ("sprig_title", 1), ("sprig_ternary `y` `n`", 1), ("sprig_hasKey .map", 1), ("sprig_kindOf", 1), ("sprig_typeOf", 1), ("sprig_uniq", 1), ("sprig_indent 2", 1), ("sprig_empty", 1), ("sprig_coalesce", 2),
]  # fmt: skip
_LOOPS = ("if", "with", "range", "range $v :=", "range $i, $v :=")


def random_templates(count: int, *, seed: int) -> list[str]:
    return list(dict.fromkeys(_Writer(random.Random(seed)).templates(count)))


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def templates(self, count: int) -> Iterator[str]:
        for _ in range(count):
            yield APP % ("{{$v := 1}}" + self._block(0))

    def _value(self, depth: int) -> str:
        if depth < 2 and self._chance.random() < 0.2:
            return f"({self._pipeline(depth + 1)})"
        return self._chance.choice(_VALUES)

    def _pipeline(self, depth: int) -> str:
        chance = self._chance
        if chance.random() < 0.3:
            return self._value(depth)
        name, arity = chance.choice(_FUNCTIONS)
        call = " ".join([name, *(self._value(depth) for _ in range(arity))])
        if depth < 2 and chance.random() < 0.3:
            name, arity = chance.choice(_FUNCTIONS)
            more = [name, *(self._value(depth) for _ in range(arity - 1))]
            return f"{call} | {' '.join(more)}"
        return call

    def _block(self, depth: int) -> str:
        return "".join(self._statement(depth) for _ in range(self._chance.randint(1, 2)))

    def _statement(self, depth: int) -> str:
        chance = self._chance
        opening, closing = chance.choice(["{{", "{{- "]), chance.choice(["}}", " -}}"])
        kind = chance.randrange(6)
        if kind == 0:
            return chance.choice(["a", " b \n", "\n\t"])
        if kind == 1 and depth < 2:
            word = chance.choice(_LOOPS)
            otherwise = f"{{{{else}}}}{self._block(depth + 1)}" if chance.randrange(2) else ""
            body = self._block(depth + 1)
            return f"{opening}{word} {self._pipeline(0)}{closing}{body}{otherwise}{{{{end}}}}"
        return f"{opening}{self._pipeline(0)}{closing}"


_ATOMS = [
    "a", "b", "x", ".", r"\d", r"\w", r"\s", r"\S", r"\D", r"\W", r"\b", r"\B", "^", "$", r"\A", r"\z", "é", r"\pL", r"\PL", r"\p{Greek}", r"\P{Lu}", r"\p{^Lu}", "[abc]", "[^a]", "[a-z]", "[[:alpha:]]", "[[:^digit:]]", r"[\d\s]", r"[^\w]", "[]a]", r"[a\]b]", "[é-ü]", r"\x41", r"\x{e9}", r"\101", r"\Q.*\E", r"\Qa", r"\.", r"\v", "", "-", "{", "}", "]", r"[\pL]", r"[\PL]", "K", "ſ",
]  # fmt: skip
_ONLY_ELSEWHERE = [r"\Z", r"\1", r"\C", r"\K", r"\X", r"\h", r"\e", r"\p{Nope}", r"\x", "[z-a]", "[[:nope:]]", "*", "(?=a)", "(?<=a)", "(?>a)", "(?#a)", "(?P=n)", "(?x)", "(?<é>a)", "(?-)", "(", ")"]  # fmt: skip
_REPETITIONS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{2,}", "{1,2}", "{,2}", "{0}", "{2}?", "{a}", "**", "*+", "{1001}"]  # fmt: skip
_GROUPS = ["(%s)", "(?:%s)", "(?P<n>%s)", "(?<m>%s)", "(?i:%s)", "(?i)%s", "(?-i:%s)", "(?s:%s)", "(?m)%s", "(?U:%s)", "(?U)%s", "(?i-s:%s)"]  # fmt: skip
_PIECES = ["a", "b", "ab", "A", "x", "é", "É", "α", "1", " ", "\n", "\v", "\xa0", ".", ".*", "xx", "_", "-", "{", "k", "ſ", "s", "\0", "\u2028", "日", "\udcff", "\udcc3"]  # fmt: skip
_REPLACEMENTS = ["<$0>", "[$1]", "${1}x", "$1x", "$$", "${n}$m", "$", "$01", "$9", "${", r"\1", ""]


def random_expressions(count: int, *, seed: int) -> list[tuple[str, str, str]]:
    """Return regular expressions, most of them valid, each with a text and a replacement."""
    chance = random.Random(seed)
    return [
        (
            _expression(chance, 0),
            "".join(chance.choices(_PIECES, k=chance.randrange(9))),
            chance.choice(_REPLACEMENTS),
        )
        for _ in range(count)
    ]


def _expression(chance: random.Random, depth: int) -> str:
    return "".join(_part(chance, depth) for _ in range(chance.randint(depth == 0, 3)))


def _part(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if kind < 0.3 and depth < 3:
        part = chance.choice(_GROUPS) % _expression(chance, depth + 1)
    elif kind < 0.4 and depth < 3:
        part = f"{_expression(chance, depth + 1)}|{_expression(chance, depth + 1)}"
    else:
        part = chance.choice(_ATOMS if kind < 0.98 else _ONLY_ELSEWHERE)
    return part + (chance.choice(_REPETITIONS) if chance.random() < 0.3 else "")
