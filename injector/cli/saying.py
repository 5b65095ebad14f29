"""Prints what may come from anywhere: harmless to a terminal, and without secret values."""

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from injector.base.errors import ConfigError, InjectorError
from injector.base.printable import printable

if TYPE_CHECKING:
    from injector.base.redactor import Redactor


def escape_what_has_no_code(stream: TextIO | None) -> None:
    """Write what the encoding lacks as an escape: ASCII lacks some of our own words."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print a message on standard error."""
    print(f"injector: {printable(text, lines=True)}", file=sys.stderr)


def show(text: str, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print a result: exactly as it is, unless to a terminal."""
    out = file or sys.stdout
    if out.isatty():
        text = printable(text, lines=True)
    elif isinstance(out, io.TextIOWrapper):
        try:
            text.encode(out.encoding)
        except UnicodeEncodeError:  # an escape would be something else
            out.reconfigure(encoding="utf-8", errors="surrogateescape")
    print(text, end=end, file=out)


def report(error: InjectorError, proofread: Callable[[str], str] = str) -> int:
    """Print what is wrong, with its place if it has one; return the exit code."""
    for found in error.found if isinstance(error, ConfigError) else (error,):
        if getattr(found, "place", ""):
            from injector.cli.findings import Report

            Report(sys.stderr, proofread).write("problem", [found])
        else:
            say(proofread(str(found)))
    return error.exit_code


def guarded(redactor: "Redactor", work: Callable[[], int]) -> int:
    """Do what may learn values; whatever it ends with, it shows none. Return the exit code."""
    try:
        return work()
    except InjectorError as error:
        return report(error, redactor.proofread)
    except Exception:  # noqa: BLE001 - the last one who can redact what it says
        import traceback

        say("internal error: please report this")
        print(printable(redactor.redact(traceback.format_exc()), lines=True), file=sys.stderr)
        return InjectorError.exit_code
