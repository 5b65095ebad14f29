"""Go's text/template with consul-template's functions, as a pure function of Vault's answers."""

from injector.compat.gotemplate.compiled import GoTemplate
from injector.compat.gotemplate.compiled import compile as compile  # noqa: A004 - what every engine calls it
from injector.compat.gotemplate.model import Surroundings

__all__ = ["GoTemplate", "Surroundings", "compile"]
