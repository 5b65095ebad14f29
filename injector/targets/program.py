"""Why a program did not start, and how one ended, in words; nothing is started here."""

import errno
import os
import signal


def why_not_started(
    error: OSError | ValueError, *, if_too_large: str, cwd: str | None = None
) -> str:
    """Return the end of a sentence that begins with the program; `cwd` is where it was to run."""
    match error:
        case FileNotFoundError() | NotADirectoryError() if cwd and error.filename == cwd:
            return f"cannot be started in {cwd}: there is no such directory"
        case FileNotFoundError() | NotADirectoryError():
            return (
                "was not found, or the interpreter in its first line was not: install it, or give "
                "its whole path"
            )
        case PermissionError():
            return f"is not executable for uid {os.geteuid()}: make it executable, or name another"
        case OSError(errno=errno.ENOEXEC):
            return "is not a program: a script needs a first line such as #!/bin/sh"
        case OSError(errno=errno.E2BIG):
            return (
                "cannot be started: its environment and arguments are larger than Linux allows; "
                f"{if_too_large}"
            )
        case _:
            return f"cannot be started: {getattr(error, 'strerror', error)}"


def how_ended(status: int) -> str:
    """Say how a program ended, from `subprocess`' status: negative for the signal that ended it."""
    return f"exit code {status}" if status >= 0 else signal_name(-status)


def signal_name(number: int) -> str:
    """Return the name of a signal; real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
