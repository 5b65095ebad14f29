"""Secrets from a directory of YAML files, instead of a server.

    DIR/NAME.yaml             the secret that `secrets:` calls NAME
    DIR/PATH.yaml             the secret at PATH, such as DIR/secret/data/app.yaml

Each holds the keys and values that templates see. `.yml` and `.json` do as well. A version that is
pinned may have a file of its own (`secret/data/app?version=3.yaml`), parameters do not.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from injector.base.errors import ConfigError, MissingError
from injector.config.problem import Wrong, nearest
from injector.config.textfile import read_text
from injector.rendering.template import Content
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef

EXTENSIONS = (".yaml", ".yml", ".json")


class Fixtures:
    """A directory, and which of its files have been used."""

    def __init__(self, directory: str, names: Mapping[str, Ref], optional: frozenset[Ref]) -> None:
        if not os.path.isdir(directory):
            raise ConfigError(f"--fixtures: {directory} is not a directory; {LAYOUT}")
        self._directory = directory
        self._names = names
        self._optional = optional
        self._used: set[str] = set()

    async def source(self, ref: Ref) -> Content | None:
        """Provide `content` as a source that is awaited like a server."""
        return self.content(ref)

    def content(self, ref: Ref) -> Content | None:
        """Return the fixture of a secret; None for an optional one without a file.

        Raises MissingError naming the nearest file, ConfigError for a file that cannot be used.
        """
        if isinstance(ref, VaultRef) and ref.lists:
            return {"keys": self._names_below(ref)}
        for stem in self._stems(ref):
            for extension in EXTENSIONS:
                path = os.path.join(self._directory, stem + extension)
                if os.path.isfile(path):
                    self._used.add(path)
                    return _read(path)
        if ref in self._optional:
            return None
        raise MissingError(self._missing(ref))

    def unused(self) -> list[str]:
        """Return the files that were not used: a name may be misspelled."""
        return sorted(set(self._files()) - self._used)

    def _stems(self, ref: Ref) -> list[str]:
        """Return the names of files that may stand for a secret, the most specific first."""
        bare = ref.path.partition("?")[0]
        if ".." in bare.split("/"):
            raise ConfigError(
                f"--fixtures: {ref.path} leads out of the directory: name it under `secrets:`"
            )
        named = sorted(name for name, each in self._names.items() if each == ref)
        mount, _, rest = bare.partition("/")
        as_kv2 = (f"{mount}/data/{rest}",) if isinstance(ref, VaultRef) and ref.by_mount else ()
        return [*named, *dict.fromkeys((ref.path, bare, *as_kv2))]

    def _names_below(self, ref: Ref) -> list[str]:
        """Return what a list of a path gives: the files and directories there."""
        found: set[str] = set()
        for stem in {ref.path, *self._stems(ref), ref.path.replace("/metadata", "/data", 1)}:
            directory = os.path.join(self._directory, stem)
            for entry in os.scandir(directory) if os.path.isdir(directory) else ():
                name, extension = os.path.splitext(entry.name)
                if entry.is_dir():
                    found.add(f"{entry.name}/")
                elif extension in EXTENSIONS:
                    self._used.add(entry.path)
                    found.add(name)
        return sorted(found)

    def _files(self) -> Iterator[str]:
        for directory, _, files in os.walk(self._directory):
            yield from (
                os.path.join(directory, file) for file in files if file.endswith(EXTENSIONS)
            )

    def _missing(self, ref: Ref) -> str:
        stems = self._stems(ref)
        expected = " or ".join(
            os.path.join(self._directory, stem + EXTENSIONS[0]) for stem in stems
        )
        there = [os.path.relpath(path, self._directory) for path in self.unused()]
        close = {os.path.splitext(path)[0]: path for path in there}
        near = next((near for stem in stems if (near := nearest(stem, list(close)))), None)
        hint = f"; did you mean {os.path.join(self._directory, close[near])}?" if near else ""
        return f"there is no fixture for {ref}: it would be {expected}{hint}"


LAYOUT = "it holds NAME.yaml for each name of `secrets:`, or PATH.yaml for a path"


def _read(path: str) -> Content:
    try:
        text = read_text(path)
        if path.endswith(".json"):
            data: Any = json.loads(text)
        else:
            data = yaml.load(text, yaml.CSafeLoader)
    except Wrong as wrong:
        raise ConfigError(f"{path}: {wrong}") from None
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {exc.problem}") from None
    except (yaml.YAMLError, ValueError) as exc:
        raise ConfigError(
            f"{path}: cannot be parsed ({type(exc).__name__}); write it as YAML or JSON"
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected the keys and values of a secret, as a map")
    for key, value in data.items():
        _require_json(path, key, value)
    return data


def _require_json(path: str, key: Any, value: Any) -> None:
    if not isinstance(key, str):
        raise ConfigError(f"{path}: {key}: a key must be text; put it in quotes")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise ConfigError(f"{path}: {key}: {kind} is not a JSON value; put it in quotes") from None
