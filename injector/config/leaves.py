"""Parses single values: text in, the model's value out, or what to write instead."""

import os
import re
import shlex
from enum import StrEnum
from signal import Signals
from typing import NamedTuple

from injector.config.problem import Wrong, suggest


class Style(StrEnum):
    """How a value is written in the file."""

    BARE = "bare"
    QUOTED = "quoted"
    EXPANDED = "expanded"  # it comes from the environment, whatever the quotes


class Scalar(NamedTuple):
    """A single value: `text` is used, `written` may be shown."""

    text: str
    style: Style
    written: str

    @property
    def shown(self) -> str:
        """Return it for a message, without expanded variables."""
        from injector.config.masking import mask  # only when something is wrong

        limit = 60
        shown = mask(self.written)
        return f"'{shown if len(shown) <= limit else shown[:limit] + '…'}'"


# --- YAML's own types, by its core schema (`no` is a word, not false) --------------------------

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False}
_BOOLEANS["FALSE"] = False
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OLD_WORDS = dict.fromkeys(("yes", "on", "y", "1"), "true")
_OLD_WORDS |= dict.fromkeys(("no", "off", "n", "0"), "false")
_OLD_BOOLEANS = frozenset(("yes", "no", "on", "off", "y", "n"))
# Most values are text and start with none of these.
_MAY_BE_TYPED = frozenset("0123456789+-.~tTfFnN")


def kind(value: Scalar) -> str:
    """Return the type that YAML gives an unquoted value."""
    text = value.text
    if value.style is not Style.BARE or (text and text[0] not in _MAY_BE_TYPED):
        return "text"
    if text in NULLS:
        return "nothing"
    if text in _BOOLEANS:
        return "a boolean"
    return "a number" if _WHOLE.fullmatch(text) or _NUMBER.fullmatch(text) else "text"


def text(value: Scalar) -> str:
    found = kind(value)
    if found == "text":
        return value.text
    if found == "nothing":
        raise Wrong("has no value; write one, or remove the key")
    raise Wrong(f'expected a string, got {found}; write it in quotes: "{value.written}"')


def amount(value: Scalar) -> str:
    """Read a text that may look like a number: `100`, `10m`, `0.5`."""
    return value.text if kind(value) == "a number" else text(value)


def boolean(value: Scalar) -> bool:
    if value.style is Style.QUOTED:
        raise Wrong(f"expected true or false without quotes, got {value.shown}")
    if value.text not in _BOOLEANS:
        old = _OLD_WORDS.get(value.written.lower())
        raise Wrong(f"expected true or false, got {value.shown}{f'; write {old}' if old else ''}")
    return _BOOLEANS[value.text]


def whole(value: Scalar) -> int:
    if value.style is Style.QUOTED:
        raise Wrong(f"expected a whole number without quotes, got {value.shown}")
    if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", value.text):
        raise Wrong(f"expected a whole number, got {value.shown}")
    return int(value.text)


def number(value: Scalar) -> float:
    if value.style is Style.QUOTED:
        raise Wrong(f"expected a number without quotes, got {value.shown}")
    if not _NUMBER.fullmatch(value.text):
        raise Wrong(f"expected a number, got {value.shown}")
    return float(value.text)


_LONGEST_NUMBER = 300


def anything(value: Scalar) -> object:
    """Return the value as JSON has it, for parameters of a request."""
    found = kind(value)
    if found == "nothing":
        return None
    if found == "a boolean":
        return _BOOLEANS[value.text]
    if found == "a number":
        if re.fullmatch(r"[-+]?0[0-9]+", value.text):
            raise Wrong(
                f"{value.text} may be octal or decimal; write it in quotes, or without the 0"
            )
        if len(value.text) > _LONGEST_NUMBER:
            raise Wrong("too long for a number; write it in quotes")
        return int(value.text, 0) if _WHOLE.fullmatch(value.text) else float(value.text)
    if value.style is Style.BARE and value.text.lower() in _OLD_BOOLEANS:
        raise Wrong(f'write true or false, or "{value.text}" in quotes if the word is meant')
    return value.text


# --- ours --------------------------------------------------------------------------------------

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_COUNT = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_PART = re.compile(rf"({_COUNT})(ms|s|m|h|d)")
_PARTS = re.compile(rf"(?:{_PART.pattern})+")


def duration_of(text: str) -> float:
    """Read a duration that is not in a document; raises Wrong."""
    return duration(Scalar(text, Style.QUOTED, text))


def duration(value: Scalar) -> float:
    """Read `30s`, `1h30m`, `500ms` or a number of seconds."""
    if re.fullmatch(_COUNT, value.text):
        return float(value.text)
    if _PARTS.fullmatch(value.text):
        return sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(value.text))
    if value.text.startswith("-"):
        raise Wrong(f"a duration cannot be negative, got {value.shown}")
    raise Wrong(
        f"expected a duration such as 30s, 5m, 1h30m, 500ms or a number of seconds, "
        f"got {value.shown}{_shorter(value)}"
    )


