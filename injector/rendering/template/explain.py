"""Explains what went wrong in a template, without quoting values.

MiniJinja's messages may contain one (`unable to calculate 5432 / 0`), so only those known to
mention just types are used. The source may be quoted: it is not secret.
"""

import re
from collections.abc import Collection

import minijinja

from injector.base.errors import InjectorError, MissingError, RenderError
from injector.config.problem import did_you_mean
from injector.rendering.template.printing import NoValueError
from injector.rendering.template.reading import Miss, Reading

_ALONE = "`include`, `import` and `extends` are not supported: a template is a single text"
_KINDS = {
    "UnknownFilter": "unknown filter",
    "UnknownFunction": "unknown function",
    "UnknownMethod": "values of this type have no such method",
    "UnknownTest": "unknown test",
    "MissingArgument": "an argument is missing",
    "TooManyArguments": "too many arguments",
    "TemplateNotFound": _ALONE,
    "UnknownBlock": "unknown block",
    "OutOfFuel": "the template takes too many steps: is there an endless loop?",
}
_TYPE = (
    "(?:undefined|none|bool|number|string|bytes|sequence|map|iterator|iterable|plain object|integer"
    "|float|list|usize|isize|[iuf](?:8|16|32|64|128))"
)
_SAFE = re.compile(
    rf"tried to use \S{{1,2}} operator on unsupported types {_TYPE} and {_TYPE}"
    rf"|cannot convert {_TYPE} to {_TYPE}|value of type {_TYPE} (?:is not|cannot be) [a-z]+"
    r"|recursion limit exceeded|range has too many elements|invalid float literal"
    rf"|can only sum numbers, got {_TYPE}|value is not a string|not iterable"
)
_LONGEST_QUOTE = 60
# Keys of Vault's answers around the secret itself.
ENVELOPE = ("data", "Data", "metadata")
_GIVE_A_DEFAULT = "give it a `default(…)`"
# Python's errors for invalid uses of an object in a template.
_PYTHONS: dict[type[Exception], str] = {
    AttributeError: "values of this type have no such method",
    TypeError: "this cannot be called, or not with these arguments",
    RecursionError: "this is nested too deeply",
}


def explain(
    error: Exception | None, reading: Reading, source: str, quotable: Collection[str]
) -> InjectorError:
    """Return the error to raise, without its place. `quotable` are the keys in the source."""
    if reading.misprint:
        return RenderError(reading.misprint)
    if isinstance(error, minijinja.TemplateError):
        expression = quote(error, source)
        if error.kind == "UndefinedError":
            return _undefined(expression, reading.missed, quotable)
        return RenderError(f"{_meaning(error)}: `{expression}`" if expression else _meaning(error))
    if isinstance(error, NoValueError):
        why = _why(reading.missed, quotable) if reading.missed else _GIVE_A_DEFAULT
        return (MissingError if reading.missed else RenderError)(f"{error}: {why}")
    if isinstance(error, RenderError):
        return error
    meanings = (text for kind, text in _PYTHONS.items() if isinstance(error, kind))
    return RenderError(next(meanings, f"this does not work here ({type(error).__name__})"))


def syntax(error: minijinja.TemplateError) -> str:
    """Explain an error of the source alone: there were no values yet."""
    if error.kind == "InvalidDelimiter":
        return "`left_delimiter` and `right_delimiter` must differ from `{%`, `{#` and their ends"
    return f"syntax error: {error.detail or error.kind}"


def quote(error: minijinja.TemplateError, source: str) -> str:
    """Cut the failing expression out of the source; the range counts bytes."""
    if error.range is None:
        return ""
    start, end = error.range
    text = " ".join(source.encode()[start:end].decode(errors="replace").split())
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _undefined(
    expression: str, missed: Miss | None, quotable: Collection[str]
) -> RenderError | MissingError:
    if missed is None or _is_about_another(expression, missed, quotable):
        return RenderError(f"`{expression}` is not defined; correct it, or {_GIVE_A_DEFAULT}")
    return MissingError(_why(missed, quotable))


def _is_about_another(expression: str, missed: Miss, quotable: Collection[str]) -> bool:
    """Return whether the last missing key is unrelated to the failing expression."""
    names_a_key = "." in expression or "[" in expression
    return names_a_key and missed.key in quotable and missed.key not in expression


def _why(missed: Miss, quotable: Collection[str]) -> str:
    if missed.why:
        return missed.why
    spelled_out = missed.key in quotable
    name = f"{missed.what} {missed.key!r}" if spelled_out else f"{missed.what} as is computed here"
    if missed.is_null:
        return f"{missed.place} has null for {name}; {_GIVE_A_DEFAULT}"
    near = did_you_mean(missed.key, list(missed.known)) if spelled_out else ""
    if missed.key in ENVELOPE and spelled_out and not near:
        near = "; what Vault wraps it in is removed already: name its keys directly"
    return f"{missed.place} has no {name}{near}"


def _meaning(error: minijinja.TemplateError) -> str:
    if error.kind in _KINDS:
        return _KINDS[error.kind]
    detail = error.detail or ""
    return detail if _SAFE.fullmatch(detail) else "this does not work with this kind of value"
