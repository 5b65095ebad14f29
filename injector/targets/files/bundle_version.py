"""One version of a bundle: a directory with all members, never changed once written."""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from injector.base.errors import WriteError
from injector.targets.files.directory import MODE, Directory
from injector.targets.files.leftovers import made_by_us
from injector.targets.files.regular import Identity, create, identity, read_all
from injector.targets.files.rights import Rights

NAME = re.compile(r"\.\.vault-injector\.[0-9a-f]{8}")
_PREFIX = "..vault-injector."


@dataclass(frozen=True, slots=True)
class BundleVersion:
    """The name of a version's directory, and what is in it.

    `content_hash` is empty if this process cannot read files that it gave away.
    """

    name: str
    content_hash: str
    members: Mapping[str, os.stat_result]

    @property
    def entries(self) -> set[str]:
        """The top-level names: `conf` for the member `conf/app.yaml`."""
        return entries(self.members)

    @property
    def identity(self) -> Identity:
        """Numbers that change with any change to the files, found without reading them."""
        found = (
            number for _, member in sorted(self.members.items()) for number in identity(member)
        )
        return (int(self.name.rpartition(".")[2], 16), *found)

    def recognized(self, content_hash: str, identity: Identity) -> "BundleVersion":
        """Return it with what was known of it, where only others may read its members."""
        if self.content_hash or self.identity != identity:
            return self
        return replace(self, content_hash=content_hash)


def name_in(identity: Identity) -> str:
    """Return the name of the version that had this identity."""
    return f"{_PREFIX}{identity[0]:08x}"


def entries(members: Iterable[str]) -> set[str]:
    return {member.partition("/")[0] for member in members}


def digest(contents: Mapping[str, bytes]) -> str:
    """Hash the names and contents of a whole version."""
    whole = hashlib.sha256()
    for member, content in sorted(contents.items()):
        for part in (os.fsencode(member), content):
            whole.update(len(part).to_bytes(8, "big"))
            whole.update(part)
    return whole.hexdigest()


def write(
    bundle: Directory, contents: Mapping[str, bytes], rights: Mapping[str, Rights]
) -> BundleVersion:
    """Write a new version, complete and with its rights. A failure leaves nothing behind."""
    bundle.require_replaceable()
    name = _PREFIX + os.urandom(4).hex()
    try:
        with bundle.make(name) as directory:
            members = {
                member: _write_member(directory, member, content, rights[member], bundle.path)
                for member, content in contents.items()
            }
    except BaseException:
        remove(bundle, name)
        raise
    return BundleVersion(name, digest(contents), members)


def _write_member(
    version: Directory, member: str, content: bytes, rights: Rights, bundle: str
) -> os.stat_result:
    *parents, name = member.split("/")
    with ExitStack() as opened:
        directory = version
        for parent in parents:
            directory = opened.enter_context(directory.make(parent))
        fd = create(directory, name, content, rights, os.path.join(bundle, member))
        opened.callback(os.close, fd)
        directory.sync()
        return os.fstat(fd)


def inspect(bundle: Directory, name: str) -> BundleVersion | None:
    """Read a version from disk; None if it is missing, or others may write to it."""
    contents: dict[str, bytes] = {}
    members: dict[str, os.stat_result] = {}
    readable = True
    if NAME.fullmatch(name) is None:
        return None
    try:
        with bundle.enter(name) as directory:
            if not _only_we_write_to(directory):
                return None
            for within, file, found in directory.tree():
                if stat.S_ISDIR(found.st_mode):
                    continue
                member = os.path.join(within.path, file).removeprefix(f"{directory.path}/")
                members[member] = found
                try:
                    contents[member] = read_all(within, file)
                except (PermissionError, WriteError):
                    readable = False
    except OSError:
        return None
    return BundleVersion(name, digest(contents) if readable else "", members)


def _only_we_write_to(directory: Directory) -> bool:
    found = os.fstat(directory.fd)
    return found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o777 == MODE


def is_untouched(version: BundleVersion, *, inside: str = "", fd: int | None = None) -> bool:
    """Return, without reading it, whether a bundle (a path or descriptor) is still as written."""
    place = os.path.join(inside, version.name)
    try:
        return all(
            identity(os.stat(f"{place}/{member}", dir_fd=fd, follow_symlinks=False))
            == identity(found)
            for member, found in version.members.items()
        )
    except OSError:
        return False


def remove_all_but_members(bundle: Directory, version: BundleVersion) -> None:
    """Remove what a check left in its directory."""
    ours = {os.path.join(version.name, member) for member in version.members}
    for path in tuple(ours):
        while path := os.path.dirname(path):
            ours.add(path)
    with bundle.enter(version.name) as directory:
        for within, name, found in directory.tree():
            if os.path.join(within.path, name).removeprefix(f"{bundle.path}/") not in ours:
                within.remove(name, found)


def remove(bundle: Directory, name: str) -> None:
    """Remove a version as far as possible; the next run removes the rest."""
    with suppress(OSError):
        with bundle.enter(name) as directory:
            for within, inside, found in directory.tree():
                within.remove(inside, found)
        os.rmdir(name, dir_fd=bundle.fd)


def remove_others(bundle: Directory, keep: Collection[str | None]) -> list[str]:
    """Remove all our versions except these; return their names."""
    removed = []
    for name in bundle.listdir():
        if NAME.fullmatch(name) and name not in keep and _is_ours(bundle, name):
            remove(bundle, name)
            removed.append(name)
    return removed


def _is_ours(bundle: Directory, name: str) -> bool:
    found = os.stat(name, dir_fd=bundle.fd, follow_symlinks=False)
    return stat.S_ISDIR(found.st_mode) and made_by_us(found)
