"""The error tree, by what the caller can do about it.

Every class carries the exit code that `once` ends with and the label under which it is counted.
Messages say what failed, on what, and what to do; they never contain a secret value.
"""

from typing import ClassVar


class InjectorError(Exception):
    """Something failed in a way a user can act on."""

    exit_code: ClassVar[int] = 1
    label: ClassVar[str] = "internal"


class TransientError(InjectorError):
    """Vault did not answer, or said that it cannot answer now: waiting helps.

    `retry_after` is the server's own wish in seconds (HTTP Retry-After), if it had one.
    """

    exit_code = 9
    label = "transient"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AuthError(InjectorError):
    """A login was refused, or the material for it cannot be used."""

    exit_code = 3
    label = "auth"


class DeniedError(InjectorError):
    """The token is valid but may not do this: policy has to change."""

    exit_code = 4
    label = "denied"


class MissingError(InjectorError):
    """The secret, its version, or a key in it does not exist."""

    exit_code = 5
    label = "missing"


class ConfigError(InjectorError):
    """The configuration cannot be used; `problems` lists everything wrong with it at once."""

    exit_code = 2
    label = "config"

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RenderError(InjectorError):
    """A template, or a format, cannot be rendered from the values that are there."""

    exit_code = 6
    label = "render"


class WriteError(InjectorError):
    """A destination cannot be written; what was there before is still there."""

    exit_code = 7
    label = "write"


class HookError(InjectorError):
    """The application could not be told: its command, signal or endpoint failed."""

    exit_code = 8
    label = "hook"
