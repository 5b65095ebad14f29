"""Files of the agents → one document of ours, with everything that is to be said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from injector.compat.hcl import parse
from injector.compat.vault_agent.combinations import refusals, within
from injector.compat.vault_agent.files import files
from injector.compat.vault_agent.flags import Flags
from injector.compat.vault_agent.making import Outside
from injector.compat.vault_agent.merging import merged
from injector.compat.vault_agent.nodes import Block, Translated
from injector.compat.vault_agent.sections import Notes, Section, read_file
from injector.compat.vault_agent.translate import Translation, passing, unkept
from injector.compat.vault_agent.variables import unheeded
from injector.config.language import Reading
from injector.config.problem import Where, Wrong
from injector.config.textfile import read_text
from injector.errors import ConfigError


def read(path: str, environ: Mapping[str, str]) -> Reading:
    """Read one file; this is how other commands than `agent` come to it."""
    return read_all((path,), environ, Flags())


def hint(path: str) -> str | None:
    """Say how a file is read all of whose options are the agents'; None of any other."""
    notes = Notes()
    try:
        _sections((path,), notes)
    except ConfigError:
        return None
    if notes.problems or notes.unknown:
        return None
    return (
        f"{path}: all its options are Vault Agent's: `injector agent -config={path}` reads it as "
        "that does; other commands do if its name ends in .hcl"
    )


def read_all(paths: Sequence[str], environ: Mapping[str, str], flags: Flags) -> Reading:
    """Read files and folders as the agents merge them. Raises ConfigError for what is not HCL."""
    made = translated(paths, Outside(environ, flags))
    notes = made.notes
    counting = {name: value for name, value in environ.items() if name not in flags.overruled}
    return Reading(
        Translated(made.files[0], made.root.node()),
        made.files,
        counting,
        problems=tuple(notes.problems),
        warnings=(*notes.warnings, *unkept(made.together), *unheeded(environ)),
        advice=tuple(notes.advice),
        as_agent=True,
        passing=passing(made.together),
        broken=made.broken,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """What is made of files: one section of theirs, one block of ours, and what is said of it."""

    files: tuple[str, ...]
    together: Section
    root: Block
    notes: Notes
    broken: frozenset[Where]


def translated(paths: Sequence[str], outside: Outside) -> Made:
    """Read and translate; raises ConfigError for what is not HCL."""
    notes = Notes()
    found = tuple(file for path in paths for file in files(path))
    together = merged(_sections(found, notes))
    translation = Translation(together, outside, notes)
    root = translation.tree()
    notes.problems += refusals(together)
    return Made(found, together, root, notes, frozenset(translation.broken))


def _sections(found: Sequence[str], notes: Notes) -> list[Section]:
    sections: list[Section] = []
    problems: list[str] = []
    for file in found:
        try:
            sections.append(read_file(file, parse(file, _text(file)), notes))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    for section in sections:
        notes.problems += within(section)
    return sections


def _text(file: str) -> str:
    try:
        return read_text(file)
    except Wrong as wrong:
        raise ConfigError(f"{file}: {wrong}") from None
