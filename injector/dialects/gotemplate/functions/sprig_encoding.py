"""Sprig's encodings and digests, paths, URLs, regular expressions, durations."""

import base64
import binascii
import hashlib
import posixpath
import re
import zlib
from collections.abc import Callable
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from injector.dialects.gotemplate.functions import regex
from injector.dialects.gotemplate.functions.encoding import base64_decode, base64_encode, sha256_hex
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import (
    Int64,
    NilStrings,
    Strings,
    bytes_of,
    text_of,
    type_of,
)

_BASE32 = re.compile(rb"[A-Z2-7]*=*")
_DURATION = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9,
}  # fmt: skip
_HOUR, _MINUTE = 3600, 60
_ROUGHLY = (
    ("y", 365 * 24 * _HOUR), ("mo", 30 * 24 * _HOUR), ("d", 24 * _HOUR), ("h", _HOUR),
    ("m", _MINUTE), ("s", 1),
)  # fmt: skip


# -- encodings


def b64dec(text: str) -> str:
    """Decode; raises GoError where Go returns the error's text, which looks like data."""
    return base64_decode(text)


def b32enc(text: str) -> str:
    return base64.b32encode(bytes_of(text)).decode()


def b32dec(text: str) -> str:
    data = bytes_of(text).replace(b"\r", b"").replace(b"\n", b"")
    try:
        if not _BASE32.fullmatch(data):
            raise ValueError("another alphabet")
        return text_of(base64.b32decode(data))
    except (binascii.Error, ValueError):
        raise GoError("the text is not valid base32") from None


def sha1sum(text: str) -> str:
    return hashlib.sha1(bytes_of(text), usedforsecurity=False).hexdigest()


def sha512sum(text: str) -> str:
    return hashlib.sha512(bytes_of(text)).hexdigest()


def adler32sum(text: str) -> str:
    return str(zlib.adler32(bytes_of(text)))


# -- paths


