"""The description of one option of the agents."""

from enum import StrEnum
from typing import NamedTuple


class Support(StrEnum):
    """What happens to an option."""

    DONE = "done"
    NEEDLESS = "nothing to do"  # it has no effect in the agents either, or applies anyway
    WARNED = "accepted with a warning"
    REFUSED = "refused"


class ValueType(StrEnum):
    """The type of a value."""

    TEXT = "string"
    PATH = "path"  # relative to the working directory
    BOOLEAN = "boolean"
    FORCE = "boolean or `force`"
    WHOLE = "whole number"
    NUMBER = "number"
    DURATION = "duration"
    TEXTS = "list of strings"
    OCTAL = "file mode (octal, with or without quotes)"
    MODE = "file mode (octal, without quotes)"
    COMMAND = "string or list of strings"
    LEVEL = "log level"
    ANY = "any value"
    BLOCK = "block"
    MERGED = "block, may be repeated: the entries are merged"
    LAST = "block; if repeated, the last one applies"
    BLOCKS = "block, may be repeated"


class Row(NamedTuple):
    """One option of a block."""

    name: str
    kind: ValueType
    state: Support
    # Our key: within the block's own (`options.NATIVE`), or from the root if it begins with a dot.
    native: str = ""
    says: str = ""
    default: str = ""
    of: str = ""  # the only agent that has it
    label: str = ""  # the option of the block that its label sets
