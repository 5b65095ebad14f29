"""Rules for single files: what they are made from, checks, ownership."""

import grp
import pwd
from collections.abc import Callable, Iterator

import msgspec

from injector.config import model
from injector.config.document import Document
from injector.config.problem import Breach, Where
from injector.config.rules.names import located_templates, located_texts

_ORIGINS = ("source", "contents", "secret", "format")
_NOT_APPENDED = ("perms", "user", "group", "create_dest_dirs", "in_place", "on_remove", "check")
_DEFAULTS = msgspec.structs.asdict(model.Template(destination="-"))


def findings(config: model.Config, document: Document) -> Iterator[Breach]:
    yield from _something_to_do(config)
    for where, text in located_texts(config):
        yield from _origin(where, text)
        yield from _only_go(where, text)
        for side in ("left", "right"):
            if not getattr(text, f"{side}_delimiter"):
                yield Breach((*where, f"{side}_delimiter"), "must not be empty")
    known: dict[tuple[str, str], bool] = {}
    for where, template in located_templates(config):
        yield from _format(where, template)
        yield from _owner(where, template, document, known)
        if template.command and template.exec is not None:
            yield Breach(where, "command and exec are the same thing; keep one of them")
        yield from _check(where, template)
        if template.in_place:
            yield Breach(
                (*where, "in_place"),
                "readers may see half a file while it is written",
                warning=True,
            )


def _something_to_do(config: model.Config) -> Iterator[Breach]:
    sinks = config.auto_auth.sinks if config.auto_auth is not None else ()
    if not (config.template or config.bundle or config.env_template or sinks):
        keys = ("template", "bundle", "env_template", "auto_auth")
        yield Breach((), "there is nothing to do; add an entry to `template:`", keys)


def _origin(where: Where, template: model.Template | model.EnvTemplate) -> Iterator[Breach]:
    named = [key for key in ("source", "contents") if getattr(template, key)]
    has_format = isinstance(template, model.Template) and (template.secret or template.format)
    origins = [*named, "secret"] if has_format else named
    if not origins:
        choice = "source, contents, or secret with format"
        choice = choice if isinstance(template, model.Template) else "source or contents"
        yield Breach(where, f"needs one of {choice}", _ORIGINS)
    elif len(origins) > 1:
        yield Breach(where, f"{' and '.join(origins)} are mutually exclusive; keep one", _ORIGINS)


def _format(where: Where, template: model.Template) -> Iterator[Breach]:
    if template.secret and template.format is None:
        yield Breach(where, "secret needs `format`, such as dotenv", ("format",))
    if template.format is not None and not template.secret:
        yield Breach(where, "format needs `secret`, the name of one", ("secret",))
    if template.format == "raw" and not template.key:
        yield Breach(where, "format: raw needs `key`, the one whose value is the file", ("key",))
    for key, only in (("key", "raw"), ("section", "ini")):
        if getattr(template, key) and template.format != only:
            yield Breach((*where, key), f"only applies to format: {only}", ("format",))
    if template.encoding != "text" and template.format != "raw":
        yield Breach((*where, "encoding"), "only applies to format: raw")
    for key in _NOT_APPENDED if template.appends else ():
        if getattr(template, key) != _DEFAULTS[key]:
            reason = "does not apply to format: github-env, which appends to the runner's file"
            yield Breach((*where, key), reason, ("format",))


def _only_go(where: Where, text: model.Template | model.EnvTemplate) -> Iterator[Breach]:
    if text.language != "go":
        for key in ("sandbox_path", "function_denylist"):
            if getattr(text, key):
                place = (*where, key)
                yield Breach(place, "only applies to language: go", ("language",))
    elif isinstance(text, model.Template) and text.format is not None:
        yield Breach((*where, "language"), "applies to templates; a format has none", ("format",))


def _check(where: Where, template: model.Template) -> Iterator[Breach]:
    check, place = template.check, (*where, "check")
    if check is None:
        return
    if not check.command and check.format is None:
        yield Breach(place, "needs command, format or both", ("command", "format"))
    if check.command and template.in_place:
        yield Breach(
            (*place, "command"),
            "cannot be combined with in_place: there is no new file to look at beforehand",
        )


def _owner(
    where: Where,
    template: model.Template,
    document: Document,
    known: dict[tuple[str, str], bool],
) -> Iterator[Breach]:
    for key, exists in (("user", _is_user), ("group", _is_group)):
        name: str = getattr(template, key)
        if not name or (name.isascii() and name.isdecimal()):
            continue
        if (key, name) not in known:
            known[key, name] = exists(name)
        if not known[key, name]:
            written = document.written((*where, key))
            yield Breach(
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
