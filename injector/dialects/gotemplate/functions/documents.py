"""JSON, read and written."""

import json
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.json import json_text


def parse_json(text: str) -> Any:
    """Decode like encoding/json: every number is a float64."""
    return from_json(text) if text else {}


def from_json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        at = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise GoError(f"the text is not valid JSON{at}") from None


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return value


def _refuse(_word: str) -> Any:
    raise ValueError("not JSON")


def to_json(value: Any) -> str:
    return json_text(value)


def to_json_pretty(value: Any) -> str:
    return json_text(value, indented=True)


def to_unescaped_json(value: Any) -> str:
    return json_text(value, html=False)


def to_unescaped_json_pretty(value: Any) -> str:
    return json_text(value, indented=True, html=False)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parseJSON": parse_json,
    "toJSON": to_json,
    "toJSONPretty": to_json_pretty,
    "toUnescapedJSON": to_unescaped_json,
    "toUnescapedJSONPretty": to_unescaped_json_pretty,
}
