"""Masks secret values in text (`redactor`), in every form (`forms`) that is found (`index`)."""

from injector.redactor.index import NARROWEST
from injector.redactor.redactor import QUOTED, Redactor

__all__ = ["NARROWEST", "QUOTED", "Redactor"]
