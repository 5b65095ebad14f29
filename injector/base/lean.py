"""Imports libraries without what they load for uses that this program does not have.

Each costs as much as a fifth of a start. What is left out here can still be imported afterwards.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def without(name: str) -> Iterator[None]:
    """Treat a module as not installed while a library is imported that can do without it."""
    with _instead({name: None}):
        yield


@contextlib.contextmanager
def on_demand(*names: str) -> Iterator[None]:
    """Put off these modules while a library is imported: each is imported once it is used."""
    with _instead({name: _OnDemand(name) for name in names}):
        yield


@contextlib.contextmanager
def without_authorities() -> Iterator[None]:
    """Hide the system's certificate authorities while a library is imported that reads them.

    Its default is then to trust no one: each connection by TLS has to say whom to trust.
    """
    before = dict(os.environ)
    os.environ.update({"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull})
    try:
        yield
    finally:
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            del os.environ[name]
            if name in before:
                os.environ[name] = before[name]


@contextlib.contextmanager
def _instead(modules: dict[str, ModuleType | None]) -> Iterator[None]:
    new = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(new)  # type: ignore[arg-type]  # None is how importing fails
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]


class _OnDemand(ModuleType):
    """Becomes the real module as soon as something of it is used, other than in an annotation."""

    Response = object

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)
