"""One destination: a file that is old or new, never half, never readable by the wrong users."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from injector.base.errors import WriteError
from injector.targets.files import explain, mounts
from injector.targets.files.directory import Directory, open_directory
from injector.targets.files.in_place import overwrite
from injector.targets.files.protocol import KeepsNoOld, Staged
from injector.targets.files.regular import (
    Identity,
    create,
    has_content,
    identity,
    open_regular,
    read_all,
    replace,
    take_name,
    temporary_name,
)
from injector.targets.files.rights import Rights
from injector.targets.files.trust import Trust


@dataclass(slots=True)
class Memory:
    """What we last knew about a file; its content only if it may be rolled back."""

    identity: Identity | None = None
    content_hash: str = ""
    content: bytes | None = field(default=None, repr=False)
    accepted: bytes | None = field(default=None, repr=False)


class File(KeepsNoOld):
    """One destination on disk, and what we last knew about it."""

    def __init__(
        self,
        path: str,
        rights: Rights,
        *,
        create_dest_dirs: bool,
        in_place: bool,
        require_memory_backed: bool,
        require_trusted_directory: bool = True,
        revertible: bool = False,
    ) -> None:
        self.path = path
        self.rights = rights
        self.in_place = in_place
        self._directory, self._name = os.path.split(path)
        self._create = create_dest_dirs
        self._require_memory_backed = require_memory_backed
        self._trust = Trust(rights.owner.uid) if require_trusted_directory else None
        self._revertible = revertible
        self.memory = Memory()

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, of what was last written or found correct; empty before that."""
        return self.memory.content_hash

    @property
    def identity(self) -> Identity:
        """What stat() said of it then; empty before that."""
        return self.memory.identity or ()

    @property
    def earlier(self) -> bytes | None:
        """The content that was accepted, unless it is what was last written."""
        accepted = self.memory.accepted
        return None if accepted == self.memory.content else accepted

    def recall(self, content_hash: str, identity: Identity, earlier: bytes | None) -> None:
        """Begin with what an earlier process knew: of a file that only others may read, too."""
        self.memory.content_hash, self.memory.identity = content_hash, identity or None
        if not self._revertible or not self.is_intact():  # written or changed since the record
            return
        with suppress(OSError, WriteError), self._open(removing=True) as directory:
            self._remember(directory)
        if earlier is not None:
            self.memory.accepted = earlier

    @staticmethod
    def hash_of(content: bytes) -> str:
        """Return the `content_hash` that this content would have."""
        return hashlib.sha256(content).hexdigest()

    def write(self, content: bytes) -> bool:
        """Give the file this content, mode and owner; return whether anything changed.

        A correct file is not touched. Raise WriteError; the old file is then still there.
        """
        with self._explaining("write"), self._open() as directory:
            changed, found = self._write(directory, content)
        self._record(content, found)
        return changed

    def stage(self, content: bytes) -> Staged | None:
        """Write a new file next to the current one; return None if that one is correct already.

        Raise WriteError. Not for files that are written in place.
        """
        with self._explaining("write"), self._open() as directory:
            with suppress(FileNotFoundError):
                if found := self._if_right(directory, content):
                    self._record(content, found)
                    return None
            self._remember(directory)
            name = temporary_name(self._name)
            fd = create(directory, name, content, self.rights, self.path)
            made = identity(os.fstat(fd))
            os.close(fd)
        return Staged(
            path=os.path.join(self._directory, name),
            content_hash=self.hash_of(content),
            commit=partial(self._commit, name, content, made),
            discard=partial(self._discard, name),
        )

    def accept(self) -> None:
        """Note that the application accepted the current content: rollbacks return to it."""
        self.memory.accepted = self.memory.content

    @property
    def can_roll_back(self) -> bool:
        """Return whether `rollback` would change anything."""
        return self.memory.accepted is not None and (
            self.memory.accepted != self.memory.content or not self.is_intact()
        )

    def rollback(self) -> None:
        """Restore what the application accepted; raise WriteError if that is in place.

        If it does not confirm that either, a rollback is no help.
        """
        if self.memory.accepted is None:
            raise WriteError(f"roll back {self.path}: no earlier content is known; {explain.KEPT}")
        if not self.can_roll_back:
            raise WriteError(
                f"roll back {self.path}: it already has the last accepted content; check the "
                "application"
            )
        self.write(self.memory.accepted)

    def is_intact(self) -> bool:
        """Return, at the cost of one stat, whether this is still the file that `write` left."""
        try:
            return identity(os.lstat(self.path)) == self.memory.identity
        except OSError:
            return False

    def remove(self) -> bool:
        """Remove the file. One that is written in place is emptied, since it may be a mount.

        Return whether there was anything.
        """
        removed = False
        with (
            self._explaining("remove"),
            suppress(FileNotFoundError),
            self._open(removing=True) as directory,
        ):
            os.close(open_regular(directory, self._name, os.O_PATH))
            if self.in_place:
                removed, _ = overwrite(directory, self._name, b"", self.rights)
            else:
                os.unlink(self._name, dir_fd=directory.fd)
                removed = True
                directory.sync()
        self.memory = Memory()
        return removed

    def _record(self, content: bytes, found: os.stat_result) -> None:
        self.memory.identity = identity(found)
        self.memory.content_hash = self.hash_of(content)
        if self._revertible:
            self.memory.content = content
        else:  # it may have been revertible under the last configuration
            self.memory.content = self.memory.accepted = None

    def _remember(self, directory: Directory) -> None:
        """Remember the file of an earlier run, which counts as accepted, before replacing it."""
        if self._revertible and self.memory.content is None:
            with suppress(OSError, WriteError):
                found = os.stat(self._name, dir_fd=directory.fd, follow_symlinks=False)
                if self.rights.is_owner(found):  # otherwise it may have been planted
                    self.memory.content = self.memory.accepted = read_all(directory, self._name)

    def _commit(self, staged: str, content: bytes, made: Identity) -> None:
        try:
            self._use(staged, content, made)
        except BaseException:
            with suppress(WriteError):
                self._discard(staged)
            raise

    def _use(self, staged: str, content: bytes, made: Identity) -> None:
        with self._explaining("write"), self._open() as directory:
            try:
                fd = open_regular(directory, staged, os.O_PATH)
            except (FileNotFoundError, WriteError):
                raise WriteError(explain.tampered(self.path)) from None
            if identity(os.fstat(fd)) != made:
                os.close(fd)
                raise WriteError(explain.tampered(self.path))
            self._record(content, take_name(directory, staged, self._name, fd))

    def _discard(self, staged: str) -> None:
        with (
            self._explaining("remove"),
            suppress(FileNotFoundError),
            self._open(removing=True) as directory,
        ):
            os.unlink(staged, dir_fd=directory.fd)

    def _open(self, *, removing: bool = False) -> Directory:
        return open_directory(
            self._directory,
            create=self._create and not removing,
            require_memory_backed=self._require_memory_backed and not removing,
            trust=None if removing or self._is_mounted() else self._trust,
        )

    @contextmanager
    def _explaining(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise explain.failure(
                action,
                self.path,
                error,
                needs=self._needs(),
                makes_directory=self._create,
                offers_in_place=True,
            ) from error

    def _write(self, directory: Directory, content: bytes) -> tuple[bool, os.stat_result]:
        with suppress(FileNotFoundError):
            if self.in_place:
                self._remember(directory)
                return overwrite(directory, self._name, content, self.rights)
            if found := self._if_right(directory, content):
                return False, found
            self._remember(directory)
        return True, replace(directory, self._name, content, self.rights)

    def _if_right(self, directory: Directory, content: bytes) -> os.stat_result | None:
        """Return the current file if it is correct already."""
        try:
            fd = open_regular(directory, self._name)
        except PermissionError:
            return self._if_ours_unread(content)
        try:
            found = os.fstat(fd)
            right = self.rights.are_those_of(found) and has_content(fd, found, content)
            return found if right else None
        finally:
            os.close(fd)

    def _if_ours_unread(self, content: bytes) -> os.stat_result | None:
        """Judge from memory a file that we gave to another user and can no longer read."""
        found = os.lstat(self.path)
        same = self.hash_of(content) == self.memory.content_hash
        return found if same and identity(found) == self.memory.identity else None

    def _is_mounted(self) -> bool:
        """Return whether the file cannot be exchanged, even by those who may write beside it."""
        return self.in_place and mounts.current().is_mount_point(self.path)

    def _needs(self) -> str:
        return self.path if self.in_place and os.path.lexists(self.path) else self._directory