def _shorter(value: Scalar) -> str:
    """Say how a duration in words is written: `5 minutes`, `1 week`."""
    match = re.fullmatch(rf"(?i)({_COUNT})\s*(ms|[smhdw])[a-z]*", value.written)
    if match is None:
        return ""
    count, unit = match[1], match[2].lower()
    days = re.fullmatch("[0-9]+", count) and unit == "w"
    return (
        f"; write {int(count) * 7}d" if days else f"; write {count}{unit}" if unit in _UNITS else ""
    )


# Modes that people choose; as decimal numbers none of them looks like another one.
_USUAL_MODES = (0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o750, 0o755)
_HIGHEST_MODE = 0o1777


def perms(value: Scalar) -> int:
    """Read a mode: octal digits in quotes."""
    if value.style is Style.BARE and kind(value) == "a number":
        raise Wrong(_bare_mode(value.text))
    if not re.fullmatch(r"(?:0o?)?[0-7]{1,7}", value.text):
        raise Wrong(f'expected an octal mode in quotes such as "0640", got {value.shown}')
    mode = int(value.text.removeprefix("0o"), 8)
    if mode > _HIGHEST_MODE:
        raise Wrong(f'expected a mode up to "1777", without setuid and setgid, got {value.shown}')
    return mode


def _bare_mode(written: str) -> str:
    octal = written.removeprefix("0o")
    reads_octal = written.startswith("0") and re.fullmatch(r"0*[0-7]{1,4}", octal)
    if reads_octal:
        return (
            f"a bare number is refused, because YAML reads {written} as {int(octal, 8)}; "
            f'write "{int(octal, 8):04o}"'
        )
    if re.fullmatch(r"[0-9]{3}", written) and int(written) in _USUAL_MODES:
        return f'a bare number is refused, modes are octal text; write "{int(written):04o}"'
    if re.fullmatch(r"[0-7]{3,4}", written):
        return (
            f"a bare number is refused, because YAML reads {written} as a decimal, which is mode "
            f'{int(written):04o}; write "{int(written, 8):04o}"'
        )
    return 'a bare number is refused; write the mode as octal digits in quotes, such as "0640"'


def path(value: Scalar, directory: str) -> str:
    """Read a path that may start at the configuration's directory; empty stays empty."""
    written = text(value)
    if not written:
        return ""
    _refuse_odd(written)
    return os.path.normpath(os.path.join(directory, written))


def absolute_path(value: Scalar) -> str:
    written = text(value)
    if not written:
        return ""
    _refuse_odd(written)
    if not written.startswith("/"):
        raise Wrong(f"expected an absolute path, got {value.shown}; begin it with '/'")
    return os.path.normpath(written)


def _refuse_odd(written: str) -> None:
    if "\0" in written:
        raise Wrong("a path cannot contain a NUL character")
    if written.startswith("~"):
        raise Wrong("'~' is not expanded here; write ${HOME}, or the full path")


def signal_name(value: Scalar) -> str:
    """Read `SIGHUP` or `HUP`."""
    written = text(value)
    name = written.upper()
    name = name if name.startswith("SIG") or not name else f"SIG{name}"
    names = [signal.name for signal in Signals]
    if name and name not in names:
        raise Wrong(f"unknown signal {value.shown}; {suggest(name, names)}")
    return name


_HIGHEST_ID = 2**32 - 2


def owner(value: Scalar) -> str:
    """Read a user or group: a name, or a number with or without quotes."""
    if not re.fullmatch(r"[0-9]{1,10}", value.text):
        return text(value)
    if int(value.text) > _HIGHEST_ID:
        raise Wrong(f"a number must be at most {_HIGHEST_ID}")
    return value.text


def namespace(value: Scalar) -> str:
    return text(value).strip("/")


def literal(value: Scalar, valid: tuple[str, ...]) -> str:
    if value.text not in valid:
        raise Wrong(f"unknown value {value.shown}; {suggest(value.written, valid)}")
    return value.text


def login(value: Scalar, valid: tuple[str, ...]) -> str:
    """Read the type of a login."""
    if value.text not in valid:
        from injector.config.logins import ELSEWHERE  # only when something is wrong

        if why := ELSEWHERE.get(value.text):
            raise Wrong(f"there is no login {value.shown} here: {why}")
    return literal(value, valid)


def words(value: Scalar) -> tuple[str, ...]:
    """Split a command like a shell, and reject anything that only a shell could do."""
    written = text(value)
    lexer = shlex.shlex(written, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        found = tuple(lexer)
    except ValueError:
        raise Wrong("a quote is never closed") from None
    for word in found:
        if set(word) <= set("();<>|&") or re.search(r"`|\$[A-Za-z_({]", word):
            raise Wrong(
                f"no shell runs this, so '{word}' would mean nothing; "
                'write a list, for example [sh, -c, "…"]'
            )
    return found
