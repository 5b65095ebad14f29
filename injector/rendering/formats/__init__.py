"""Writes a secret in a ready-made format, quoted as its readers need.

A format either writes text that its readers parse back to the same values, or raises an error that
names the format, the key and the remedy. Keys are sorted: the same secret gives the same bytes.

- `documents`: JSON and YAML: whole secrets that keep their types
- `dotenv`: read the same way by python-dotenv and docker compose
- `shell`: for a POSIX shell to source
- `properties`: for java.util.Properties, in ASCII
- `ini`: one section for configparser
- `logins`: one login in ~/.netrc or ~/.pgpass
- `github`: `$GITHUB_ENV`, and masks for the log of GitHub Actions
- `raw`: the value of one key and nothing else
- `environment`: what every environment requires of a variable
- `text`: one value as text, or the reason why it cannot be one
- `spelled`: numbers that keep their spelling: Go templates print `1.50` and `1e3` unchanged
- `validate`: whether content can be parsed by its reader
"""

from collections.abc import Callable, Mapping
from typing import Any

from injector.base.errors import MissingError, RenderError
from injector.rendering.formats import (
    documents,
    dotenv,
    github,
    ini,
    logins,
    properties,
    raw,
    shell,
)
from injector.rendering.formats.dotenv import dotenv_value
from injector.rendering.formats.github import github_masks
from injector.rendering.formats.shell import shell_value
from injector.rendering.formats.text import about

__all__ = ["FORMATS", "dotenv_value", "github_masks", "render", "shell_value"]

# Formats that write one key at a time.
_LINES: dict[str, Callable[[str, Any], str]] = {
    "dotenv": dotenv.line,
    "github-env": github.entry,
    "properties": properties.line,
    "shell": shell.line,
}
# Formats that need the secret as a whole.
_DOCUMENTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "json": documents.json_document,
    "netrc": logins.netrc_entry,
    "pgpass": logins.pgpass_line,
    "yaml": documents.yaml_document,
}
FORMATS = frozenset({*_LINES, *_DOCUMENTS, "ini", "raw"})


def render(
    format: str,  # noqa: A002 - the name of the option
    data: Mapping[str, Any],
    *,
    key: str = "",
    encoding: str = "text",
    section: str = "",
) -> bytes:
    """Return the content of the file.

    Raises MissingError where the secret lacks a key that the format needs, else RenderError; both
    name the format, the key and the remedy.
    """
    try:
        if format in _LINES:
            return _lines(_LINES[format], data).encode()
        if format in _DOCUMENTS:
            return _DOCUMENTS[format](data).encode()
        if format == "ini":
            return ini.document(data, section).encode()
        if format == "raw":
            return raw.content(data, key, encoding)
    except (RenderError, MissingError) as error:
        raise type(error)(f"format {format}: {error}") from None
    raise RenderError(f"format {format}: unknown; use one of {', '.join(sorted(FORMATS))}")


def _lines(line: Callable[[str, Any], str], data: Mapping[str, Any]) -> str:
    lines = []
    for key in sorted(data):
        with about(key):
            lines.append(line(key, data[key]))
    return "".join(lines)
