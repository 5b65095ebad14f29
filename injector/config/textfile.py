"""The text of one local file, or the reason why it cannot be read."""

import os

from injector.base import safe_open
from injector.config.problem import Wrong


def read_text(path: str, *, as_go: bool = False) -> str:
    """Return the file's text, line ends as they are; a byte-order mark is dropped.

    `as_go` keeps the mark and bytes that are not UTF-8 (as `surrogateescape` does). Raises Wrong
    with a reason that never quotes the content: it may be the wrong file, a key.
    """
    try:
        content = safe_open.read(path)
    except FileNotFoundError:
        raise Wrong("no such file") from None
    except IsADirectoryError:
        raise Wrong("is a directory, not a file") from None
    except PermissionError:
        raise Wrong(f"not readable for uid {os.geteuid()}") from None
    except (OSError, ValueError) as error:
        raise Wrong(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if as_go:
        return content.decode(errors="surrogateescape")
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Wrong(f"is not UTF-8 text (line {line})") from None
