"""Types that are written differently from how they are stored, and the base of all blocks."""

from typing import Annotated, dataclass_transform

from msgspec import Meta, Struct, field

# `load` converts what is written to what is stored.
Duration = Annotated[float, Meta(ge=0, extra={"written": "duration"})]
Deadline = Annotated[float, Meta(gt=0, extra={"written": "duration"})]
Perms = Annotated[int, Meta(extra={"written": "perms"})]
# Relative to the directory of the configuration file.
LocalPath = Annotated[str, Meta(extra={"written": "path"})]
# Absolute, or an error.
AbsolutePath = Annotated[str, Meta(extra={"written": "absolute path"})]
SignalName = Annotated[str, Meta(extra={"written": "signal"})]
# A name or a number, which needs no quotes.
Owner = Annotated[str, Meta(extra={"written": "owner"})]
Namespace = Annotated[str, Meta(extra={"written": "namespace"})]
# Taken as it stands: `${NAME}` is not expanded.
Verbatim = Annotated[str, Meta(extra={"written": "verbatim"})]
# Program and arguments; a string is split as a shell splits words. Never expanded either.
Argv = Annotated[tuple[str, ...], Meta(extra={"written": "command"})]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the configuration; unknown keys in it are errors."""
