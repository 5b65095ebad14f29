"""Writes files atomically: old or new, never half, and readable only by the right users.

Bundles are in `destination.bundle` and `destination.bundle_preflight`, imported only if used.
"""

from injector.destination.file import File
from injector.destination.leftovers import sweep
from injector.destination.preflight import inherited, problems
from injector.destination.rights import OURS, Owner, Rights, owner_of

__all__ = ["OURS", "File", "Owner", "Rights", "inherited", "owner_of", "problems", "sweep"]
