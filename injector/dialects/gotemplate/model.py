"""What a Go template needs in addition to secrets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from injector.dialects.gotemplate.network.model import Machine, ReadMachine


def _no_file(_path: str) -> str:
    raise OSError("no files can be read here")


def _no_addresses() -> "Machine":
    raise OSError("not available here")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts of the machine that a template can use, passed in so that it stays a pure function.

    `sandbox_path` is the directory that `file` and `writeToFile` are confined to; by default, the
    paths that the template spells out and the directory of its destination.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_file: Callable[[str], str] = _no_file  # raises OSError
    read_machine: "ReadMachine" = _no_addresses
    now: Callable[[], float] = float  # seconds since the epoch
    destination: str = ""
    sandbox_path: str = ""
    denied: tuple[str, ...] = ()  # functions that are disabled
