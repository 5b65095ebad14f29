"""What `pkiCert` returns: certificate, key and authorities, from the PEM in an answer."""

import base64
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import Strings, Struct

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
# The extension basicConstraints with CA:TRUE; importing a certificate library takes 40 ms.
_IS_AUTHORITY = re.compile(
    rb"\x06\x03\x55\x1d\x13(?:\x01\x01\xff)?\x04.\x30.\x01\x01\xff", re.DOTALL
)
_LINE = 64


def certificate(data: Mapping[str, Any]) -> Struct:
    """Sort the PEM blocks of an answer as consul-template does."""
    found = {"Cert": "", "Key": "", "CA": ""}
    for value in data.values():
        if isinstance(value, str):
            found.update(_blocks(value))
    chain = data.get("ca_chain")
    links = chain if isinstance(chain, list) else [str(data.get("issuing_ca", ""))]
    authorities = [pem for link in links for _, pem in _blocks(str(link))]
    struct = Struct("dependency.PemEncoded", {**found, "CAChain": Strings(authorities)})

    def itself() -> Any:
        return struct

    # `.Data.Cert` is the same as `.Cert`, as in any other secret.
    struct.methods = {"Data": itself}
    return struct


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the type of each PEM block, and the block as Go writes it."""
    for label, body in _PEM.findall(text):
        der = _decoded(body)
        yield _kind(label, der), _encoded(label, der)


def _kind(label: str, der: bytes) -> str:
    if label.endswith("PRIVATE KEY"):
        return "Key"
    return "CA" if _IS_AUTHORITY.search(der) else "Cert"


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise GoError("the answer contains PEM that cannot be decoded") from None


def _encoded(label: str, der: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), _LINE))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
