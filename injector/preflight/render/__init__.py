"""Shows what would be written, and how it differs from the files on disk. Writes nothing.

`render`: what files would contain (`rendering`, from `fixtures` or a `server`), and how that
differs from the files on disk (`difference`, `report`), showing only the template's own text
(`skeleton`, `pieces`); the `names` of variables.

- `targets`: everything that a configuration writes: files, members of bundles, variables of the
  command
"""

from collections.abc import Awaitable, Callable

from injector.rendering.template import Content
from injector.secret import Ref

# Returns the data of a secret, None for an optional one that does not exist; or raises.
Source = Callable[[Ref], Awaitable[Content | None]]

__all__ = ["Source"]
