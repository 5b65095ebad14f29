"""Additional files that a template writes: they change together, each of them old or new.

They are renamed one after another, the template's own last; notifications follow.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

from injector.base.errors import WriteError
from injector.rendering.template.dialect import Contents, ExtraFile
from injector.targets.files import explain
from injector.targets.files.directory import open_directory
from injector.targets.files.file import File
from injector.targets.files.protocol import KeepsNoOld, Staged
from injector.targets.files.regular import Identity, identity, read_all
from injector.targets.files.rights import Rights, owner_of


@dataclass(slots=True)
class Memory:
    """The files as last written or found correct, by path; the template's own is the last one.

    `known` is false until there is something to know of them: there may be none.
    """

    files: dict[str, File] = field(default_factory=dict)
    content_hash: str = ""
    known: bool = False


class FileWithExtras(KeepsNoOld):
    """A template's own file, if any, and the additional files that it writes."""

    def __init__(self, path: str, main: File | None, make: Callable[[str, Rights], File]) -> None:
        self.path = path
        self.memory = Memory()
        self._main = main
        self._make = make
        self._recalled: tuple[str, Identity] = ("", ())

    @property
    def content_hash(self) -> str:
        """Digest of what was last written or found correct; empty before that."""
        return self.memory.content_hash

    @property
    def identity(self) -> Identity:
        """What stat() said of all files then; empty before that."""
        return tuple(part for file in self.memory.files.values() for part in file.identity)

    def recall(self, content_hash: str, identity: Identity, earlier: bytes | None) -> None:
        """Begin with what an earlier process knew, also of files that only others may read."""
        del earlier  # is never handed over
        self._recalled = (content_hash, identity)

    @staticmethod
    def hash_of(content: Contents) -> str:
        """Return the `content_hash` that this content would have."""
        digest = hashlib.sha256(hashlib.sha256(content.main).digest())
        for one in content.extra:
            what = f"{one.path}\0{one.perms:o}\0{one.user}\0{one.group}\0{one.appends}"
            digest.update(hashlib.sha256(what.encode(errors="surrogateescape")).digest())
            digest.update(hashlib.sha256(one.content).digest())
        return digest.hexdigest()

    def write(self, content: Contents) -> bool:
        """Write all files; return whether anything changed.

        Raise WriteError; each file is then either old or new.
        """
        parts = self._parts(content)
        changed = [file.write(text) for file, text in parts]
        self._record(content, parts)
        return any(changed)

    def stage(self, content: Contents) -> Staged | None:
        """Write new files next to the current ones; return None if all are correct already."""
        parts = self._parts(content)
        staged: list[Staged] = []
        with ExitStack() as undo:
            for file, text in parts:
                if (one := file.stage(text)) is not None:
                    undo.callback(one.discard)
                    staged.append(one)
            undo.pop_all()
        if not staged:
            self._record(content, parts)
            return None

        def commit() -> None:
            left = list(staged)
            try:
                while left:
                    left.pop(0).commit()
            except BaseException:
                _discard(left)
                raise
            self._record(content, parts)

        return Staged(
            path=staged[-1].path,  # the template's own file, if that has changed
            content_hash=self.hash_of(content),
            commit=commit,
            discard=partial(_discard, staged),
        )

    def is_intact(self) -> bool:
        files = self.memory.files.values()
        return self.memory.known and all(file.is_intact() for file in files)

    def remove(self) -> bool:
        removed = [file.remove() for file in self.memory.files.values()]
        self.memory = Memory()
        return any(removed)

    def accept(self) -> None:
        """Note that the application accepted the current content: rollbacks return to it."""
        for file in self.memory.files.values():
            file.accept()

    def rollback(self) -> None:
        """Restore what the application accepted; raises WriteError if that is not known."""
        going_back = [file for file in self.memory.files.values() if file.can_roll_back]
        if not going_back:
            raise WriteError(f"roll back {self.path}: no earlier content is known; {explain.KEPT}")
        for file in going_back:
            file.rollback()
        self.memory.content_hash = ""

    def _parts(self, content: Contents) -> list[tuple[File, bytes]]:
        parts = [
            (self._make(one.path, rights_of(one)), _after_what_is_there(one))
            for one in content.extra
        ]
        if self._main is not None:
            parts.append((self._main, content.main))
        for file, _ in parts:
            if (before := self.memory.files.get(file.path)) is not None:
                file.memory = before.memory
        self._trust_what_is_recalled(content, parts)
        return parts

    def _trust_what_is_recalled(self, content: Contents, parts: list[tuple[File, bytes]]) -> None:
        recalled, self._recalled = self._recalled, ("", ())
        if not recalled[0] or recalled[0] != self.hash_of(content):
            return
        with suppress(OSError):
            found = [identity(os.lstat(file.path)) for file, _ in parts]
            if tuple(part for one in found for part in one) == recalled[1]:
                for (file, text), one in zip(parts, found, strict=True):
                    file.recall(file.hash_of(text), one, None)

    def _record(self, content: Contents, parts: list[tuple[File, bytes]]) -> None:
        files = {file.path: file for file, _ in parts}
        self.memory = Memory(files, self.hash_of(content), known=True)


def _discard(staged: list[Staged]) -> None:
    for one in staged:
        one.discard()


def rights_of(one: ExtraFile) -> Rights:
    """Return its mode and owner; raises WriteError for names that this machine does not know."""
    try:
        return Rights(one.perms, owner_of(one.user, one.group))
    except LookupError:
        raise WriteError(
            f"write {one.path}: its user or group is unknown here: use numbers, or add them to "
            "/etc/passwd and /etc/group"
        ) from None


def _after_what_is_there(one: ExtraFile) -> bytes:
    if not one.appends:
        return one.content
    parent, name = os.path.split(one.path)
    try:
        with open_directory(parent, create=False, require_memory_backed=False) as directory:
            before = read_all(directory, name)
    except FileNotFoundError:
        before = b""
    except OSError as error:
        raise explain.failure("read", one.path, error, needs=one.path) from error
    return before if before.endswith(one.content) else before + one.content
