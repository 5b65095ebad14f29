"""Which variables the supervised command gets. Decisions only: nothing is read or started."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase

from injector.config import model

# Settings for our login are not for a program that is given its secrets, and systemd waits for us,
# not for it.
OURS = ("VAULT_", "BAO_", "INJECTOR_", "NOTIFY_SOCKET")
# The kernel's MAX_ARG_STRLEN: the longest string that a program can be started with.
LONGEST = 32 * os.sysconf("SC_PAGE_SIZE")


def inherited(environ: Mapping[str, str], rules: model.ExecEnv) -> dict[str, str]:
    """Return the part of our environment that the command gets, and what `custom` adds.

    As in consul-template: `pristine` leaves only `custom`; otherwise `allow` selects, `deny`
    removes, and `custom` is added. Unlike there, our own settings are passed on only if asked for.
    """
    passed = {} if rules.pristine else {n: v for n, v in environ.items() if _passes(n, rules)}
    return passed | dict(entry.split("=", 1) for entry in rules.custom)


def _passes(name: str, rules: model.ExecEnv) -> bool:
    if any(fnmatchcase(name, glob) for glob in rules.deny):
        return False
    asking = [glob for glob in rules.allow if fnmatchcase(name, glob)]
    if name.startswith(OURS):
        # `*` means everything else; these need `VAULT_ADDR` or `VAULT_*`.
        return any(glob.startswith(OURS) for glob in asking)
    return bool(asking) or not rules.allow


def problem(name: str, text: bytes) -> str:
    """Return why a variable cannot have this value; empty if it can."""
    if b"\0" in text:
        return "the value contains a NUL character, which ends a variable; write it to a file"
    if len(name) + 1 + len(text) >= LONGEST:
        return (
            f"longer than the {LONGEST // 1024} KiB that Linux allows for one variable; write it "
            "to a file with `template:`, and give the command its path"
        )
    return ""


def for_exec(passed: Mapping[str, str], variables: Mapping[str, bytes]) -> dict[bytes, bytes]:
    """Return the whole environment: what is passed on, overridden by the rendered variables."""
    whole = {os.fsencode(name): os.fsencode(text) for name, text in passed.items()}
    return whole | {name.encode(): text for name, text in variables.items()}
