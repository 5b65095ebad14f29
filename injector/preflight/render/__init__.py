"""Shows what would be written, and how it differs from the files on disk. Writes nothing.

- `targets`: everything that a configuration writes: files, members of bundles, variables
- `rendering`: renders them, with secrets from `fixtures` or from a `server`
- `report`: what would change on disk: content, mode and owner
- `difference`: a unified diff, with values masked
- `skeleton`, `pieces`: which text is the template's own, and may be shown
- `names`: the variables that files define, for an `env.example`
"""

from collections.abc import Awaitable, Callable

from injector.rendering.template import Content
from injector.secret import Ref

# Returns the data of a secret, None for an optional one that does not exist; or raises.
Source = Callable[[Ref], Awaitable[Content | None]]

__all__ = ["Source"]
