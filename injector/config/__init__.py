"""Reads file and environment into one frozen configuration, or reports everything wrong with it.

From a file to the model:

- `language`: the reader for a file, by its name; `variable`: for one in the environment
- `behaviour`: what the language decides, apart from the options in the file
- `textfile`: the text of a local file, or the reason why it cannot be read
- `document`: a YAML or JSON document that knows its lines
- `expand`, `environment`: variables in values, and variables instead of options
- `walk`, `readers`, `leaves`: nodes to blocks, blocks to their options, options to values
- `model`: every option, a module for each block
- `introspect`: what the model's annotations say, for all that is derived from it
- `rules`: options against each other; `members`: the names of a bundle's members
- `blockfile`: a file with a model of its own, read as carefully
- `listening`: the listeners of a file that is broken elsewhere

What is said about mistakes:

- `problem`: what is wrong and where: line, column, the path of a key
- `excerpt`: a line of a file as it may be shown; `masking`: hides what looks like a secret in it
- `standing`: where the text of a template stands
- `homes`: what was meant by a key that its block does not have
- `logins`: what to use instead of login methods that others have
- `yaml_mistakes`: what the author did, where YAML's parser says what it expected
"""

import os
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from injector.base.errors import ConfigError, Spot
from injector.config import environment, model
from injector.config.behaviour import OURS, ApiProxySettings, Behaviour
from injector.config.document import Document
from injector.config.language import Read, hints, read
from injector.config.problem import Problem, Where, Wrong
from injector.config.readers import read_config
from injector.config.rules import Breach, all_findings
from injector.config.rules.names import located_texts
from injector.config.rules.supervision import command_is_there
from injector.config.standing import Standing
from injector.config.textfile import read_text
from injector.config.walk import NOTHING_BELOW, Walk

__all__ = ["Checks", "Loaded", "load", "read_source"]

CheckDestination = Callable[[model.Config, model.Template | model.Bundle], list[str]]
CheckTemplate = Callable[
    [model.Config, model.Template | model.EnvTemplate, str, Standing], list[Spot]
]


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks by modules that `config` must not import: of destinations and of templates."""

    destination: CheckDestination | None = None
    template: CheckTemplate | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration, and what belongs to it."""

    config: model.Config
    path: str
    warnings: tuple[Problem, ...]
    # Places where our own default would be safer than that of the file's language.
    advice: tuple[Problem, ...]
    # Local files whose change requires a reload; login files are watched by the login.
    files: frozenset[str]
    # From VAULT_TOKEN or BAO_TOKEN; counts only without auto_auth.
    token: str = field(default="", repr=False)
    # What the file's language decides: see `Reading`.
    behaviour: Behaviour = OURS
    api_proxy: ApiProxySettings | None = None


def load(
    path: str,
    environ: Mapping[str, str],
    *,
    checks: Checks = Checks(),
    command: tuple[str, ...] | None = None,
    read: Read = read,
    needs_login: bool = True,
) -> Loaded:
    """Read and check everything that can be checked without a server.

    `command` is the supervised command from the command line, which overrides the file; empty if
    there is none, and None if unknown: then a missing command is only a warning. Without
    `needs_login`, the environment need not have a token.
    Raises ConfigError with all problems of the file, in the order of its lines.
    """
    reading = read(path, environ)
    document, environ = reading.document, reading.environ
    walk = Walk(document, environ, reading.broken)
    try:
        config = read_config(walk)
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply") from None
    vault, outside = environment.complete(config.vault, environ)
    config = _with_certificate(msgspec.structs.replace(config, vault=vault))
    config = _with_command(config, command)
    token = "" if config.auto_auth is not None else environment.find("TOKEN", environ)[1]

    findings = [*all_findings(config, document)]
    findings += _login_is_possible(config, token) if needs_login else ()
    findings += command_is_there(config, warning=command is None)
    misspelled = {finding.where for finding in findings}
    findings += (f for f in _destinations(config, checks.destination) if f.where not in misspelled)
    findings = [finding for finding in findings if finding.stands(walk.broken)]

    problems = [*reading.problems, *walk.problems]
    problems += _sources(config, document, checks.template, walk.broken)
    problems += [document.problem(*_blamed(f, walk.empty)) for f in findings if not f.warning]
    if problems or outside:
        raise ConfigError(*outside, *document.shown(problems), *hints(path))
    warnings = [document.problem(finding.where, finding.text) for finding in findings]
    return Loaded(
        config=config,
        path=path,
        warnings=document.shown([*reading.warnings, *warnings]),
        advice=document.shown(reading.advice),
        files=frozenset(_files(reading.files, config)),
        token=token,
        behaviour=reading.behaviour,
        api_proxy=reading.api_proxy,
    )


