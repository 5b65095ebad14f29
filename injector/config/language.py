"""Selects the reader of a configuration by its file name. YAML and JSON are our own.

Others are read by modules that are loaded only for that; nothing here depends on them.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module

from injector.base.errors import ConfigError
from injector.config.behaviour import OURS, ApiProxySettings, Behaviour
from injector.config.document import EXTENSIONS, Document, document_of, read_document
from injector.config.problem import Problem, Where, Wrong
from injector.config.variable import is_variable, text_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration as one of our documents, with remarks on how it was written."""

    document: Document
    files: tuple[str, ...]
    # The environment variables that apply in addition to the document.
    environ: Mapping[str, str] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    advice: tuple[Problem, ...] = ()
    behaviour: Behaviour = OURS
    # What its listeners forward to Vault: only Vault Agent's language has this.
    api_proxy: ApiProxySettings | None = None
    # Places in the document whose problems have been reported already.
    broken: frozenset[Where] = frozenset()


Read = Callable[[str, Mapping[str, str]], Reading]

# Each has a function `read` of this kind. Its `hint` says what to do about a file in its language
# that has an ending of ours.
_OTHERS = {".hcl": "injector.dialects.vault_agent"}


def read(path: str, environ: Mapping[str, str]) -> Reading:
    """Read a configuration in the language of its name; raises ConfigError.

    One in the environment (`env:NAME`) is in ours.
    """
    if is_variable(path):
        try:
            document = document_of(path, text_of(path, environ))
        except Wrong as wrong:
            raise ConfigError(f"{path}: {wrong}") from None
        return Reading(document, (), environ)
    module = _OTHERS.get(_ending(path))
    if module is None:
        return Reading(read_document(path, others=tuple(_OTHERS)), (path,), environ)
    try:
        other: Read = import_module(module).read
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{path}: this installation has no {error.name}, which reads it"
        ) from None
    return other(path, environ)


def _ending(path: str) -> str:
    """Return the end of a name; a directory is Vault Agent's, unless its name is for ours."""
    is_theirs = os.path.isdir(path) and not path.endswith(EXTENSIONS)
    return ".hcl" if is_theirs else os.path.splitext(path)[1]


def hints(path: str) -> Iterator[str]:
    """Yield what to do about a file with an ending of ours that is written in another language."""
    if not path.endswith(".json"):
        return
    for module in _OTHERS.values():
        with suppress(ModuleNotFoundError):
            hint: str | None = import_module(module).hint(path)
            if hint is not None:
                yield hint
