"""Reports what would change on disk: content, mode and owner of each file."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from injector.base import safe_open
from injector.base.errors import WriteError
from injector.config import model
from injector.preflight.render import skeleton
from injector.preflight.render.difference import Masks, difference, shown
from injector.preflight.render.pieces import ALL_VALUE, Skeleton
from injector.preflight.render.targets import Target
from injector.rendering.template import Snapshot
from injector.runtime.plan import rights
from injector.targets.files import OURS, Rights

# A variable of the command: it is in no file, and its current value is unknown.
VARIABLE = Rights(0, OURS)


@dataclass(frozen=True, slots=True)
class New:
    """One thing that would be written, and its skeleton."""

    path: str
    content: bytes = field(repr=False)
    made_after: Skeleton = field(repr=False)
    rights: Rights
    appends: bool = False
    by_links: bool = False  # a member of a bundle is reached over links of ours

    @property
    def is_variable(self) -> bool:
        return self.rights is VARIABLE


@dataclass(frozen=True, slots=True)
class There:
    """The file that is on disk now."""

    content: bytes = field(repr=False)
    mode: int
    uid: int
    gid: int


def new_contents(target: Target, content: object, snapshot: Snapshot) -> Iterator[New]:
    """Yield everything that a target writes: usually one file."""
    entry, made_after = target.entry, _skeleton(target, snapshot)
    if isinstance(entry, model.EnvTemplate):
        assert isinstance(content, bytes)
        yield New(target.path, content, made_after, VARIABLE)
        return
    appends, by_links = entry.appends, bool(target.whole)
    if isinstance(content, bytes):
        yield New(target.path, content, made_after, rights(entry), appends, by_links)
        return
    # Needed only for some templates in a dialect.
    from injector.rendering.template.dialect import Contents
    from injector.targets.files.extra_files import rights_of

    assert isinstance(content, Contents)
    for file in content.extra:
        yield New(file.path, file.content, made_after, rights_of(file), file.appends)
    if not entry.is_discarded:
        yield New(target.path, content.main, made_after, rights(entry))


def _skeleton(target: Target, snapshot: Snapshot) -> Skeleton:
    if target.ref is None:
        return skeleton.of_template(target.entry)
    assert isinstance(target.entry, model.Template)
    return skeleton.of_format(target.entry, snapshot[target.ref] or {})


def changes(new: New, *, masks: Masks | None) -> Iterator[str]:
    """Yield what would change; nothing if nothing would."""
    old = _there(new)
    if old is not None:
        yield from _rights(new, old)
    before = None if old is None else old.content
    yield from difference(new.path, before, new.content, new.made_after, masks=masks)


def content(new: New, *, masks: Masks | None) -> str:
    """Return the whole new content."""
    return shown(new.content, new.made_after if masks is not None else ALL_VALUE, masks)


def _there(new: New) -> There | None:
    """Read the file on disk; None if there is none. Raises WriteError if it cannot be read."""
    if new.appends:
        return None  # what is in the file stays
    try:
        fd = safe_open.anything(new.path, os.O_RDONLY, links=new.by_links)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise WriteError(
            f"{new.path} cannot be read to compare it: {exc.strerror} (uid {os.geteuid()}); "
            "run as the user that writes it, or give --content"
        ) from exc
    with open(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise WriteError(
                f"{new.path} is not a regular file, and would be left alone: move it away"
            )
        return There(file.read(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def _rights(new: New, old: There) -> Iterator[str]:
    wanted = new.rights
    if old.mode != wanted.perms:
        yield f"{new.path}: mode {old.mode:04o} → {wanted.perms:04o}"
    if wanted.owner.uid not in (-1, old.uid):
        yield f"{new.path}: owner uid {old.uid} → {wanted.owner.uid}"
    if wanted.owner.gid not in (-1, old.gid):
        yield f"{new.path}: group gid {old.gid} → {wanted.owner.gid}"
