"""What every part of a translation uses: the files, the other sources, the collected notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from injector.config.problem import Where
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.machine import Elsewhere, Here
from injector.dialects.vault_agent.nodes import Block
from injector.dialects.vault_agent.options import OPTIONS, STRICT
from injector.dialects.vault_agent.row import ValueType
from injector.dialects.vault_agent.sections import Notes, Section

_SCALARS = frozenset(ValueType) - {
    ValueType.BLOCK,
    ValueType.BLOCKS,
    ValueType.MERGED,
    ValueType.LAST,
    ValueType.COMMAND,
}
# Options whose value is only written differently here.
_COPIED = {
    key: tuple(
        row
        for row in rows
        if row.native and not row.native.startswith(".") and row.kind in _SCALARS
    )
    for key, rows in OPTIONS.items()
}


@dataclass(frozen=True, slots=True)
class Outside:
    """The sources other than the files."""

    environ: Mapping[str, str] = field(repr=False)
    flags: Flags = field(default_factory=Flags)
    machine: Elsewhere = field(default_factory=Here)


class Default(NamedTuple):
    """A default of the agents where ours is safer; `better` is the value of ours."""

    says: str
    better: str

    @property
    def remark(self) -> str:
        """Return the remark for a line with this default."""
        ours = self.better.strip('"')
        return f"Vault Agent's default: {self.says}; without this line, {ours}"


@dataclass(frozen=True, slots=True)
class Making:
    """One translation in progress."""

    files: Section
    outside: Outside
    notes: Notes
    broken: set[Where]  # places in the tree with known problems

    def copied(self, section: Section, key: str, place: Where) -> Block:
        """Return our block with every option whose value is only written differently here."""
        block = Block(section.file, section.line)
        self.broken.update((*place, name) for name in section.broken)
        for row in _COPIED[key]:
            value = section.get(row.name)
            is_default = row.kind is ValueType.DURATION and not value and key not in STRICT
            if value not in (None, "", ()) and not is_default:
                block.put(row.native, as_ours(row.kind, value), section.at(row.name))
        return block

    def default(
        self, block: Block, section: Section, name: str, value: object, default: Default
    ) -> None:
        """Set a default of the agents, and advise against it."""
        block.put(name, value, remark=default.remark)
        self.advise(section, default.says, f"{name} = {default.better}")

    def advise(self, section: Section, says: str, better: str) -> None:
        self.notes.advice.append(section.problem("", f"{says}; safer: {better}"))

    def problem(self, section: Section, name: str, text: str) -> None:
        self.notes.problems.append(section.problem(name, text))


def as_ours(kind: ValueType, value: Any) -> Any:
    if kind in (ValueType.OCTAL, ValueType.MODE):
        return f"{value:04o}"
    return seconds(value) if kind is ValueType.DURATION else value


def seconds(value: float) -> str:
    """Format a duration for people."""
    for unit, size in (("h", 3600), ("m", 60)):
        if value and value % size == 0:
            return f"{value / size:.0f}{unit}"
    return f"{value:.9f}".rstrip("0").rstrip(".") + "s"
