"""What VAULT_* and BAO_* variables add to the configuration."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from injector.config import leaves, model
from injector.config.leaves import Scalar, Style
from injector.config.problem import Wrong


def _path(value: Scalar) -> str:
    """Read a path from the environment, relative to the working directory as in a shell."""
    return os.path.abspath(value.text)


def _truth(value: Scalar) -> bool:
    """Read a boolean as Vault's own tools do."""
    words = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
    if value.text.lower() not in words:
        raise Wrong(f"expected true or false, got {value.shown}")
    return words[value.text.lower()]


# Name without VAULT_ or BAO_ → (key of `vault`, how it is read).
VARIABLES: dict[str, tuple[str, Callable[[Scalar], Any]]] = {
    "ADDR": ("address", leaves.text),
    "NAMESPACE": ("namespace", leaves.namespace),
    "CACERT": ("ca_cert", _path),
    "CAPATH": ("ca_path", _path),
    "CACERT_BYTES": ("ca_cert_bytes", leaves.text),
    "CLIENT_CERT": ("client_cert", _path),
    "CLIENT_KEY": ("client_key", _path),
    "TLS_SERVER_NAME": ("tls_server_name", leaves.text),
    "SKIP_VERIFY": ("tls_skip_verify", _truth),
    "CLIENT_TIMEOUT": ("timeout", leaves.duration),
}


def find(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return variable and value, BAO_ before VAULT_; an empty one counts as not set."""
    for variable in (f"BAO_{name}", f"VAULT_{name}"):
        if environ.get(variable):
            return variable, environ[variable]
    return "", ""


def complete(vault: model.Vault, environ: Mapping[str, str]) -> tuple[model.Vault, list[str]]:
    """Return the server's block with the environment applied, and problems with that.

    The environment overrides the file, except for the address: inside a pod that variable often
    points at an agent.
    """
    changes: dict[str, Any] = {}
    problems: list[str] = []
    for name, (key, read) in VARIABLES.items():
        variable, text = find(name, environ)
        if not variable or (key == "address" and vault.address):
            continue
        try:
            changes[key] = read(Scalar(text, Style.EXPANDED, f"${{{variable}}}"))
        except Wrong as wrong:
            problems.append(f"environment: {variable}: {wrong}")
    return msgspec.structs.replace(vault, **changes), problems
