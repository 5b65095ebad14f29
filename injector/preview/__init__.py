"""Shows what would be written, and how it differs from the files on disk. Writes nothing."""

from collections.abc import Awaitable, Callable

from injector.secret import Ref
from injector.template import Content

# Returns the data of a secret, None for an optional one that does not exist; or raises.
Source = Callable[[Ref], Awaitable[Content | None]]

__all__ = ["Source"]
