"""Rules for names: their spelling, and whether every name that is used exists."""

import json
import os
import re
from collections.abc import Iterator

from injector.config import model
from injector.config.document import Document
from injector.config.problem import Breach, Where, suggest
from injector.config.rules.supervision import ENVIRONMENT, restarting

# Names that have another meaning in templates.
# fmt: off
RESERVED = frozenset((
    "and", "else", "elif", "endfor", "endif", "for", "if", "import", "in", "include", "is",
    "macro", "not", "or", "recursive", "set", "with",
    "true", "True", "false", "False", "none", "None",
    "caller", "loop", "self", "super", "debug", "dict", "namespace", "range", "env", "secret",
))
# fmt: on
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BUNDLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def findings(config: model.Config, document: Document) -> Iterator[Breach]:
    for block, names in (("secrets", config.secrets), ("notify", config.notify)):
        for name in names:
            yield from _spelling((block, name), name)
    for name, secret in config.secrets.items():
        if not secret.path.strip("/"):
            yield Breach(("secrets", name, "path"), "must name a secret, such as secret/data/app")
        if not {".", ".."}.isdisjoint(secret.path.split("/")):
            yield Breach(("secrets", name, "path"), "write it without `.` and `..`")
        if not secret.params and (verb := issues(secret.path)):
            yield Breach(
                ("secrets", name, "path"),
                f"`{verb}` makes a new credential, for which Vault needs parameters; add `params`, "
                "such as {common_name: app.example}",
                ("params",),
                warning=not _ISSUERS.search(secret.path.partition("/")[0]),
            )
        if secret.optional and secret.on_missing != "keep":
            yield Breach(
                ("secrets", name, "on_missing"),
                "has nothing to decide: an optional secret that disappears is none in templates; "
                "remove one of the two",
                given=("optional",),
            )
    yield from _bundles(config, document)
    yield from _same_secret(config, document)
    yield from _unknown_names(config, document)


_ISSUERS = re.compile(r"pki|ssh|ca\b")


def issues(path: str) -> str:
    """Return what an engine that signs is asked for, if a path looks like that: `issue/web`."""
    parts = path.strip("/").removeprefix("v1/").split("/")
    verbs = ("issue", "sign", "sign-verbatim")
    return f"{parts[1]}/{parts[2]}" if len(parts) == 3 and parts[1] in verbs else ""  # noqa: PLR2004 - mount, verb, role


def _bundles(config: model.Config, document: Document) -> Iterator[Breach]:
    """Check the names of bundles, which take the place of a path in logs, status and metrics."""
    first: dict[str, int] = {}
    for i, bundle in enumerate(config.bundle):
        where = ("bundle", i, "name")
        if first.setdefault(bundle.name, i) != i:
            line = document.line(("bundle", first[bundle.name], "name"))
            yield Breach(where, f"'{bundle.name}' is the name of the bundle on line {line} too")
        elif not _BUNDLE_NAME.fullmatch(bundle.name):
            yield Breach(where, "a name consists of letters, digits, '_', '.' and '-'")
        elif bundle.name == ENVIRONMENT:
            yield Breach(where, f"'{ENVIRONMENT}' is the environment of `exec`; choose another")


def _spelling(where: Where, name: str) -> Iterator[Breach]:
    if not _IDENTIFIER.fullmatch(name):
        better = re.sub(r"\W", "_", name, flags=re.ASCII)
        better = f"_{better}" if better[:1].isdigit() or not better else better
        yield Breach(where, f"a name consists of letters, digits and '_'; write '{better}' instead")
    elif name in RESERVED:
        yield Breach(where, f"'{name}' is reserved in templates; choose another name")


def _same_secret(config: model.Config, document: Document) -> Iterator[Breach]:
    """Two names for the same path and parameters are one secret, so their settings must agree."""
    first: dict[tuple[str, str, str], str] = {}
    for name, secret in config.secrets.items():
        namespace = secret.namespace or config.vault.namespace
        params = json.dumps(secret.params, sort_keys=True, default=str) if secret.params else ""
        path = secret.path.strip("/").removeprefix("v1/")
        other = first.setdefault((namespace, path, params), name)
        if other == name:
            continue
        differing = [
            key
            for key in secret.__struct_fields__
            if key not in ("path", "params", "namespace")
            and getattr(secret, key) != getattr(config.secrets[other], key)
        ]
        if differing:
            line = document.line(("secrets", other))
            yield Breach(
                ("secrets", name),
                f"is the same secret as '{other}' on line {line}, "
                f"but {' and '.join(differing)} differ; make them equal",
                ("path", "params", "namespace", *differing),
            )


def _unknown_names(config: model.Config, document: Document) -> Iterator[Breach]:
    for where, template in located_templates(config):
        if template.secret and template.secret not in config.secrets:
            yield _unknown((*where, "secret"), document, "secrets", list(config.secrets))
        yield from _unknown_notify(where, template.notify, config, document)
    for i, bundle in enumerate(config.bundle):
        yield from _unknown_notify(("bundle", i), bundle.notify, config, document)
    used = {name for _, template in located_templates(config) for name in template.notify}
    used |= {name for bundle in config.bundle for name in bundle.notify}
    used |= set(restarting(config)) if config.env_template else set()
    for name in config.notify:
        if name not in used:
            yield Breach(("notify", name), "no template or bundle names it", warning=True)


def _unknown_notify(
    where: Where, names: tuple[str, ...], config: model.Config, document: Document
) -> Iterator[Breach]:
    for i, name in enumerate(names):
        if name not in config.notify:
            yield _unknown((*where, "notify", i), document, "notify", list(config.notify))


def _unknown(where: Where, document: Document, block: str, known: list[str]) -> Breach:
    written = document.written(where)
    hint = suggest(written, known) if known else f"`{block}:` has no entries"
    return Breach(where, f"'{written}' is not in `{block}:`; {hint}")


def located_texts(
    config: model.Config,
) -> Iterator[tuple[Where, model.Template | model.EnvTemplate]]:
    """Return everything with template text and its place: files, and variables of the command."""
    yield from located_templates(config)
    for i, variable in enumerate(config.env_template):
        yield ("env_template", i), variable


def located_templates(config: model.Config) -> Iterator[tuple[Where, model.Template]]:
    """Return every file of the configuration with its place, including those in bundles."""
    for i, template in enumerate(config.template):
        yield ("template", i), template
    for i, bundle in enumerate(config.bundle):
        for j, template in enumerate(bundle.template):
            yield ("bundle", i, "template", j), template


def file_of(config: model.Config, template: model.Template) -> str:
    """Return the path of a template's file; for a bundle's member, below the bundle's directory.

    Two bundles may have the same member: then it is the name alone, since either may be meant.
    """
    if os.path.isabs(template.destination):
        return template.destination
    homes = [bundle.directory for bundle in config.bundle if template in bundle.template]
    return os.path.join(homes[0] if len(homes) == 1 else "", template.destination)
