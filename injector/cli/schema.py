"""`injector schema`: the configuration as JSON Schema, for editors that complete and check."""

import argparse
import json
from typing import Any, Literal, get_origin

import msgspec

from injector.base.errors import InjectorError
from injector.cli.parser import exits
from injector.config import model
from injector.config.introspect import annotation, blocks, duration_words, is_block, written

Schema = dict[str, Any]

NOTE = "Editors use it to complete and explain option names, and to mark mistakes."
EXAMPLES = (
    "injector schema > injector.schema.json",
    "# in the configuration: # yaml-language-server: $schema=injector.schema.json",
)
EXITS = {"0": "printed", **exits(InjectorError)}

# Any value except a block or list may also be text with environment variables.
_EXPANSION = r"\$\{[^}]*\}"
_DURATION = rf"^(([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+|[0-9]+(\.[0-9]+)?)$|{_EXPANSION}"

_WRITTEN: dict[str, Schema] = {
    "duration": {"type": ["string", "number"], "minimum": 0, "pattern": _DURATION},
    "perms": {"type": "string", "pattern": rf"^(0o?)?[0-7]{{1,4}}$|{_EXPANSION}"},
    "absolute path": {"type": "string", "pattern": rf"^/|^$|{_EXPANSION}"},
    "owner": {"type": ["string", "integer"]},
    "command": {"type": ["array", "string"], "items": {"type": ["string", "number", "boolean"]}},
}


def schema() -> Schema:
    """Return the JSON Schema of a configuration file, derived from the model."""
    made = msgspec.json.schema(model.Config)
    kinds = {kind.__name__: kind for _, kind in blocks()}
    for name, definition in made["$defs"].items():
        properties: dict[str, Schema] = definition["properties"]
        if issubclass(kinds[name], _method_configs()):
            del properties["type"]
            definition["required"] = [key for key in definition["required"] if key != "type"]
        for info in msgspec.structs.fields(kinds[name]):
            properties[info.name] = _as_written(info, properties[info.name])
    _choose_config_by_type(made["$defs"]["Method"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _method_configs() -> tuple[type[model.Block], ...]:
    return tuple(model.METHODS.values())


def _as_written(info: msgspec.structs.FieldInfo, made: Schema) -> Schema:
    """Return one property with the types in the file instead of those in the model."""
    kind, metas = annotation(info.type)
    about: Schema = {key: made[key] for key in ("description", "default") if key in made}
    way = written(metas)
    if way == "perms" and isinstance(about.get("default"), int):
        about["default"] = f"{about['default']:04o}"
    elif way == "duration" and "default" in about:
        about["default"] = duration_words(about["default"])
    if way in _WRITTEN:
        return {**_WRITTEN[way], **about}
    rest = {key: value for key, value in made.items() if key not in about}
    if get_origin(kind) is tuple:
        one = rest["items"]
        return {"anyOf": [rest, one, {"type": "null"}], **about}
    if is_block(kind) or get_origin(kind) is dict:
        return {"anyOf": [rest, {"type": "null"}], **about}
    if kind in (bool, int, float) or get_origin(kind) is Literal:
        return {"anyOf": [rest, {"type": "string", "pattern": _EXPANSION}], **about}
    return made


def _choose_config_by_type(method: Schema) -> None:
    """Make the options of `config` depend on the login's type."""
    method["properties"]["config"] = {"type": ["object", "null"]}
    method["required"] = ["type"]
    method["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"config": {"$ref": f"#/$defs/{kind.__name__}"}}},
        }
        for name, kind in model.METHODS.items()
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`injector schema` takes no arguments."""
    del parser


def main(args: argparse.Namespace) -> int:
    del args
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0
