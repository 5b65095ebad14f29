"""Reads files of the agents as one document of ours, with all problems, warnings and advice."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from injector.base.errors import ConfigError, unreadable
from injector.config.behaviour import Behaviour
from injector.config.language import Reading
from injector.config.problem import Where, Wrong
from injector.config.textfile import read_text
from injector.config.variable import is_variable, text_of
from injector.dialects.hcl import parse
from injector.dialects.vault_agent.combinations import refusals, within
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.making import Outside
from injector.dialects.vault_agent.nodes import Block, Translated
from injector.dialects.vault_agent.sections import Notes, Section, merged, read_file
from injector.dialects.vault_agent.translate import Translation, api_proxy, unkept
from injector.dialects.vault_agent.variables import unheeded

# An agent listens only where it is told to, and is ready from the start. `exit_on_err` alone ends a
# login that fails, and a command that fails ends with the program.
AS_AGENT = Behaviour(
    has_default_listener=False,
    waits_for_commands=False,
    ends_without_login=False,
    is_ready_when_settled=False,
)


def read(path: str, environ: Mapping[str, str]) -> Reading:
    """Read one path, for commands other than `agent`."""
    return read_all((path,), environ, Flags())


def hint(path: str) -> str | None:
    """Return how to read a file whose options are all the agents'; None for any other file."""
    notes = Notes()
    try:
        _sections((path,), notes, {})
    except ConfigError:
        return None
    if notes.problems or notes.unknown:
        return None
    return (
        f"{path}: all its options are Vault Agent's: use `injector agent -config={path}`, or "
        "give it a name that ends in .hcl for other commands"
    )


def read_all(paths: Sequence[str], environ: Mapping[str, str], flags: Flags) -> Reading:
    """Read files and directories, merged like the agents. Raises ConfigError for invalid HCL."""
    made = translated(paths, Outside(environ, flags))
    notes = made.notes
    counting = {name: value for name, value in environ.items() if name not in flags.overruled}
    return Reading(
        Translated(made.files[0], made.root.node(), notes.texts),
        tuple(file for file in made.files if not is_variable(file)),
        counting,
        problems=tuple(notes.problems),
        warnings=(*notes.warnings, *unkept(made.together), *unheeded(environ)),
        advice=tuple(notes.advice),
        behaviour=AS_AGENT,
        api_proxy=api_proxy(made.together),
        broken=made.broken,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a translation: the merged section of theirs, our block, and the notes."""

    files: tuple[str, ...]
    together: Section
    root: Block
    notes: Notes
    broken: frozenset[Where]


def translated(paths: Sequence[str], outside: Outside) -> Made:
    """Read and translate; raises ConfigError for invalid HCL."""
    notes = Notes()
    found = tuple(file for path in paths for file in _files(path))
    together = merged(_sections(found, notes, outside.environ))
    translation = Translation(together, outside, notes)
    root = translation.tree()
    notes.problems += refusals(together)
    return Made(found, together, root, notes, frozenset(translation.broken))


def _files(path: str) -> list[str]:
    """Return the file, or those of a directory in alphabetical order; raises ConfigError.

    The agents use the order of the directory listing, which is not reliable.
    """
    if not os.path.isdir(path):
        return [path]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {unreadable(error)}") from None
    found = [os.path.join(path, name) for name in names if _counts(name)]
    found = [file for file in found if not os.path.isdir(file)]
    if not found:
        raise ConfigError(f"{path}: contains no file that ends in .hcl or .json; specify one")
    return found


def _counts(name: str) -> bool:
    """Return whether the agents would read the file; they ignore editors' backup files."""
    is_copy = name.endswith("~") or name.startswith(".#") or (name[0] == name[-1] == "#")
    return name.endswith((".hcl", ".json")) and not is_copy


def _sections(found: Sequence[str], notes: Notes, environ: Mapping[str, str]) -> list[Section]:
    sections: list[Section] = []
    problems: list[object] = []
    for file in found:
        try:
            notes.texts[file] = _text(file, environ)
            sections.append(read_file(file, parse(file, notes.texts[file]), notes))
        except ConfigError as error:
            problems += error.found
    if problems:
        raise ConfigError(*problems)
    for section in sections:
        notes.problems += within(section)
    return sections


def _text(file: str, environ: Mapping[str, str]) -> str:
    try:
        return text_of(file, environ) if is_variable(file) else read_text(file)
    except Wrong as wrong:
        raise ConfigError(f"{file}: {wrong}") from None
