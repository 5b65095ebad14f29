"""One file as people see it: what would change in it, its mode and its owner."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from injector.agent.plan import rights
from injector.errors import WriteError
from injector.preview import skeleton
from injector.preview.difference import Masks, difference, shown
from injector.preview.pieces import ALL_VALUE, Skeleton
from injector.preview.targets import Target
from injector.template import Snapshot


@dataclass(frozen=True, slots=True)
class There:
    """What is in a file's place now."""

    content: bytes
    mode: int
    uid: int
    gid: int


def there(target: Target) -> There | None:
    """Read what is there; None if nothing is. Raises WriteError if that cannot be told."""
    if target.entry.appends:
        return None  # what others have put there stays
    # A member of a bundle is reached over links of ours; of others none is followed.
    no_link = 0 if target.whole else os.O_NOFOLLOW
    try:
        fd = os.open(target.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | no_link)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise WriteError(
            f"{target.path} cannot be read to compare it: {exc.strerror} (uid {os.geteuid()}); "
            "run as the user that writes it, or give --content"
        ) from exc
    with open(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise WriteError(
                f"{target.path} is not a regular file, and would be left alone: move it away"
            )
        return There(file.read(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def changes(
    target: Target, new: bytes, snapshot: Snapshot, *, masks: Masks | None
) -> Iterator[str]:
    """Yield what would change; nothing if the file is as it would be."""
    old = there(target)
    if old is not None:
        yield from _rights(target, old)
    content = None if old is None else old.content
    made_after = _skeleton(target, snapshot, masks)
    yield from difference(target.path, content, new, made_after, masks=masks)


def content(target: Target, new: bytes, snapshot: Snapshot, *, masks: Masks | None) -> str:
    """Return all of the new content."""
    return shown(new, _skeleton(target, snapshot, masks), masks)


def _skeleton(target: Target, snapshot: Snapshot, masks: Masks | None) -> Skeleton:
    if masks is None:
        return ALL_VALUE  # nobody will ask
    if target.ref is None:
        return skeleton.of_template(target.entry)
    return skeleton.of_format(target.entry, snapshot[target.ref] or {})


def _rights(target: Target, old: There) -> Iterator[str]:
    wanted = rights(target.entry)
    if old.mode != wanted.perms:
        yield f"{target.path}: mode {old.mode:04o} → {wanted.perms:04o}"
    if wanted.owner.uid not in (-1, old.uid):
        yield f"{target.path}: owner uid {old.uid} → {wanted.owner.uid}"
    if wanted.owner.gid not in (-1, old.gid):
        yield f"{target.path}: group gid {old.gid} → {wanted.owner.gid}"
