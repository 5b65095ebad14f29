"""MiniJinja as we use it: strict, never quoting values, without access to the machine."""

from functools import cache
from typing import Any

import minijinja

from injector.rendering.template.filters import filters
from injector.rendering.template.printing import printed, printed_leniently
from injector.rendering.template.values import Nothing

# Stops a runaway loop within about a second; printing a value costs about 5.
FUEL = 5_000_000


@cache
def environment(left: str, right: str, strict: bool) -> minijinja.Environment:  # noqa: FBT001 - a cache's key
    """Return the shared environment of all templates with these delimiters.

    Raises minijinja.TemplateError for delimiters that contradict each other.
    """
    env = minijinja.Environment(
        undefined_behavior="strict" if strict else "chainable",
        debug=False,  # True writes the variables of the template, secrets included, into errors
        keep_trailing_newline=True,
        auto_escape_callback=lambda _: False,
        finalizer=printed if strict else printed_leniently,
        filters=filters(strict=strict),
        tests={"none": _is_none},
        fuel=FUEL,
        variable_start_string=left,
        variable_end_string=right,
    )
    env.remove_global("debug")  # prints all variables
    return env


@cache
def has_filter(name: str) -> bool:
    return _complaint(f"0|{name}") != "UnknownFilter"


@cache
def has_test(name: str) -> bool:
    return _complaint(f"0 is {name}") != "UnknownTest"


@cache
def has_global(name: str) -> bool:
    return _complaint(name) != "UndefinedError"


def _complaint(expression: str) -> str:
    """Try an expression: the engine lists neither its filters nor its tests."""
    try:
        environment("{{", "}}", strict=True).eval_expr(f"[{expression}, ({expression}) ~ '']")
    except minijinja.TemplateError as error:
        return error.kind
    except Exception:  # noqa: BLE001 - a filter of ours that does not like the example
        return ""
    return ""


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, Nothing))
