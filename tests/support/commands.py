"""Runs a command in this process: half a second less than in one of its own."""

import ctypes
from dataclasses import dataclass

from injector.cli import main

PR_SET_DUMPABLE = 4  # prctl(2)


@dataclass(frozen=True)
class Ended:
    """What is left of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(capsys, *args) -> Ended:
    capsys.readouterr()
    try:
        code = main([str(arg) for arg in args])
    finally:  # some commands close the memory of their process: this one is ours
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    return Ended(code, *capsys.readouterr())


def without_tokens(monkeypatch, environ) -> None:
    """Let nothing of the developer's own environment count."""
    for name in tuple(environ):
        if name.startswith(("VAULT_", "BAO_")):
            monkeypatch.delenv(name)
