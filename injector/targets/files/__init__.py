"""Writes files atomically: old or new, never half, and readable only by the right users.

Disk only: what destinations have in common (`protocol`), atomic files (`file`, built on
`directory` and `regular`; `in_place` for mounts, `beside` for additional files of a template),
bundles (`bundle`: writes a `generation`, `swap` makes it current, `bundle_memory` tracks them,
`claim` says by a lock that some are kept), appending to a foreign file (`append`), ownership
(`rights`), who else could exchange a file (`trust`, `links`, `acl`), the memory-backed check
(`mounts`), all checks before a start (`preflight`), and error messages (`explain`).

- `bundle_preflight`: finds what would prevent a bundle from being written, without writing
  anything
- `leftovers`: removes temporary files of killed runs

Bundles are in `destination.bundle` and `destination.bundle_preflight`, imported only if used.
"""

from injector.targets.files.file import File
from injector.targets.files.leftovers import sweep
from injector.targets.files.preflight import inherited, problems
from injector.targets.files.rights import OURS, Owner, Rights, owner_of

__all__ = ["OURS", "File", "Owner", "Rights", "inherited", "owner_of", "problems", "sweep"]
