"""What there is to say of one option of the agents."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """What becomes of an option."""

    DONE = "done"
    NEEDLESS = "nothing to do"  # the agents do nothing with it either, or it is so anyway
    WARNED = "accepted with a warning"
    REFUSED = "refused"


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    PATH = "path"  # a relative one starts at the working directory
    BOOLEAN = "boolean"
    FORCE = "boolean or `force`"
    WHOLE = "whole number"
    NUMBER = "number"
    DURATION = "duration"
    TEXTS = "list of texts"
    OCTAL = "octal, quoted or not"
    MODE = "octal number"
    COMMAND = "text or list of texts"
    LEVEL = "level"
    ANY = "anything"
    BLOCK = "block"
    MERGED = "block, may be repeated: its entries count together"
    LAST = "block, of several the last counts"
    BLOCKS = "block, may be repeated"


class Row(NamedTuple):
    """One option of a block."""

    name: str
    kind: Kind
    state: State
    # Our key for it: below the block's own (`options.NATIVE`), or anywhere if it begins with a dot.
    native: str = ""
    says: str = ""
    default: str = ""
    of: str = ""  # the only agent that has it
    label: str = ""  # which option of the block its label is
