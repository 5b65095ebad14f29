"""One destination: a file that is old or new, never half, never open to the wrong people."""

import hashlib
import os
from contextlib import suppress

from injector.destination import explain
from injector.destination.directory import Directory, open_directory
from injector.destination.in_place import overwrite
from injector.destination.regular import Identity, holds, identity, open_regular, replace
from injector.destination.rights import Owner, Rights


class File:
    """One destination on disk, and what we last knew to be in it."""

    def __init__(
        self,
        path: str,
        *,
        perms: int,
        owner: Owner,
        create_dest_dirs: bool,
        in_place: bool,
        require_memory_backed: bool,
    ) -> None:
        self.path = path
        self.rights = Rights(perms, owner)
        self.in_place = in_place
        self._directory, self._name = os.path.split(path)
        self._create = create_dest_dirs
        self._require_memory_backed = require_memory_backed
        self._identity: Identity | None = None
        self._hash = ""

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, of what was last written or found right; empty before that."""
        return self._hash

    @property
    def identity(self) -> Identity:
        """What stat() said of it then; empty before that."""
        return self._identity or ()

    def recall(self, content_hash: str, identity: Identity) -> None:
        """Begin with what an earlier process knew: for a file that only others may read."""
        self._hash, self._identity = content_hash, identity or None

    @property
    def warning(self) -> str:
        """What the user has to know about this destination, if anything."""
        if not self.in_place:
            return ""
        return f"{self.path} is overwritten in place: its readers may see half a file"

    def write(self, content: bytes) -> bool:
        """Make the file have this content, mode and owner; return whether anything changed.

        What is right already is not touched. Raise WriteError; the old file is then still there.
        """
        try:
            with self._open() as directory:
                changed, found = self._write(directory, content)
        except OSError as error:
            raise explain.failed("write", self.path, error, needs=self._needs()) from error
        self._identity = identity(found)
        self._hash = hashlib.sha256(content).hexdigest()
        return changed

    def is_intact(self) -> bool:
        """Tell, at the cost of one stat, whether this is still the file that `write` left."""
        try:
            return identity(os.lstat(self.path)) == self._identity
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the file. One that is written in place is emptied, since it may be a mount."""
        try:
            with suppress(FileNotFoundError), self._open(removing=True) as directory:
                os.close(open_regular(directory, self._name, os.O_PATH))
                if self.in_place:
                    overwrite(directory, self._name, b"", self.rights)
                else:
                    os.unlink(self._name, dir_fd=directory.fd)
                    directory.sync()
        except OSError as error:
            raise explain.failed("remove", self.path, error, needs=self._needs()) from error
        self._identity = None
        self._hash = ""

    def _open(self, *, removing: bool = False) -> Directory:
        return open_directory(
            self._directory,
            create=self._create and not removing,
            require_memory_backed=self._require_memory_backed and not removing,
        )

    def _write(self, directory: Directory, content: bytes) -> tuple[bool, os.stat_result]:
        with suppress(FileNotFoundError):
            if self.in_place:
                return overwrite(directory, self._name, content, self.rights)
            if found := self._if_right(directory, content):
                return False, found
        return True, replace(directory, self._name, content, self.rights)

    def _if_right(self, directory: Directory, content: bytes) -> os.stat_result | None:
        """Return what is there if it is already as it should be."""
        try:
            fd = open_regular(directory, self._name)
        except PermissionError:
            return self._if_ours_unread(content)
        try:
            found = os.fstat(fd)
            right = self.rights.are_those_of(found) and holds(fd, found, content)
            return found if right else None
        finally:
            os.close(fd)

    def _if_ours_unread(self, content: bytes) -> os.stat_result | None:
        """Judge by memory a file that we gave to somebody else and may not read any more."""
        found = os.lstat(self.path)
        same = hashlib.sha256(content).hexdigest() == self._hash
        return found if same and identity(found) == self._identity else None

    def _needs(self) -> str:
        return self.path if self.in_place and os.path.lexists(self.path) else self._directory
