"""Loads a configuration, checks it against this machine, and compiles its templates."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial

from injector.base import safe_open
from injector.base.clock import SystemClock
from injector.base.errors import RenderError, Spot
from injector.config import Checks, Loaded, load, model
from injector.config.language import Read, read
from injector.config.problem import Where
from injector.config.standing import Standing
from injector.rendering.template import Source, Template
from injector.runtime.sources import refer
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef
from injector.targets import files as destination

Entry = model.Template | model.EnvTemplate


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid configuration with its compiled templates."""

    loaded: Loaded
    templates: Mapping[Entry, Template] = field(repr=False)

    @property
    def config(self) -> model.Config:
        return self.loaded.config


def plan(
    path: str,
    environ: Mapping[str, str] = os.environ,
    *,
    elsewhere: bool = False,
    read: Read = read,
    destinations: bool = True,
    command: tuple[str, ...] | None = None,
) -> Plan:
    """Load `path`; raises ConfigError with everything that is wrong. Nothing is sent or written.

    `elsewhere` means that it is for another machine, with another environment and files. Without
    `destinations`, only the files to be written are not checked. `command` is the supervised
    command from the command line.
    """
    templates: dict[Entry, Template] = {}
    refs: dict[str, Ref] = {}

    def compile_template(
        config: model.Config, entry: Entry, text: str, stands: Standing
    ) -> list[Spot]:
        if config.secrets and not refs:
            refs.update(refs_by_name(config))
        try:
            compiled = _compiled(entry, _source(entry, text, stands), refs, environ)
        except RenderError as exc:
            return [exc.spot or Spot(1, 0, 1, str(exc))]
        templates[entry] = compiled
        return []

    # Many files are in one directory, which is looked at once.
    look = partial(destination_problems, look=cache(destination.directory_problems))
    loaded = load(
        path,
        environ,
        checks=Checks(look if destinations and not elsewhere else None, compile_template),
        read=read,
        needs_login=not elsewhere,
        command=command,
    )
    if destinations and not elsewhere:
        loaded = _with_inherited(loaded, read, environ)
    return Plan(_with_files(loaded, templates.values()), templates)


def refs_by_name(config: model.Config) -> dict[str, Ref]:
    """Return which secret each name of `secrets:` stands for."""
    return {name: refer(secret) for name, secret in config.secrets.items()}


def _compiled(
    entry: Entry, source: Source, refs: Mapping[str, Ref], environ: Mapping[str, str]
) -> Template:
    # Most configurations have templates in one language, or none.
    if entry.language == "jinja":
        from injector.rendering.template.compiled import compile as compile_jinja

        return compile_jinja(source, refs, environ, VaultRef.of)
    from injector.rendering.template import dialect

    path = entry.destination if isinstance(entry, model.Template) else ""
    surroundings = dialect.Surroundings(
        environ,
        _read,
        SystemClock().wall,
        destination=path if os.path.isabs(path) else "",
        sandbox_path=entry.sandbox_path,
        denied=entry.function_denylist,
    )
    return dialect.compiled(entry.language, source, refs, surroundings)


def _read(path: str) -> str:
    """Return a regular file's text; bytes that are not UTF-8 are kept as surrogates."""
    return safe_open.read(path).decode("utf-8", "surrogateescape")


def _with_files(loaded: Loaded, templates: Iterable[Template]) -> Loaded:
    """Treat files that a template reads as part of the configuration."""
    read = frozenset[str]().union(*(template.files for template in templates))
    return replace(loaded, files=loaded.files | read) if read else loaded


def _source(entry: Entry, text: str, stands: Standing) -> Source:
    return Source(
        stands.file,
        text,
        entry.left_delimiter,
        entry.right_delimiter,
        entry.error_on_missing_key,
        stands,
    )


def destination_problems(
    config: model.Config,
    entry: model.Template | model.Bundle,
    look: Callable[..., list[str]] = destination.directory_problems,
) -> list[str]:
    """List what would prevent a file, or a bundle's files, from being written here.

    `look` finds what is wrong with a file's directory, or remembers it.
    """
    memory_backed = config.template_config.require_memory_backed
    trusted = config.template_config.require_trusted_directory
    if isinstance(entry, model.Bundle):
        from injector.targets.files.bundle_preflight import bundle_problems

        members = {member.destination: rights(member) for member in entry.template}
        return bundle_problems(
            entry.directory,
            members,
            require_memory_backed=memory_backed,
            require_trusted_directory=trusted,
        )
    if entry.is_discarded:
        return []
    if entry.appends:
        from injector.targets.files.append import append_problems

        return append_problems(entry.destination)
    return destination.problems(
        os.path.normpath(entry.destination),
        require_memory_backed=memory_backed,
        require_trusted_directory=trusted,
        in_place=entry.in_place,
        create_dest_dirs=entry.create_dest_dirs,
        owner=rights(entry).owner,
        look=look,
    )


def _with_inherited(loaded: Loaded, read: Read, environ: Mapping[str, str]) -> Loaded:
    """Add a warning for each file that a directory's default list of access opens to others."""
    found = list(_inherited(loaded.config))
    if not found:
        return loaded
    document = read(loaded.path, environ).document
    warnings = document.shown(document.problem(where, text) for where, text in found)
    return replace(loaded, warnings=(*loaded.warnings, *warnings))


def _inherited(config: model.Config) -> Iterator[tuple[Where, str]]:
    files: list[tuple[Where, str, int, str]] = [
        *(
            (("template", i), entry.destination, entry.perms, os.path.dirname(entry.destination))
            for i, entry in enumerate(config.template)
            if not entry.appends
        ),
        *(
            (
                ("bundle", i, "template", j),
                os.path.join(bundle.directory, member.destination),
                member.perms,
                bundle.directory,
            )
            for i, bundle in enumerate(config.bundle)
            for j, member in enumerate(bundle.template)
        ),
    ]
    for where, path, perms, directory in files:
        if text := destination.inherited(path, perms, directory):
            yield (*where, "destination"), text


def rights(entry: model.Template) -> destination.Rights:
    """Return the mode and owner of a file.

    An unknown user is reported by the loader, with its line; until then the owner is "ours".
    """
    try:
        owner = destination.owner_of(entry.user, entry.group)
    except LookupError:
        owner = destination.OURS
    return destination.Rights(entry.perms, owner)
