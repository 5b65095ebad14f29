"""The defaults of a cluster: a file, other values for some namespaces, and the environment.

vault_address: https://vault.example:8200
namespaces:
team-*: {vault_namespace: teams}
"""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from injector.base.errors import ConfigError
from injector.config.blockfile import read_block
from injector.config.document import Document, read_document
from injector.config.introspect import annotation
from injector.config.model import Block
from injector.config.problem import Where
from injector.config.rules import Breach
from injector.inject.defaults import VARIABLES, Defaults
from injector.inject.go import quantity, values

EXAMPLE = "`vault_address: https://vault.example:8200`"
_NAMESPACES = Meta(
    description="Other values for namespaces, by a pattern of their names; of those that match, the last goes first."
)


def _block(name: str, fields: list[tuple[str, Any, Any]], base: type[Block]) -> type[Block]:
    kind = msgspec.defstruct(
        name, fields, bases=(base,), kw_only=True, frozen=True, forbid_unknown_fields=True
    )
    return cast("type[Block]", kind)


# No option has a default here: a namespace changes only what is given for it.
_OPTIONS = [(info.name, info.type | None, None) for info in msgspec.structs.fields(Defaults)]
GIVEN = _block("Given", _OPTIONS, Block)
_BY_PATTERN = Annotated[dict[str, GIVEN], _NAMESPACES]  # type: ignore[valid-type]
FILE = _block("File", [("namespaces", _BY_PATTERN, msgspec.field(default_factory=dict))], GIVEN)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is given for all pods, and for those of some namespaces."""

    given: Mapping[str, Any] = field(default_factory=dict)
    namespaces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, namespace: str) -> Defaults:
        """Return the defaults of one namespace."""
        found = dict(self.given)
        for pattern, given in self.namespaces.items():
            if fnmatchcase(namespace, pattern):
                found |= given
        return Defaults.of(**found)


def load_cluster(path: str | None, environ: Mapping[str, str]) -> Cluster:
    """Read the file, if there is one, and the variables, which go before it.

    Raises ConfigError with everything that is wrong.
    """
    document = None if path is None else read_document(path, example=EXAMPLE)
    return cluster_of(document, environ)


def cluster_of(document: Document | None, environ: Mapping[str, str]) -> Cluster:
    """Return what a document and the variables say; raises ConfigError."""
    given: dict[str, Any] = {}
    namespaces: dict[str, dict[str, Any]] = {}
    if document is not None:
        block = read_block(document, environ, FILE, rules=_findings)
        given = _of_block(block)
        patterns = cast("Any", block).namespaces
        namespaces = {pattern: _of_block(one) for pattern, one in patterns.items()}
    return Cluster(given | _of_environment(environ), namespaces)


def _of_block(block: Block) -> dict[str, Any]:
    found = msgspec.structs.asdict(block)
    found.pop("namespaces", None)
    return {name: value for name, value in found.items() if value is not None}


def _findings(block: Block, _document: Document) -> Iterator[Breach]:
    yield from _wrong(_of_block(block), ())
    for pattern, one in cast("Any", block).namespaces.items():
        yield from _wrong(_of_block(one), ("namespaces", pattern))


def _wrong(given: Mapping[str, Any], where: Where) -> Iterator[Breach]:
    for name, value in given.items():
        try:
            _check(name, value)
        except ValueError as exc:
            yield Breach((*where, name), str(exc))


def _check(name: str, value: Any) -> None:
    """Check what an option takes beyond its type; raises ValueError."""
    if name.endswith(("_request", "_limit")) and value:
        quantity.canonical(value)
    elif name in ("run_as_user", "run_as_group"):
        values.unsigned(value)
    elif name.endswith("_backoff") and value:
        values.check_duration(value)
    elif name == "default_template" and value not in ("map", "json"):
        raise ValueError(f"expected map or json, got {value}")


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the variables say; an empty one says nothing, as with vault-k8s."""
    booleans = {
        info.name for info in msgspec.structs.fields(Defaults) if annotation(info.type)[0] is bool
    }
    found: dict[str, Any] = {}
    problems = []
    for name, variable in VARIABLES.items():
        if text := environ.get(variable, ""):
            try:
                found[name] = values.boolean(text) if name in booleans else text
                _check(name, found[name])
            except ValueError as exc:
                problems.append(f"{variable}: {exc}")
    if problems:
        raise ConfigError(*problems)
    return found
