"""Values as Go's encoding/json writes them: keys sorted, HTML escaped unless disabled."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.numbers import json_float
from injector.dialects.gotemplate.go.values import (
    MISSING,
    NIL_POINTER,
    AnyMap,
    NilStrings,
    Number,
    Struct,
    bytes_of,
    type_of,
)
from injector.dialects.gotemplate.go.verbs import Directive, formatted

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_LINES = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\x7f"})
_STEP = "  "


def json_text(value: Any, *, indented: bool = False, html: bool = True) -> str:
    """Return the JSON; raises GoError for what JSON cannot represent."""
    return _Writer(indented=indented, html=html).text(value, "")


class _Writer:
    def __init__(self, *, indented: bool, html: bool) -> None:
        self._indented = indented
        self._html = html

    def text(self, value: Any, indent: str) -> str:  # noqa: PLR0911 - one line for each type
        if value is None or value is MISSING or value is NIL_POINTER or type(value) is NilStrings:
            return "null"
        if isinstance(value, Number):
            return str(value) or "0"
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise GoError("json: unsupported value: infinity or NaN")
            return json_float(value)
        return self._composite(value, indent)

    def _composite(self, value: Any, indent: str) -> str:
        inner = indent + _STEP
        if isinstance(value, Mapping | Struct):
            pairs = value.fields.items() if isinstance(value, Struct) else _sorted(value)
            colon = ": " if self._indented else ":"
            parts = (f"{self._string(key)}{colon}{self.text(item, inner)}" for key, item in pairs)
            return self._joined("{", parts, "}", indent)
        if isinstance(value, list):
            return self._joined("[", (self.text(item, inner) for item in value), "]", indent)
        raise GoError(f"json: unsupported type: {type_of(value)}")

    def _joined(self, opening: str, parts: Iterable[str], closing: str, indent: str) -> str:
        texts = list(parts)
        if not texts:
            return opening + closing
        if not self._indented:
            return opening + ",".join(texts) + closing
        line = f"\n{indent}"
        return f"{opening}{line}{_STEP}" + f",{line}{_STEP}".join(texts) + line + closing

    def _string(self, text: str) -> str:
        whole = bytes_of(text).decode("utf-8", "replace")
        written = json.dumps(whole, ensure_ascii=False).translate(_LINES)
        return written.translate(_HTML) if self._html else written


def _sorted(value: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, AnyMap):
        return sorted(value.items(), key=lambda pair: bytes_of(pair[0]))
    if not all(isinstance(key, str) or type(key) is int for key in value):
        raise GoError("json: unsupported type: map[interface {}]interface {}")
    pairs = ((formatted(key, "v", Directive()), item) for key, item in value.items())
    return sorted(pairs, key=lambda pair: bytes_of(pair[0]))
