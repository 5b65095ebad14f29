"""Where the injector of a file listens, whatever else is wrong with that file by now.

The injector goes on with its old configuration, and an operator wants to know why.
"""

from collections.abc import Mapping

from injector.base.errors import ConfigError
from injector.config import model
from injector.config.document import block_of
from injector.config.language import read
from injector.config.readers import reader_of
from injector.config.walk import Walk

_KEY = "listener"


def listeners(path: str, environ: Mapping[str, str]) -> tuple[model.Listener, ...]:
    """Return the listeners of a file; raises ConfigError if not even those can be read."""
    try:
        reading = read(path, environ)
        document, environ = reading.document, reading.environ
    except ConfigError as error:
        block = block_of(path, _KEY)
        if block is None:
            raise ConfigError(*error.found, "name the listener with --address") from None
        document = block
    walk = Walk(document, environ)
    node = document.find((_KEY,))[1]
    if node is document.root:  # the file has no `listener`
        return ()
    found: tuple[model.Listener, ...] = _READER.read_or_note(walk, node, (_KEY,))
    if walk.problems:
        raise ConfigError(*document.shown(walk.problems))
    return found


_READER = reader_of(tuple[model.Listener, ...])
