"""`executeTemplate`: the text of another template as a value."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import MISSING, UNKNOWN, Unknown
from injector.dialects.gotemplate.run.signature import Stateful
from injector.dialects.gotemplate.run.statements import Execution


def execute_template(execution: Execution) -> Stateful:
    """Return the function for one execution."""

    def execute(name: str, *data: Any) -> Any:
        if len(data) > 1:
            raise GoError(
                "executeTemplate: wrong number of arguments, expected 1 or 2, "
                f"but got {len(data) + 1}"
            )
        left_out = execution.left_out
        text = execution.run(name, data[0] if data and data[0] is not None else MISSING)
        return text if execution.left_out == left_out else UNKNOWN

    return Stateful(execute, _unless_name_is_unknown(execute))


def _unless_name_is_unknown(execute: Callable[..., Any]) -> Callable[..., Any]:
    def with_unknown(name: Any, *data: Any) -> Any:
        return UNKNOWN if type(name) is Unknown else execute(name, *data)

    return with_unknown
