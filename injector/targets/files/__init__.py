"""Writes files atomically: old or new, never half, and readable only by the right users.

- `protocol`: what all destinations have in common
- `file`: one file that is old or new
- `extra_files`: additional files of a template, which change with it
- `bundle`: files that change together by one rename
- `bundle_version`: a directory with all members of a bundle, never changed once written
- `bundle_memory`: tracks the versions of a bundle, and which may be removed
- `swap`: the symbolic links of a bundle, and the rename that makes a version current
- `shared_lock`: says by a lock that something is kept in a directory
- `append`: appends to a file of another program
- `in_place`: overwrites a file that is mounted, and cannot be replaced
- `directory`: the directory of a file; everything else goes through its descriptor
- `regular`: finds, compares, creates and replaces files in an open directory
- `rights`: mode and owner
- `trust`: who else could exchange a file
- `links`: symbolic links on the way to a file
- `acl`: access control lists of a directory
- `mounts`: which filesystem a file is on, and whether that is memory
- `leftovers`: removes temporary files of killed runs
- `preflight`: all checks before a start
- `bundle_preflight`: the same for a bundle, without writing anything
- `explain`: error messages that say what to do

`bundle` and `bundle_preflight` are imported only if used.
"""

from injector.targets.files.file import File
from injector.targets.files.preflight import directory_problems, inherited, problems
from injector.targets.files.rights import OURS, Owner, Rights, owner_of

__all__ = [
    "OURS",
    "File",
    "Owner",
    "Rights",
    "directory_problems",
    "inherited",
    "owner_of",
    "problems",
]
