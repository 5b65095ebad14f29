"""What a Go template can use in addition to secrets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from injector.rendering.template import dialect

if TYPE_CHECKING:
    from injector.dialects.gotemplate.network.model import Machine, ReadMachine


def _no_addresses() -> "Machine":
    raise OSError("not available here")


def _this_machine() -> "Machine":
    from injector.dialects.gotemplate.network import interfaces  # for templates that ask for it

    return interfaces.read()


@dataclass(frozen=True, slots=True)
class Surroundings(dialect.Surroundings):
    """The parts of the machine that a Go template can use: `sockaddr` asks for its addresses."""

    read_machine: "ReadMachine" = _no_addresses

    @classmethod
    def here(cls, given: dialect.Surroundings) -> "Surroundings":
        """Return the given surroundings, with the addresses of this machine."""
        return cls(
            environ=given.environ,
            read_file=given.read_file,
            now=given.now,
            destination=given.destination,
            sandbox_path=given.sandbox_path,
            denied=given.denied,
            read_machine=_this_machine,
        )
