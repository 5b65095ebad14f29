"""Disk only: files that are old or new, never half, and that only the right people can read."""

from injector.destination.bundle import Bundle, Staged
from injector.destination.file import File
from injector.destination.leftovers import sweep
from injector.destination.preflight import bundle_problems, problems
from injector.destination.rights import OURS, Owner, Rights, owner_of

__all__ = [
    "OURS",
    "Bundle",
    "File",
    "Owner",
    "Rights",
    "Staged",
    "bundle_problems",
    "owner_of",
    "problems",
    "sweep",
]
