"""The flags of the agents' command line."""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from injector.config.environment import VARIABLES, find
from injector.config.problem import Wrong
from injector.config.variable import PREFIX
from injector.dialects.hcl import Literal
from injector.dialects.vault_agent import scalars

# With BAO_ or VAULT_ in front.
CONFIG_VARIABLE = "AGENT_CONFIG_PATH"
# The configuration itself, as a webhook gives it: an agent needs a shell that writes it to a file.
CONTENT_VARIABLE = "CONFIG"


@dataclass(frozen=True, slots=True)
class Flags:
    """The settings of the command line; they override the environment and the files."""

    vault: dict[str, Any] = field(default_factory=dict)
    exit_after_auth: bool | None = None
    log_level: str = ""
    log_format: str = ""
    log: dict[str, Any] = field(default_factory=dict)  # where to write it
    revoke_on_shutdown: bool = False  # ours: the agents have none

    @property
    def overruled(self) -> frozenset[str]:
        """Return the environment variables that these flags override."""
        names = [name for name, (key, _) in VARIABLES.items() if key in self.vault]
        if not {"ca_cert", "ca_path"}.isdisjoint(self.vault):
            names.append("CACERT_BYTES")
        return frozenset(f"{prefix}_{name}" for name in names for prefix in ("VAULT", "BAO"))


def _read(convert: Callable[[Literal, bool], Any]) -> Callable[[str], Any]:
    def typed(text: str) -> Any:
        try:
            return convert(Literal(text, 0), False)
        except Wrong as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from None

    return typed


class _Refuse(argparse.Action):
    """Reject a flag, with or without a value, for the reason in `const`."""

    def __call__(self, *_: Any) -> None:
        raise argparse.ArgumentError(self, str(self.const))


_boolean = _read(scalars.boolean)
_level = _read(scalars.level)


def _path(text: str) -> str:
    return os.path.abspath(text) if text else ""


# Flag → key of `vault`, how it is read, its help.
_VAULT: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "address": ("address", str, "address of Vault"),
    "namespace": ("namespace", str, "namespace of every request"),
    "ns": ("namespace", str, "same as -namespace"),
    "ca-cert": ("ca_cert", _path, "PEM file of Vault's certificate authority"),
    "ca-path": ("ca_path", _path, "directory of such files"),
    "client-cert": ("client_cert", _path, "PEM certificate presented to Vault"),
    "client-key": ("client_key", _path, "its key"),
    "tls-server-name": ("tls_server_name", str, "name expected in Vault's certificate"),
    "tls-skip-verify": ("tls_skip_verify", _boolean, "accept any certificate"),
}


_LOG: dict[str, tuple[Callable[[str], Any], str]] = {
    "log-file": (str, "file that gets every log line too"),
    "log-rotate-bytes": (_read(scalars.whole), "size at which the file is rotated"),
    "log-rotate-duration": (_read(scalars.duration), "age at which the file is rotated"),
    "log-rotate-max-files": (_read(scalars.whole), "number of rotated files to keep"),
}

_ONE_COMMAND = "it applies to a single request, but an agent makes many"
# Flags of theirs that make no sense here, each with the reason.
NOT_TAKEN = {
    "agent-address": "an agent does not use another agent; use -address",
    "disable-redirects": "redirects are only followed to the same host, regardless of this flag",
    "header": "requests only have Vault's own headers",
    "mfa": "nobody can confirm it; use a login method for machines",
    "non-interactive": "the agent never prompts",
    "output-curl-string": _ONE_COMMAND,
    "output-policy": "`injector policy -c FILE` prints the policy for all requests",
    "policy-override": _ONE_COMMAND,
    "unlock-key": _ONE_COMMAND,
    "wrap-ttl": "set `wrap_ttl` on a sink",
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags in Go's syntax: one dash or two, with the value after `=` or a space."""
    parser.allow_abbrev = False

    def add(name: str, **how: Any) -> None:
        parser.add_argument(f"-{name}", f"--{name}", **how)

    parser.add_argument("-help", action="help", help=argparse.SUPPRESS)
    for name, reason in NOT_TAKEN.items():
        add(name, action=_Refuse, nargs="?", const=reason, help=argparse.SUPPRESS)
    add(
        "config",
        action="append",
        default=[],
        metavar="PATH",
        help="file or directory; may be repeated",
    )
    add(
        "exit-after-auth",
        nargs="?",
        const=True,
        type=_boolean,
        metavar="BOOL",
        help="exit once every file and sink is in place",
    )
    add(
        "revoke-on-shutdown",
        nargs="?",
        const=True,
        type=_boolean,
        metavar="BOOL",
        help="revoke the token when stopped (the injector only)",
    )
    add(
        "log-level",
        type=_level,
        default="",
        metavar="LEVEL",
        help="trace, debug, info, warn, error",
    )
    add("log-format", default="", choices=("standard", "json"), help="format of the log")
    for name, (read, text) in _LOG.items():
        add(name, type=read, metavar="VALUE", help=text)
    for name, (_, read, text) in _VAULT.items():
        flag: dict[str, Any] = {"nargs": "?", "const": True} if read is _boolean else {}
        add(name, type=read, metavar="BOOL" if flag else "VALUE", help=text, **flag)


def paths(args: argparse.Namespace, environ: Mapping[str, str]) -> list[str]:
    """Return the files and directories to read; without flags, what the environment has."""
    found: list[str] = args.config
    found = found or [path for path in find(CONFIG_VARIABLE, environ)[1].split(",") if path]
    if not found:
        name, text = find(CONTENT_VARIABLE, environ)
        found = [f"{PREFIX}{name}"] if text else []
    return found


def flags(args: argparse.Namespace) -> Flags:
    """Return the settings of the given flags."""
    vault = {}
    for name, (key, _, _) in _VAULT.items():
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            vault[key] = value
    log = {}
    for name in _LOG:
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            log[name.replace("-", "_")] = value
    return Flags(
        vault,
        args.exit_after_auth,
        args.log_level,
        args.log_format,
        log,
        bool(args.revoke_on_shutdown),
    )