def _blamed(finding: Breach, empty: Collection[Where]) -> tuple[Where, str]:
    """Return what is wrong and where: a block without anything in it is what is wrong itself."""
    given = ((*finding.where, key) for key in finding.given)
    blamed = [where for where in (finding.where, finding.where[:-1], *given) if where in empty]
    return (blamed[0], NOTHING_BELOW) if blamed else (finding.where, finding.text)


def read_source(template: model.Template | model.EnvTemplate) -> str:
    """Return a template's text as it is now; raises ConfigError if its file cannot be read."""
    try:
        return _text_of(template)
    except Wrong as wrong:
        raise ConfigError(f"{template.source}: {wrong}") from None


def _text_of(template: model.Template | model.EnvTemplate) -> str:
    """Return the text of a template; raises Wrong if its file cannot be read."""
    if not template.source:
        return template.contents
    return read_text(template.source, as_go=template.language == "go")


def _with_certificate(config: model.Config) -> model.Config:
    """If a certificate login has no certificate of its own, use the one in `vault`.

    This is done here so that a reload sees its change as a change of the login.
    """
    login = config.auto_auth
    if login is None or not isinstance(login.method.config, model.Cert):
        return config
    cert = login.method.config
    if not (cert.client_cert or cert.client_key):
        replace = msgspec.structs.replace
        cert = replace(
            cert, client_cert=config.vault.client_cert, client_key=config.vault.client_key
        )
        login = replace(login, method=replace(login.method, config=cert))
    return msgspec.structs.replace(config, auto_auth=login)


def _with_command(config: model.Config, command: tuple[str, ...] | None) -> model.Config:
    if not command:
        return config
    replace = msgspec.structs.replace
    return replace(config, exec=replace(config.exec or model.Exec(), command=command))


def _login_is_possible(config: model.Config, token: str) -> Iterator[Breach]:
    if config.auto_auth is None and not token:
        yield Breach(
            ("auto_auth",),
            "is required, unless VAULT_TOKEN or BAO_TOKEN is set; for example "
            "{method: {type: kubernetes, config: {role: app}}} or {method: {type: approle, "
            "config: {role_id_file_path: role_id, secret_id_file_path: secret_id}}}",
        )


def _destinations(config: model.Config, check: CheckDestination | None) -> Iterator[Breach]:
    if check is None:
        return
    for i, template in enumerate(config.template):
        if template.destination:
            place: Where = ("template", i, "destination")
            yield from (Breach(place, text) for text in check(config, template))
    for i, bundle in enumerate(config.bundle):
        if bundle.directory:
            place = ("bundle", i, "directory")
            yield from (Breach(place, text) for text in check(config, bundle))


def _sources(
    config: model.Config, document: Document, check: CheckTemplate | None, broken: Container[Where]
) -> Iterator[Problem]:
    """Read every template once to check it; the engine reads it again, since it may change."""
    for where, template in located_texts(config):
        place = (*where, "source" if template.source else "contents")
        if place in broken:
            continue
        try:
            text = _text_of(template)
        except Wrong as wrong:
            yield document.problem(place, f"{document.written(place)}: {wrong}")
            continue
        if check is not None and (template.source or text):  # an empty file is a template, too
            stands = (
                Standing(template.source) if template.source else document.standing(place, text)
            )
            lines = text.split("\n") if template.source else document.lines(stands.file)
            for spot in check(config, template, text, stands):
                line = stands.line(spot.line, spot.column, spot.width)
                yield Problem(line, where, spot.why, stands.file).within("", lines)


def _files(files: tuple[str, ...], config: model.Config) -> Iterator[str]:
    yield from map(os.path.abspath, files)
    for _, template in located_texts(config):
        if template.source:
            yield template.source
