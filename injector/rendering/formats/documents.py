"""Writes a whole secret as a document that keeps its types: JSON, YAML."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from injector.rendering.formats.spelled import Spelled
from injector.rendering.formats.text import about, json_text

# YAML 1.1 and 1.2 disagree on what `1e3`, `0o17` or `n` is. They agree on words that neither takes
# for something special; those that one does, PyYAML quotes.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")
_UNLIMITED = 2**31 - 1


def json_document(data: Mapping[str, Any]) -> str:
    """Return the secret as indented JSON."""
    return json_text(_checked(data), indent=2) + "\n"


def yaml_document(data: Mapping[str, Any]) -> str:
    """Return the secret as YAML that readers of both versions understand the same way."""
    import yaml

    return yaml.dump(
        _checked(data),
        Dumper=_dumper(),
        allow_unicode=True,
        default_flow_style=False,
        width=_UNLIMITED,
    )


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the secret if JSON can represent it; an error names the key."""
    for key, value in data.items():
        with about(key):
            json_text({key: value})
    return dict(data)


@cache
def _dumper() -> type:
    import yaml

    class Dumper(yaml.CSafeDumper):
        """Strings that could be read as anything else are quoted; no anchors."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def string(dumper: Dumper, text: str) -> yaml.ScalarNode:
        style = None if _WORD.fullmatch(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, string)
    Dumper.add_representer(Spelled, Dumper.represent_float)
    return Dumper
