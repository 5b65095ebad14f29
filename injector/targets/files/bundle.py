"""Files that change together: renaming one symbolic link swaps all of them.

The layout is that of the kubelet's projected volumes:

    directory/cert.pem -> ..data/cert.pem
    directory/conf     -> ..data/conf                    for the member conf/app.yaml
    directory/..data   -> ..vault-injector.5d0c1f6e
    directory/..vault-injector.5d0c1f6e/                 the current version, mode 0755
    directory/..vault-injector.90b1e7a2/                 an older one, for readers still in it

A change takes these steps. If it is killed between any two of them, readers see one complete
version, and the next `remove_leftovers` removes the rest.

    stage
     1. Read where ..data points; refuse what is not ours.
     2. Compare contents, modes and owners with the new ones. Identical: stop, nothing is touched.
     3. Create a directory with a unique name.
     4. Write every member into it, with its final rights.
    commit
     5. Create the links to new members.
     6. Create the link ..data_tmp to the new directory.
     7. Rename it to ..data: this is the swap.
     8. Remove the links to members that no longer exist.

`accept` says that the application accepted the current version; what was there at the start
counts as accepted, unless the previous process knew better. `rollback` takes steps 5 to 8 back to
the accepted version, if the bundle is `revertible`.

A replaced version is kept for readers that still use it: `drop_old`, called from time to time,
removes what was already kept at the previous call. If space runs out, it is removed earlier.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from injector.base.errors import ConfigError, WriteError
from injector.config.members import spelling_problem
from injector.targets.files import bundle_version, explain, swap
from injector.targets.files.bundle_memory import MOST_HELD, Memory
from injector.targets.files.bundle_version import BundleVersion, digest, entries
from injector.targets.files.directory import Directory, open_directory
from injector.targets.files.protocol import Staged
from injector.targets.files.regular import Identity
from injector.targets.files.rights import Rights
from injector.targets.files.trust import Trust


class Bundle:
    """One directory of members on disk, and what we last knew about it."""

    def __init__(
        self,
        directory: str,
        members: Mapping[str, Rights],
        *,
        require_memory_backed: bool,
        require_trusted_directory: bool = True,
        revertible: bool = False,
    ) -> None:
        for member in members:
            if problem := spelling_problem(member):
                raise ConfigError(f"{member!r}: {problem}")
        self.path = directory
        self.members = dict(members)
        self._require_memory_backed = require_memory_backed
        self._trust = trust_of(members) if require_trusted_directory else None
        self._revertible = revertible
        self.memory = Memory()

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, over all members as last written or found correct; empty before that."""
        return self.memory.current.content_hash if self.memory.current else ""

    @property
    def identity(self) -> Identity:
        """What stat() said of all members then; empty before that."""
        return self.memory.current.identity if self.memory.current else ()

    @property
    def earlier(self) -> bytes | None:
        """The name of the accepted version, unless it is the current one."""
        return self.memory.earlier.encode() if self.memory.earlier else None

    def recall(self, content_hash: str, identity: Identity, earlier: bytes | None) -> None:
        """Begin with what an earlier process knew, as far as that is what is there."""
        with suppress(WriteError), self._open("read") as directory:
            found = _current(directory)
            if found is None or not identity:
                return
            accepted: BundleVersion | None = found
            if self._revertible and earlier is not None:
                accepted = bundle_version.inspect(directory, earlier.decode())
            elif self._revertible:  # what was there at the last record had been accepted
                accepted = (
                    bundle_version.inspect(directory, bundle_version.name_in(identity)) or found
                )
            self.memory.begin(found.recognized(content_hash, identity), accepted=accepted)

    @staticmethod
    def hash_of(content: Mapping[str, bytes]) -> str:
        """Return the `content_hash` that these contents would have."""
        return digest(content)

    def write(self, content: Mapping[str, bytes]) -> bool:
        """Write these contents; return whether anything changed.

        Raise WriteError; readers then still see the previous version.
        """
        staged = self.stage(content)
        if staged is not None:
            staged.commit()
        return staged is not None

    def stage(self, contents: Mapping[str, bytes]) -> Staged | None:
        """Write a new version that readers do not see yet; None if the current one is identical.

        Raise WriteError; readers do not notice.
        """
        if contents.keys() != self.members.keys():
            raise ValueError(f"{self.path}: contents of other members than configured")
        with self._open("write", create=True) as directory:
            # Step 1.
            found = _current(directory)
            if foreign := swap.foreign_entries(directory, entries(contents)):
                raise WriteError("\n".join(foreign))
            # Step 2.
            self._note(found)
            if self._is_right(contents) and self.is_intact():
                return None
            # Steps 3 and 4.
            new = self._write(directory, contents)
            self.memory.staged = new.name
        return Staged(
            path=os.path.join(self.path, new.name),
            content_hash=new.content_hash,
            commit=partial(self._commit, new),
            discard=partial(self._discard, new),
        )

    def accept(self) -> None:
        """Note that the application accepted the current content: rollbacks return to it."""
        self.memory.accepted = self.memory.current

    def rollback(self) -> None:
        """Return to the accepted version; raise WriteError if it is the current one."""
        accepted = self.memory.accepted
        if accepted is None:
            raise WriteError(
                f"roll back {self.path}: no earlier generation is known; {explain.KEPT}"
            )
        if accepted.identity == self.identity and self.is_intact():
            raise WriteError(
                f"roll back {self.path}: it already has the last accepted generation; check "
                "the application"
            )
        with self._open("roll back") as directory:
            if not bundle_version.is_untouched(accepted, fd=directory.fd):
                raise WriteError(
                    f"roll back {self.path}: somebody changed or removed the last accepted "
                    f"generation; {explain.KEPT}"
                )
            # Steps 5 to 8.
            swap.swap(directory, accepted)
        self.memory.replace_current(accepted)

    @property
    def has_old(self) -> bool:
        """Return whether `drop_old` has something to do, now or next time."""
        return bool(self.memory.held)

    def drop_old(self) -> None:
        """Remove what was already kept at the last call."""
        with self._open("retire") as directory:
            self._remove_held(directory, self.memory.aged)
        self.memory.aged = len(self.memory.held)

    def close(self) -> None:
        """On shutdown: remove replaced versions, except what the next process may return to."""
        if os.path.lexists(self.path):
            with self._open("tidy") as directory, self.memory.lock.alone() as alone:
                self._remove_held(directory, len(self.memory.held))
                if alone:
                    keep = {swap.current_name(directory), self.memory.earlier}
                    bundle_version.remove_others(directory, keep)
        self.memory.lock.drop()

    def is_intact(self) -> bool:
        """Return, without reading, whether readers still see the version that we left."""
        current = self.memory.current
        try:
            return (
                current is not None
                and swap.leads_to(self.path, current)
                and bundle_version.is_untouched(current, inside=self.path)
            )
        except OSError:
            return False

    def remove(self) -> bool:
        """Remove all members, atomically for readers; return whether there were any."""
        if not os.path.lexists(self.path):
            return False
        with self._open("remove") as directory:
            removed = swap.current_name(directory) is not None
            if removed:
                os.unlink(swap.DATA, dir_fd=directory.fd)
            swap.remove_stale(directory, ())
            bundle_version.remove_others(directory, ())
        self.memory = Memory(lock=self.memory.lock)
        return removed

    def remove_leftovers(self) -> list[str]:
        """Remove leftovers of killed runs; return their paths.

        None, while another injector keeps something here for its readers, a check or a rollback.
        """
        if not os.path.lexists(self.path):
            return []
        with self._open("sweep") as directory, self.memory.lock.alone() as alone:
            if not alone:
                return []
            name, found = swap.current_name(directory), _current(directory)
            removed = bundle_version.remove_others(
                directory, {name, self.memory.earlier, *self.memory.held}
            )
            if found or not name:
                removed += swap.remove_stale(directory, found.entries if found else ())
        return [os.path.join(self.path, name) for name in removed]

    def _commit(self, new: BundleVersion) -> None:
        self.memory.staged = ""
        try:
            with self._open("write", trusting=True) as directory:
                if not bundle_version.is_untouched(new, fd=directory.fd):
                    raise WriteError(explain.tampered(self.path))
                bundle_version.remove_all_but_members(directory, new)
                # Steps 5 to 8.
                swap.swap(directory, new)
        except BaseException:
            with suppress(WriteError):
                self._discard(new)
            raise
        self.memory.replace_current(new)
        with self._open("write") as directory:
            if not self._revertible:
                self.accept()
            self._remove_held(directory, len(self.memory.held) - MOST_HELD)

    def _discard(self, new: BundleVersion) -> None:
        self.memory.staged = ""
        with self._open("discard") as directory:
            self._remove_unseen(directory, new)

    @staticmethod
    def _remove_unseen(directory: Directory, new: BundleVersion) -> None:
        if swap.current_name(directory) != new.name:
            bundle_version.remove(directory, new.name)

    def _write(self, directory: Directory, contents: Mapping[str, bytes]) -> BundleVersion:
        try:
            return bundle_version.write(directory, contents, self.members)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT} or not self.memory.held:
                raise
            # A new secret is worth more than readers that have not finished.
            self._remove_held(directory, len(self.memory.held))
            return bundle_version.write(directory, contents, self.members)

    def _remove_held(self, directory: Directory, count: int) -> None:
        for name in self.memory.spare(count):
            bundle_version.remove(directory, name)
            self.memory.let_go(name)

    def _note(self, found: BundleVersion | None) -> None:
        """Note which version readers see."""
        if found is not None:
            found = found.recognized(self.content_hash, self.identity)
        if self.memory.begun and self._revertible:
            self.memory.current = found
        else:  # what an earlier run left counts as accepted
            self.memory.begin(found, accepted=found)

    def _is_right(self, contents: Mapping[str, bytes]) -> bool:
        current = self.memory.current
        return (
            current is not None
            and current.content_hash == digest(contents)
            and all(
                rights.are_those_of(current.members[member])
                for member, rights in self.members.items()
            )
        )

    @contextmanager
    def _open(
        self, action: str, *, create: bool = False, trusting: bool = False
    ) -> Iterator[Directory]:
        try:
            with open_directory(
                self.path,
                create=create,
                require_memory_backed=create and self._require_memory_backed,
                trust=self._trust if create or trusting else None,
            ) as directory:
                self.memory.lock.take(directory)
                yield directory
        except OSError as error:
            raise explain.failure(action, self.path, error, needs=self.path) from error
        finally:
            if not self.memory.keeps:
                self.memory.lock.drop()


def trust_of(members: Mapping[str, Rights]) -> Trust:
    """Return who may own the directory: the user that all members belong to, if it is one."""
    owners = {rights.owner.uid for rights in members.values()}
    return Trust(owners.pop() if len(owners) == 1 else -1)


def _current(directory: Directory) -> BundleVersion | None:
    """Read the version that readers see; None if there is none that we could have left."""
    name = swap.current_name(directory)
    return bundle_version.inspect(directory, name) if name else None
