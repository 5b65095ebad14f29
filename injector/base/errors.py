"""The error tree, by what the caller can do about it.

Every class carries the exit code that `once` ends with, what that means, and the label under which
it is counted.
Messages say what failed, on what, and what to do; they never contain a secret value.
"""

import errno
import os
import re
from typing import ClassVar, NamedTuple


class Spot(NamedTuple):
    """Where in a template's text something is wrong, and what; column 0 is the whole line."""

    line: int
    column: int
    width: int
    why: str


class InjectorError(Exception):
    """Something failed in a way a user can act on.

    `undone` means that a request certainly changed nothing: it was not sent, or the server itself
    refused it. If it is false, that is not known.
    """

    exit_code: ClassVar[int] = 1
    label: ClassVar[str] = "internal"
    means: ClassVar[str] = "internal error"
    undone: bool = False
    retry_after: float | None = None  # seconds during which retrying is pointless, if known
    spot: "Spot | None" = None  # of an error in a template


class TransientError(InjectorError):
    """A source did not answer, or said that it cannot answer now: waiting helps.

    `retry_after` is what the server asked for, in seconds (HTTP Retry-After), if anything.
    """

    exit_code = 9
    label = "transient"
    means = "Vault did not answer in time"

    def __init__(
        self, message: str, *, retry_after: float | None = None, undone: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.undone = undone


class Unreachable(TransientError):
    """A source did not answer, a gateway did in its place, or it serves no requests now."""


class AuthError(InjectorError):
    """A login was refused, or the material for it cannot be used."""

    exit_code = 3
    label = "auth"
    means = "login refused, or a file it needs cannot be used"


class DeniedError(InjectorError):
    """The token is valid but may not do this: policy has to change."""

    exit_code = 4
    label = "denied"
    means = "permission denied"
    undone = True


class MissingError(InjectorError):
    """The secret, its version, or a key in it does not exist."""

    exit_code = 5
    label = "missing"
    means = "a secret, its version, or a key in it is missing"


class ConfigError(InjectorError):
    """The configuration cannot be used; `problems` lists everything wrong with it at once.

    Each problem is one line; `found` has them with their places in files, where they have any.
    """

    exit_code = 2
    label = "config"
    means = "error in the configuration, the command line or a listener address"

    def __init__(self, *found: object) -> None:
        self.found = found
        self.problems = tuple(map(str, found))
        super().__init__("\n".join(self.problems))


class RenderError(InjectorError):
    """A template, or a format, cannot be rendered from the values that are there."""

    exit_code = 6
    label = "render"
    means = "a template or format cannot be rendered"


class WriteError(InjectorError):
    """A destination cannot be written; what was there before is still there."""

    exit_code = 7
    label = "write"
    means = "a destination cannot be written"


class HookError(InjectorError):
    """The application could not be notified: its command, signal or endpoint failed."""

    exit_code = 8
    label = "hook"
    means = "the application is running but could not be notified"


class UnforeseenError(InjectorError):
    """A fault of this program, as the state of one thing: it must not end all the others.

    Names the exception and the place, never the exception's message: that may quote a value.
    """

    def __init__(self, message: str, trace: list[str]) -> None:
        super().__init__(message)
        self.trace = trace  # files of this package and others, with lines


# How many places a trace has: those of a recursion are all the same.
_PLACES = 12


class nothing_unforeseen:  # noqa: N801 - as `suppress` and others of its kind
    """Turn a fault of ours into an UnforeseenError; around each request and file."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, exc: BaseException | None, _traceback: object) -> None:
        if exc is None or isinstance(exc, InjectorError) or not isinstance(exc, Exception):
            return
        trace = _trace(exc)
        raise UnforeseenError(
            f"unexpected {type(exc).__name__} in {trace[-1]}: please report this", trace
        ) from exc


def _trace(exc: Exception) -> list[str]:
    from traceback import extract_tb  # hopefully never

    package = f"{os.path.dirname(__file__)}/"
    frames = extract_tb(exc.__traceback__)[-_PLACES:]
    return [f"{frame.filename.removeprefix(package)}:{frame.lineno}" for frame in frames]


def unreadable(exc: OSError) -> str:
    """Say why a file cannot be read, and what to do about it."""
    why = exc.strerror or type(exc).__name__
    match exc.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"{why}; put it there, or correct the path"
        case errno.EACCES | errno.EPERM:
            return f"{why}; let uid {os.geteuid()} read it"
        case errno.EISDIR:
            return f"{why}; name the file itself"
    return why


def unreachable(exc: OSError) -> str:
    """Say why there is no connection, in the system's words: asyncio's name the address again."""
    number = re.search(r"\[Errno (\d+)\]", str(exc))  # of several addresses, the first one's
    return os.strerror(int(number[1])) if number else exc.strerror or str(exc)
