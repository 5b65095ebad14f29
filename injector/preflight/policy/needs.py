"""What a configuration needs from Vault, as far as known before any request. Pure functions."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from injector.config import model
from injector.config.rules.names import file_of, located_templates
from injector.preflight.policy.need import Need, of_leases, of_token
from injector.rendering.template import Template
from injector.rendering.template.uses import Use
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef


@dataclass(frozen=True, slots=True)
class Unknown:
    """A call whose path depends on another secret's value; `beginning` is its literal start."""

    place: str
    call: str
    beginning: str
    capability: str


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything, sorted; `login` is the namespace whose tokens are used."""

    login: str
    secrets: tuple[Need, ...]
    upkeep: tuple[Need, ...]  # of the token, and of leases
    unknown: tuple[Unknown, ...]
    unused: tuple[str, ...]  # names in `secrets:` that nothing uses


@dataclass(slots=True)
class _Path:
    """What is gathered about one path."""

    capabilities: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    pins: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    is_open: bool = False  # some parameters are computed
    may_lease: bool = False
    is_certain: bool = False  # this path is requested, whatever is mounted there
    instead: str = ""


def needs(
    config: model.Config,
    names: Mapping[str, Ref],
    templates: Iterable[Template],
    *,
    directory: str = "/",
) -> Needs:
    """Collect what the files of a configuration need; paths are relative to `directory`."""
    paths: dict[tuple[str, str], _Path] = defaultdict(_Path)
    unknown: set[Unknown] = set()
    used: set[Ref] = set()
    home = config.vault.namespace
    kv = {names[name] for name, secret in config.secrets.items() if secret.engine != "auto"}
    named: dict[Ref, set[str]] = defaultdict(set)
    for name, ref in names.items():
        named[ref].add(name)

    for place, use in _uses(config, names, templates, directory):
        if use.ref is not None:
            used.add(use.ref)
        if isinstance(use.ref, VaultRef):
            path = paths[use.ref.namespace or home, _bare(use.ref.path)]
            path.names |= named[use.ref]
            _add(path, use.ref, place, kv)
            path.is_certain = path.is_certain or not use.ref.by_mount
            if use.ref.by_mount:
                first = use.ref.path.partition("/")[0]
                inside = replace(use.ref, path=use.ref.path_in_kv2(f"{first}/"), by_mount=False)
                as_kv2 = paths[use.ref.namespace or home, _bare(inside.path)]
                _add(as_kv2, inside, f"{place} (if {first}/ is KV version 2)", kv)
                path.instead, as_kv2.instead = _bare(inside.path), _bare(use.ref.path)
        elif use.ref is not None:
            continue  # of a source that knows no policies of Vault's
        elif use.is_whole:
            ref = VaultRef.of(use.path, {} if use.is_write else None)
            path = paths[home, _bare(ref.path)]
            path.is_open = True
            _add(path, ref, f"{place} (parameters that a secret's value decides)", kv)
        else:
            capability = "update" if use.is_write else "read"
            unknown.add(Unknown(place, use.call, use.path, capability))

    method = config.auto_auth.method if config.auto_auth is not None else None
    login = (method.namespace if method is not None else "") or home
    leasing = {namespace for (namespace, _), path in paths.items() if path.may_lease}
    return Needs(
        login=login,
        secrets=tuple(_need(*key, path) for key, path in sorted(paths.items(), key=_key)),
        upkeep=(*of_token(config, login), *of_leases(leasing | ({home} if unknown else set()))),
        unknown=tuple(sorted(unknown, key=lambda each: (each.place, each.call))),
        unused=tuple(sorted(name for name in config.secrets if names[name] not in used)),
    )


def _uses(
    config: model.Config,
    names: Mapping[str, Ref],
    templates: Iterable[Template],
    directory: str,
) -> Iterator[tuple[str, Use]]:
    for _, entry in located_templates(config):
        if entry.format is not None:
            yield _relative(file_of(config, entry), directory), Use(0, names[entry.secret])
    for template in templates:
        for use in template.uses():
            yield _relative(template.place(use.line), directory), use


def _relative(path: str, directory: str) -> str:
    """Return a file's name relative to the configuration, wherever that is."""
    inside = path.startswith(os.path.join(directory, ""))
    return os.path.relpath(path, directory) if inside else path


def _bare(path: str) -> str:
    return path.partition("?")[0]


def _key(item: tuple[tuple[str, str], _Path]) -> tuple[str, str]:
    return item[0]


def _add(path: _Path, ref: VaultRef, place: str, kv: set[Ref]) -> None:
    path.capabilities.update(ref.capabilities)
    path.users.add(place)
    if ref.body is not None:
        path.parameters.update(json.loads(ref.body))
    _, _, query = ref.path.partition("?")
    if query:
        path.pins.add(query)
    path.may_lease = path.may_lease or (ref.may_lease and ref not in kv)


def _need(namespace: str, path: str, gathered: _Path) -> Need:
    names = ", ".join(f"secrets.{name}" for name in sorted(gathered.names))
    reasons = [": ".join(filter(None, (names, ", ".join(sorted(gathered.users)))))]
    reasons += [
        f"pinned with ?{query}; allowed is every version" for query in sorted(gathered.pins)
    ]
    only_written = "read" not in gathered.capabilities
    return Need(
        path,
        tuple(sorted(gathered.capabilities)),
        tuple(reasons),
        namespace,
        tuple(sorted(gathered.parameters)) if only_written and not gathered.is_open else None,
        instead="" if gathered.is_certain else gathered.instead,
        names=tuple(sorted(gathered.names)),
    )
