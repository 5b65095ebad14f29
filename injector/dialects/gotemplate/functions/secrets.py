"""`secret`, `secrets`, `pkiCert`: what a template requests from Vault."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from injector.dialects.gotemplate.certificates import certificate
from injector.dialects.gotemplate.functions.text import trim_space
from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.limits import Progress
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import (
    UNKNOWN,
    NilStrings,
    Strings,
    Struct,
    Unknown,
    text_of,
)
from injector.dialects.gotemplate.response import as_go_has_it
from injector.dialects.gotemplate.run.expressions import Function
from injector.dialects.gotemplate.run.signature import Stateful
from injector.rendering.formats.text import is_broken
from injector.rendering.template.model import Snapshot
from injector.secret import Ref, climbs
from injector.sources.vault.ref import VaultRef

# The first segment of paths where no KV engine can be mounted.
_NO_MOUNTS = frozenset(("auth", "cubbyhole", "identity", "sys"))
_KV2 = frozenset(("data", "metadata"))
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class Secrets:
    """The functions for one rendering, and a record of what was requested."""

    def __init__(self, snapshot: Snapshot, named: Collection[Ref], progress: Progress) -> None:
        self.used: set[Ref] = set()
        self.lacking: set[Ref] = set()
        # By the position of the call; None if it depends on another secret.
        self.asked: dict[int, set[Ref | None]] = defaultdict(set)
        self._snapshot = snapshot
        self._named = named
        self._progress = progress
        self._seen: dict[Ref, Struct] = {}

    def functions(self) -> dict[str, Function]:
        return {
            "pkiCert": Stateful(self._pki_cert, self._unknown),
            "secret": Stateful(self._secret, self._unknown),
            "secrets": Stateful(self._secrets, self._unknown),
        }

    def path_of(self, place: Any) -> str:
        """Return the path of the secret that a map belongs to, or an empty string."""
        for ref, seen in self._seen.items():
            if _holds(seen.fields["Data"], place):
                return str(ref)
        return ""

    def _secret(self, *words: str) -> Any:
        """Return a secret; with parameters after the path, it is requested by a write."""
        return self._answer("secret", words) if words else None

    def _secrets(self, path: str) -> Any:
        """Return the names below a path; an empty list if there is nothing."""
        if not path:
            return NilStrings()
        found = self._answer("secrets", (path,))
        if isinstance(found, Unknown):
            return UNKNOWN
        keys = found.fields["Data"].get("keys") if found is not None else None
        if not isinstance(keys, list) or not keys:
            return NilStrings()
        return Strings(sorted(key for key in keys if isinstance(key, str)))

    def _pki_cert(self, *words: str) -> Any:
        """Return a certificate, its key and its authorities."""
        found = self._answer("pkiCert", words) if words else None
        if found is None or isinstance(found, Unknown):
            return found
        made = certificate(found.fields["Data"]) if isinstance(found, Struct) else None
        if made is None or not made.fields["Cert"]:
            raise GoError("the answer has no certificate in PEM: leave out format=der")
        return made

    def _unknown(self, *_given: Any) -> Any:
        self.asked[self._progress.call].add(None)
        return UNKNOWN

    def _answer(self, function: str, words: Sequence[str]) -> Any:
        ref = ref_of(function, words, self._named)
        self.asked[self._progress.call].add(ref)
        if ref in self._seen:
            return self._seen[ref]
        if ref not in self._snapshot:
            self.lacking.add(ref)
            return Unknown(is_certain=True)
        self.used.add(ref)
        content = self._snapshot[ref]
        if content is None:
            return None
        seen = as_go_has_it(ref, content)
        if isinstance(seen, Struct):
            self._seen[ref] = seen
        return seen


def ref_of(function: str, words: Sequence[str], named: Collection[Ref]) -> VaultRef:
    """Return the secret that a call refers to: a named one if there is one at that path."""
    path = trim_space(words[0]).strip("/")
    if not path:
        raise GoError(f"{function}: the path is empty")
    if climbs(path):
        raise GoError(f"{function}: write the path without `.` and `..`; is one in a value?")
    if any(map(is_broken, words)):
        raise GoError(f"{function}: the path or a parameter is not UTF-8 text")
    if function == "pkiCert":
        return VaultRef.of(_unescaped(path), _params(words[1:]))
    if len(words) > 1:
        return VaultRef.of(path, _params(words[1:]))
    if function == "secret":
        path = _unescaped(path)
    if function == "secret" and named and (plain := VaultRef.of(path)) in named:
        return plain
    steps = path.split("/")
    lists = function == "secrets"
    is_kv2 = not _KV2.isdisjoint(steps[1:2]) if not lists else steps[1:2] == ["metadata"]
    may_be_kv = steps[0] not in _NO_MOUNTS and not is_kv2
    return VaultRef.of(path, lists=lists, by_mount=may_be_kv)


def _unescaped(path: str) -> str:
    """Return the path of a URL, with its query: Go reads `%20` in it, and no `#fragment`."""
    path, question, query = path.partition("#")[0].partition("?")
    if "%" not in path:
        return path + question + query
    if _NO_ESCAPE.search(path):
        raise GoError("the path has a % that is not followed by two hexadecimal digits: write %25")
    plain = text_of(unquote_to_bytes(path))
    if "?" in plain or is_broken(plain):
        raise GoError("a path with %3F, or with bytes that are not UTF-8, cannot be requested here")
    return plain + question + query


def _params(words: Sequence[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for word in words:
        key, found, value = word.partition("=")
        if found:
            params[trim_space(key)] = trim_space(value)
        elif word:
            raise GoError(f"not k=v pair {VALUE}", quoted(word))
    return params


def _holds(value: Any, place: Any) -> bool:
    if value is place:
        return True
    if isinstance(value, dict):
        return any(_holds(item, place) for item in value.values())
    return isinstance(value, list) and any(_holds(item, place) for item in value)
