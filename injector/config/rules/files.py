"""Rules of files: what makes one, where it goes, who owns it."""

import grp
import os
import pwd
from collections.abc import Callable, Iterator

import msgspec

from injector.config import model
from injector.config.document import Document
from injector.config.members import spelling_problem
from injector.config.problem import Where
from injector.config.rules.finding import Finding
from injector.config.rules.names import located_templates

_ORIGINS = ("source", "contents", "secret", "format")
_OF_THE_BUNDLE = "belongs to the whole bundle: write it beside `directory`"
_NOT_OF_A_MEMBER = {
    "notify": _OF_THE_BUNDLE,
    "wait": _OF_THE_BUNDLE,
    "on_remove": _OF_THE_BUNDLE,
    "command": "is not for one file of a bundle: give the bundle a `notify` entry with `command`",
    "exec": "is not for one file of a bundle: give the bundle a `notify` entry with `command`",
    "in_place": "cannot be in a bundle, whose files change together by a rename",
    "create_dest_dirs": "cannot be in a bundle, whose folders are always made",
}
_DEFAULTS = msgspec.structs.asdict(model.Template(destination="-"))


def findings(config: model.Config, document: Document) -> Iterator[Finding]:
    yield from _something_to_do(config)
    known: dict[tuple[str, str], bool] = {}
    for where, template in located_templates(config):
        yield from _origin(where, template)
        yield from _format(where, template)
        yield from _owner(where, template, document, known)
        if not template.left_delimiter or not template.right_delimiter:
            side = "right" if template.left_delimiter else "left"
            yield Finding((*where, f"{side}_delimiter"), "must not be empty")
        if template.command and template.exec is not None:
            yield Finding(where, "command and exec are the same thing: keep one of them")
        yield from _check(where, template)
        if template.in_place:
            yield Finding(
                (*where, "in_place"),
                "readers may see half a file while it is written",
                warning=True,
            )
    for i, template in enumerate(config.template):
        yield from _destination(("template", i), template.destination)
    for i, bundle in enumerate(config.bundle):
        yield from _bundle_check(("bundle", i, "check"), bundle.check)
        for j, template in enumerate(bundle.template):
            yield from _member(("bundle", i, "template", j), template)
    for i, env in enumerate(config.env_template):
        yield from _origin(("env_template", i), env)
    yield from _collisions(config, document)


def _something_to_do(config: model.Config) -> Iterator[Finding]:
    sinks = config.auto_auth.sinks if config.auto_auth is not None else ()
    if not (config.template or config.bundle or config.env_template or sinks):
        keys = ("template", "bundle", "env_template", "auto_auth")
        yield Finding((), "there is nothing to do: add an entry to `template:`", keys)


# --- one file ----------------------------------------------------------------------------------


def _origin(where: Where, template: model.Template | model.EnvTemplate) -> Iterator[Finding]:
    named = [key for key in ("source", "contents") if getattr(template, key)]
    has_format = isinstance(template, model.Template) and (template.secret or template.format)
    origins = [*named, "secret"] if has_format else named
    if not origins:
        choice = "source, contents, or secret with format"
        choice = choice if isinstance(template, model.Template) else "source or contents"
        yield Finding(where, f"needs one of {choice}", _ORIGINS)
    elif len(origins) > 1:
        yield Finding(where, f"{' and '.join(origins)} exclude each other: keep one", _ORIGINS)


def _format(where: Where, template: model.Template) -> Iterator[Finding]:
    if template.secret and template.format is None:
        yield Finding(where, "secret needs `format`, such as dotenv", ("format",))
    if template.format is not None and not template.secret:
        yield Finding(where, "format needs `secret`, the name of one", ("secret",))
    if template.format == "raw" and not template.key:
        yield Finding(where, "format: raw needs `key`, the one whose value is the file", ("key",))
    for key, only in (("key", "raw"), ("section", "ini")):
        if getattr(template, key) and template.format != only:
            yield Finding((*where, key), f"only has a meaning with format: {only}", ("format",))
    if template.encoding != "text" and template.format != "raw":
        yield Finding((*where, "encoding"), "only has a meaning with format: raw")


def _check(where: Where, template: model.Template) -> Iterator[Finding]:
    check, place = template.check, (*where, "check")
    if check is None:
        return
    if not check.command and check.format is None:
        yield Finding(place, "needs command, format or both", ("command", "format"))
    if check.command and template.in_place:
        yield Finding(
            (*place, "command"),
            "cannot be combined with in_place: there is no new file to look at beforehand",
        )


