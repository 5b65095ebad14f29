"""Checks whether content can be parsed by its reader. Errors quote none of it."""

import re
from collections.abc import Callable, Mapping

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*?\n(.*?)-----END \1-----", re.DOTALL)


def problem(format: str, content: bytes) -> str:  # noqa: A002 - the name of the option
    """Return what keeps `content` from being valid in this format, or nothing."""
    reason = _FORMATS[format](content)
    return f"is not valid {format}: {reason}" if reason else ""


def _text(parse: Callable[[str], str]) -> Callable[[bytes], str]:
    def check(content: bytes) -> str:
        try:
            return parse(content.decode())
        except UnicodeDecodeError as error:
            return f"byte {error.start} is not UTF-8"

    return check


def _json(text: str) -> str:
    import json

    def no_json(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    try:
        json.loads(text, parse_constant=no_json)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError as error:  # Python's NaN and Infinity, or a number that is too long
        return str(error) if str(error).endswith("is no JSON") else "a number in it is too long"
    except RecursionError:
        return "it is nested too deeply"
    return ""


def _yaml(text: str) -> str:
    import yaml

    try:
        for _ in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            pass
    except yaml.YAMLError as error:
        # PyYAML's description of a problem quotes names in the content.
        mark = getattr(error, "problem_mark", None)
        return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "it is not YAML"
    return ""


def _toml(text: str) -> str:
    import tomllib

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Only the place: the rest quotes keys in the content.
        place = re.search(r"\((at .*)\)$", str(error))
        return place[1] if place else "it is not TOML"
    except ValueError:
        return "a number in it is too long"
    except RecursionError:
        return "it is nested too deeply"
    return ""


def _ini(text: str) -> str:
    import configparser

    try:
        configparser.RawConfigParser(strict=True).read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), [None])[0]
        return f"line {line}" if line else "it is not INI"
    return ""


def _pem(content: bytes) -> str:
    import base64
    import ssl

    content = content.replace(b"\r\n", b"\n")
    blocks = list(_BLOCK.finditer(content))
    if len(blocks) != content.count(b"-----BEGIN "):
        return "a block is not complete"
    if not blocks:
        return "there is no block (-----BEGIN …-----) in it"
    for number, block in enumerate(blocks, start=1):
        body = block[2].rpartition(b"\n\n")[2] if b":" in block[2] else block[2]
        try:
            der = base64.b64decode(b"".join(body.split()), validate=True)
        except ValueError:
            return f"block {number} is not base64"
        if block[1] == b"CERTIFICATE":
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
            except (ssl.SSLError, ValueError):
                return f"block {number} is not a certificate"
    return ""


_FORMATS: Mapping[str, Callable[[bytes], str]] = {
    "json": _text(_json),
    "yaml": _text(_yaml),
    "toml": _text(_toml),
    "ini": _text(_ini),
    "pem": _pem,
}