def base(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def clean(path: str) -> str:
    cleaned = posixpath.normpath(path) if path else "."
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def directory(path: str) -> str:
    return clean(path[: path.rfind("/") + 1])


def extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


def is_absolute(path: str) -> bool:
    return path.startswith("/")


# -- URLs


def url_parse(text: str) -> dict[str, Any]:
    """Parse a URL like Go's net/url."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise GoError("unable to parse url") from None
    userinfo, at, address = parts.netloc.rpartition("@")
    if parts.scheme and not parts.netloc and not parts.path.startswith("/"):
        opaque, path = parts.path, ""
    else:
        opaque, path = "", unquote(parts.path)
    hostname = address[1 : address.find("]")] if address.startswith("[") else address.split(":")[0]
    return {
        "fragment": unquote(parts.fragment),
        "host": address,
        "hostname": hostname if host is not None else "",
        "opaque": opaque,
        "path": path,
        "query": parts.query,
        "scheme": parts.scheme,
        "userinfo": userinfo if at else "",
    }


def url_join(parts: dict[str, Any]) -> str:
    texts = {key: _part(parts, key) for key in ("scheme", "host", "path", "query", "opaque")}
    userinfo, fragment = _part(parts, "userinfo"), _part(parts, "fragment")
    scheme = f"{texts['scheme']}:" if texts["scheme"] else ""
    if texts["opaque"]:
        whole = scheme + texts["opaque"]
    else:
        path = quote(texts["path"], safe="/$&+,:;=@~*!'()")
        authority = f"{userinfo}@{texts['host']}" if userinfo else texts["host"]
        if authority or (scheme and path.startswith("//")):
            path = path if path.startswith("/") or not path else f"/{path}"
            whole = f"{scheme}//{authority}{path}"
        else:
            whole = scheme + path
    whole += f"?{texts['query']}" if texts["query"] else ""
    return whole + (f"#{quote(fragment, safe=_IN_FRAGMENT)}" if fragment else "")


_IN_FRAGMENT = "/$&+,:;=@~*!'()?"


def _part(parts: dict[str, Any], key: str) -> str:
    value = parts.get(key, "")
    if not isinstance(value, str):
        raise GoError(f"unable to parse {key} key, must be of type string, not {type_of(value)}")
    return str(value)


# -- regular expressions


def regex_match(pattern: str, text: str) -> bool:
    try:
        expression = regex.compiled(pattern)
    except GoError:
        return False
    return expression.first(text) is not None


def must_regex_match(pattern: str, text: str) -> bool:
    return regex.compiled(pattern).first(text) is not None


def regex_find(pattern: str, text: str) -> str:
    return str(regex.compiled(pattern).first(text) or "")


def regex_find_all(pattern: str, text: str, most: int) -> Strings:
    matches = regex.compiled(pattern).matches(regex.Subject(text))
    found = [str(match) for match in islice(matches, most if most >= 0 else None)]
    return Strings(found) if found else NilStrings()


def regex_replace_all(pattern: str, text: str, replacement: str) -> str:
    return regex.replaced(pattern, replacement, text)


def regex_replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    return regex.replaced_by(pattern, lambda _: replacement, text)


def regex_split(pattern: str, text: str, most: int) -> Strings:
    """Split a string at matches, into at most `most` parts, or all if that is negative."""
    if most == 0:
        return NilStrings()
    if pattern and not text:
        return Strings([""])
    parts: list[str] = []
    begin = end = 0
    subject = regex.Subject(text)
    for match in regex.compiled(pattern).matches(subject):
        if most > 0 and len(parts) == most - 1:
            break
        end = match.start
        if match.end:
            parts.append(subject.text(begin, end))
        begin = match.end
    if end != len(subject.seen):
        parts.append(subject.text(begin, len(subject.seen)))
    return Strings(parts)


def regex_quote_meta(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", lambda match: f"\\{match[0]}", text)


# -- durations


def duration(seconds: Any) -> str:
    """Format seconds as Go formats a duration."""
    number = int(seconds) if type(seconds) is Int64 else 0
    if isinstance(seconds, str):
        number = int(seconds) if re.fullmatch(r"[+-]?[0-9]+", seconds) else 0
    hours, rest = divmod(abs(number), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    text = f"{rest}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    if hours:
        text = f"{hours}h{text}"
    return f"-{text}" if number < 0 else text


def duration_round(value: Any) -> str:
    """Format a duration in its largest unit."""
    nanoseconds = int(value) if type(value) is Int64 else 0
    if isinstance(value, str):
        nanoseconds = _parsed(str(value))
    seconds = abs(nanoseconds) / 10**9
    for unit, size in _ROUGHLY:
        if seconds > size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


def _parsed(text: str) -> int:
    parts = _DURATION.findall(text.lstrip("+-"))
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("+-"):
        return 0
    if any(number in ("", ".") for number, _ in parts):
        return 0
    total = int(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))
    return -total if text.startswith("-") else total


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "adler32sum": adler32sum,
    "b32dec": b32dec,
    "b32enc": b32enc,
    "b64dec": b64dec,
    "b64enc": base64_encode,
    "base": base,
    "clean": clean,
    "dir": directory,
    "duration": duration,
    "durationRound": duration_round,
    "ext": extension,
    "isAbs": is_absolute,
    "mustRegexFind": regex_find,
    "mustRegexFindAll": regex_find_all,
    "mustRegexMatch": must_regex_match,
    "mustRegexReplaceAll": regex_replace_all,
    "mustRegexReplaceAllLiteral": regex_replace_all_literal,
    "mustRegexSplit": regex_split,
    "osBase": base,
    "osClean": clean,
    "osDir": directory,
    "osExt": extension,
    "osIsAbs": is_absolute,
    "regexFind": regex_find,
    "regexFindAll": regex_find_all,
    "regexMatch": regex_match,
    "regexQuoteMeta": regex_quote_meta,
    "regexReplaceAll": regex_replace_all,
    "regexReplaceAllLiteral": regex_replace_all_literal,
    "regexSplit": regex_split,
    "sha1sum": sha1sum,
    "sha256sum": sha256_hex,
    "sha512sum": sha512sum,
    "urlJoin": url_join,
    "urlParse": url_parse,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in _FUNCTIONS.items()}
