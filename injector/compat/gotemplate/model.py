"""What a Go template needs beside secrets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from injector.compat.gotemplate.network.model import Machine, ReadMachine


def _no_file(_path: str) -> str:
    raise OSError("no files can be read here")


def _no_addresses() -> "Machine":
    raise OSError("no addresses can be read here")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the machine a template can reach: arguments, so that it stays a pure function.

    `sandbox_path` is the folder that `file` and `writeToFile` are confined to; without one they
    reach what the template spells out, and the folder of its destination.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_file: Callable[[str], str] = _no_file  # raises OSError
    read_machine: "ReadMachine" = _no_addresses
    now: Callable[[], float] = float  # seconds since the epoch
    destination: str = ""
    sandbox_path: str = ""
    denied: tuple[str, ...] = ()  # functions that are not to be had
