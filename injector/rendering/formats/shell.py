"""Writes values for a POSIX shell to source."""

import shlex
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.environment import variable
from injector.rendering.formats.text import without_nul

# Read-only, or computed by the shell itself, in bash or dash: an assignment fails or is lost.
_THE_SHELLS_OWN = """
    BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_COMMAND BASH_LINENO
    BASH_MONOSECONDS BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO DIRSTACK EPOCHREALTIME EPOCHSECONDS
    EUID FUNCNAME GROUPS HISTCMD LINENO OPTIND PPID RANDOM SECONDS SHELLOPTS SRANDOM UID _
""".split()  # noqa: SIM905 - a list would take a line for each


def line(key: str, value: Any) -> str:
    """Return the assignment of one variable, exported so that the next program gets it."""
    name, text = variable(key, value)
    if name in _THE_SHELLS_OWN:
        raise RenderError("the shell reserves that name; rename the key in Vault")
    return f"export {name}={shell_value(text)}\n"


def shell_value(text: str) -> str:
    """Quote a value as one word."""
    return shlex.quote(without_nul(text))
