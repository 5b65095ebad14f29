"""The directories of one `injector dev`, and how other commands find it."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from injector.base.errors import ConfigError, TransientError
from injector.dev.guard import end, left_behind
from injector.dev.memory import memory_backed, usual_parents
from injector.dev.seed import Seed

OWN_ONLY = 0o700


class ServerAccess(msgspec.Struct, frozen=True):
    """What a rehearsal needs to know; `directory` is the project's directory."""

    pid: int
    directory: str
    address: str
    root_token: str
    unseal_key: str
    seed: Seed

    def __repr__(self) -> str:
        return f"ServerAccess({self.directory})"  # it holds the keys of the server


@dataclass(frozen=True, slots=True)
class Place:
    """The two directories of a project: in memory for secrets, on disk for the database."""

    directory: str
    memory: Path
    disk: Path

    @classmethod
    def of(cls, directory: str) -> "Place":
        """Return the directories of the project in `directory`, without creating them."""
        digest = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:10]
        name = f"injector-dev-{os.geteuid()}-{digest}"
        disk = Path(tempfile.gettempdir())
        memory = Path(memory_backed(usual_parents()) or disk)
        return cls(directory, memory / name, disk / f"{name}-disk")

    @property
    def socket(self) -> Path:
        return self.memory / "injector.sock"

    @property
    def config(self) -> Path:
        return self.memory / "injector.yaml"

    @property
    def root_token(self) -> Path:
        return self.memory / "root_token"

    def write(self, name: str, content: str) -> str:
        """Write a file atomically that only we can read; return its path."""
        path = self.memory / name
        staged = self.memory / f".{name}.new"
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)
        os.replace(staged, path)
        return str(path)

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Create the directories, empty; they are removed at the end.

        Raises ConfigError if they are somebody else's or in use by another `injector dev`.
        """
        for path in (self.memory, self.disk):
            path.mkdir(mode=OWN_ONLY, exist_ok=True)
            _require_ours(path)
        with open(self._lock, "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"`injector dev` already runs for {self.directory}; end it first"
                ) from None
            self._empty()
            try:
                yield
            finally:
                self.remove()

    def remove(self) -> None:
        for path in (self.memory, self.disk):
            shutil.rmtree(path, ignore_errors=True)

    def save(self, state: ServerAccess) -> None:
        """Let other commands know that everything runs."""
        self.write(self._state.name, msgspec.json.encode(state).decode())

    def load(self) -> ServerAccess:
        """Return the state of the running `injector dev`; raises TransientError if none runs."""
        try:
            _require_ours(self.memory)
            with open(self._lock) as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except FileNotFoundError:
            raise self._nobody() from None
        else:
            raise self._nobody()
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=ServerAccess)
        except FileNotFoundError:
            raise TransientError(f"`injector dev` for {self.directory} is still starting") from None

    def _nobody(self) -> TransientError:
        return TransientError(
            f"no `injector dev` runs for {self.directory}; start it there, or name its file with -c"
        )

    def _empty(self) -> None:
        """End and remove what a killed one left, except the lock."""
        end(lambda: left_behind(str(self.memory)) | left_behind(str(self.disk)))
        for entry in (*self.memory.iterdir(), *self.disk.iterdir()):
            if entry == self._lock:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.memory / "lock"

    @property
    def _state(self) -> Path:
        return self.memory / "state.json"


def _require_ours(path: Path) -> None:
    """Raise ConfigError if it belongs to somebody else: its parent is world-writable."""
    found = os.lstat(path)
    if found.st_uid != os.geteuid() or path.is_symlink() or not path.is_dir():
        raise ConfigError(f"{path} belongs to somebody else (uid {found.st_uid}); remove it first")