def _bundle_check(place: Where, check: model.Check | None) -> Iterator[Finding]:
    if check is None:
        return
    if check.format is not None:
        yield Finding((*place, "format"), "is a check of one file: write it there", ("format",))
    elif not check.command:
        yield Finding(place, "needs command", ("command",))


def _owner(
    where: Where,
    template: model.Template,
    document: Document,
    known: dict[tuple[str, str], bool],
) -> Iterator[Finding]:
    for key, exists in (("user", _is_user), ("group", _is_group)):
        name: str = getattr(template, key)
        if not name or (name.isascii() and name.isdecimal()):
            continue
        if (key, name) not in known:
            known[key, name] = exists(name)
        if not known[key, name]:
            written = document.written((*where, key))
            yield Finding(
                (*where, key),
                f"there is no {key} '{written}' on this machine; a number always works",
            )


def _is_user(name: str) -> bool:
    return _is_found(pwd.getpwnam, name)


def _is_group(name: str) -> bool:
    return _is_found(grp.getgrnam, name)


def _is_found(look_up: Callable[[str], object], name: str) -> bool:
    try:
        look_up(name)
    except (KeyError, ValueError):
        return False
    return True


# --- where files go ----------------------------------------------------------------------------


def _destination(where: Where, destination: str) -> Iterator[Finding]:
    if not destination:
        return
    place = (*where, "destination")
    if not destination.startswith("/"):
        yield Finding(place, "must be absolute: write it from '/' on")
    elif "\0" in destination:
        yield Finding(place, "must not contain a NUL character")
    elif destination.endswith("/"):
        yield Finding(place, "is a folder: add the file's name")
    elif ".." in destination.split("/"):
        yield Finding(place, "must not contain '..': write the path that is meant")


def _member(where: Where, template: model.Template) -> Iterator[Finding]:
    if template.destination and (problem := spelling_problem(template.destination)):
        yield Finding((*where, "destination"), problem)
    for key, reason in _NOT_OF_A_MEMBER.items():
        if getattr(template, key) != _DEFAULTS[key]:
            yield Finding((*where, key), reason)
    if template.check is not None and template.check.command:
        yield Finding((*where, "check", "command"), _OF_THE_BUNDLE)


def written_paths(config: model.Config) -> Iterator[tuple[Where, str]]:
    """Return the normal form of every path that this configuration writes to."""
    for where, path in _paths(config):
        if path.startswith("/"):
            yield where, os.path.normpath("/" + path.lstrip("/"))  # it would keep two slashes


def _paths(config: model.Config) -> Iterator[tuple[Where, str]]:
    for i, template in enumerate(config.template):
        yield ("template", i, "destination"), template.destination
    for i, bundle in enumerate(config.bundle):
        yield ("bundle", i, "directory"), f"{bundle.directory}/..data"
        for j, template in enumerate(bundle.template):
            where = ("bundle", i, "template", j, "destination")
            if not template.destination.startswith("..") and "/.." not in template.destination:
                yield where, f"{bundle.directory}/{template.destination}"
    for i, sink in enumerate(config.auto_auth.sinks if config.auto_auth is not None else ()):
        yield ("auto_auth", "sinks", i, "config", "path"), sink.config.path
    for i, listener in enumerate(config.listener):
        if listener.type == "unix":
            yield ("listener", i, "address"), listener.address
    if config.cache.persist is not None:
        yield ("cache", "persist", "path"), config.cache.persist.path
    yield ("pid_file",), config.pid_file


def _collisions(config: model.Config, document: Document) -> Iterator[Finding]:
    """Two things at one path, a file where another needs a folder, a template over its source."""
    taken: dict[str, Where] = {}
    for where, path in written_paths(config):
        first = taken.setdefault(path, where)
        if first is not where:
            yield Finding(where, f"line {document.line(first)} already writes to this path")
    for path, where in taken.items():
        above = os.path.dirname(path)
        while above not in taken and len(above) > 1:
            above = os.path.dirname(above)
        if above in taken:
            line = document.line(taken[above])
            yield Finding(where, f"needs a folder where line {line} writes a file")
    sources = {template.source: where for where, template in located_templates(config)}
    for path, where in taken.items():
        if path in sources:
            line = document.line((*sources[path], "source"))
            yield Finding(where, f"would overwrite the template that line {line} reads")
