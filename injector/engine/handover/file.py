"""The hand-over file on disk: validated when read, written atomically, on memory only."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from injector.base.errors import ConfigError, WriteError
from injector.base.log import Logger
from injector.engine.handover.lock import locked
from injector.engine.handover.record import LARGEST, Record, Unusable, decode, encode
from injector.engine.handover.stamp import Stamp
from injector.sources.source import Shapes
from injector.targets.files import Rights, explain
from injector.targets.files.directory import Directory, open_directory
from injector.targets.files.regular import TEMPORARY, open_regular, replace
from injector.targets.files.trust import Trust

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Handover:
    """One hand-over file. Hold its lock around everything else."""

    def __init__(self, path: str, log: Logger, shapes: Mapping[str, Shapes]) -> None:
        self.path = path
        self.error = ""  # why the newest record is not there
        self._directory, self._name = os.path.split(path)
        self._log = log
        self._shapes = shapes

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other injectors out while we run; raises ConfigError.

        Leftovers of a killed write are removed, since they contain a token too.
        """
        try:
            directory = self._open(create=True)
        except OSError as error:
            raise ConfigError(str(explain.failure("use", self.path, error))) from error
        except WriteError as error:
            raise ConfigError(str(error)) from error
        with directory, locked(directory, f"{self._name}.lock"):
            self._remove_leftovers(directory)
            yield

    def load(self, now: Stamp) -> Record | None:
        """Return the record of the last process; None, and a logged reason, if it is not usable."""
        try:
            with self._open(create=False) as directory:
                record = decode(self._read(directory), self._shapes)
            if objection := record.stamp.objection(now):
                raise Unusable(objection)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._ignore(error.strerror or "it cannot be read")
        except (WriteError, Unusable) as error:
            self._ignore(str(error))
        else:
            return record
        return None

    def save(self, record: Record) -> None:
        """Replace the last record by this one, atomically.

        Raises WriteError, and then removes the old one: it may be outdated, for example with a
        lease that has been revoked since.
        """
        try:
            self._replace(encode(record))
        except Unusable as error:
            self._discard()
            raise WriteError(f"write {self.path}: {error}") from None
        except OSError as error:
            self._discard()
            raise explain.failure("write", self.path, error) from error

    def _replace(self, encoded: bytes) -> None:
        with self._open(create=True) as directory:
            try:
                replace(directory, self._name, encoded, Rights(0o600))
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                with suppress(FileNotFoundError):  # removing the last one may make room
                    os.unlink(self._name, dir_fd=directory.fd)
                replace(directory, self._name, encoded, Rights(0o600))

    def _discard(self) -> None:
        with suppress(OSError, WriteError):
            self.remove()

    def remove(self) -> None:
        """Remove the file, which is obsolete. Raises WriteError."""
        try:
            with suppress(FileNotFoundError), self._open(create=False) as directory:
                os.unlink(self._name, dir_fd=directory.fd)
        except OSError as error:
            raise explain.failure("remove", self.path, error) from error

    def _open(self, *, create: bool) -> Directory:
        """Open its directory; raises WriteError for one off memory, which no option allows."""
        directory = open_directory(
            self._directory,
            create=create,
            require_memory_backed=False,
            trust=Trust() if create else None,
        )
        if directory.memory_backed:
            return directory
        os.close(directory.fd)
        raise WriteError(
            f"{self.path} is not on a memory-backed filesystem, and it holds a token: put it on "
            "tmpfs (pod: emptyDir with `medium: Memory`; compose: `tmpfs:`)"
        )

    def _read(self, directory: Directory) -> bytes:
        try:
            fd = open_regular(directory, self._name)
        except WriteError:
            raise Unusable("it is a link, a directory or the like: move it away") from None
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            if found.st_uid != os.geteuid():
                raise Unusable(f"it belongs to uid {found.st_uid}, this is uid {os.geteuid()}")
            if found.st_mode & _READABLE_BY_OTHERS:
                raise Unusable(f"others may use it (mode {stat.S_IMODE(found.st_mode):04o})")
            if found.st_size > LARGEST:
                raise Unusable(f"it is larger than {LARGEST >> 20} MiB")
            return file.read(found.st_size)

    def _ignore(self, reason: str) -> None:
        self._log.warning("hand-over file ignored", path=self.path, reason=reason)

    def _remove_leftovers(self, directory: Directory) -> None:
        ours = f".{self._name[:48]}.vault-injector."
        for name in directory.listdir():
            if name.startswith(ours) and TEMPORARY.fullmatch(name):
                with suppress(OSError):
                    os.unlink(name, dir_fd=directory.fd)
