"""Reads what a login needs from files, anew at every login. Never quotes their content."""

import errno
import os
from hashlib import sha256

from injector.base import safe_open
from injector.base.errors import AuthError, unreadable

# A JWT is a few kilobytes, a secret id 36 bytes: more than this is the wrong file.
LARGEST = 64 * 1024


def read(path: str, what: str) -> str:
    """Return the file's text without surrounding whitespace.

    Raises AuthError naming `what` and the file: missing, unreadable, empty, too large, not text.
    """
    try:
        raw = safe_open.read(path, most=LARGEST)
    except OSError as exc:
        if exc.errno == errno.EFBIG:
            raise AuthError(f"{path} is larger than {LARGEST} bytes: {_not_a(what)}") from None
        raise AuthError(f"cannot read the {what} from {path}: {unreadable(exc)}") from exc
    try:
        text = raw.decode("ascii").strip()
    except UnicodeDecodeError:
        raise AuthError(f"{path} is not plain text: {_not_a(what)}") from None
    if not text:
        raise AuthError(f"{path} is empty: put the {what} into it")
    if len(text.split()) > 1:
        raise AuthError(f"{path} holds more than one word: {_not_a(what)}")
    return text


def digest(path: str) -> bytes:
    """Return what tells one content of a file from another; empty if there is none (yet)."""
    try:
        content = safe_open.read(path, most=LARGEST)
    except OSError:
        return b""
    return sha256(content).digest() if content else b""


def holds(path: str, text: str) -> bool:
    """Return whether this is what a file says now."""
    try:
        return read(path, "proof") == text
    except AuthError:
        return False


def _not_a(what: str) -> str:
    return f"this is not a {what}; name the file that holds it, and nothing else"


def exists(path: str) -> bool:
    return os.path.exists(path)


def remove(path: str) -> str:
    """Remove a file that was to be read once; return what prevented it, or nothing."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        return exc.strerror or type(exc).__name__
    return ""
