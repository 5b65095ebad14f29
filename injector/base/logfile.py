"""A log file in addition to standard error, rotated when it is large or old."""

import glob
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from injector.base import safe_open
from injector.base.clock import Clock
from injector.base.errors import WriteError

MODE = 0o640


@dataclass(frozen=True, slots=True)
class LogRotation:
    """When a log is rotated, and how many old ones are kept: 0 is all, less than 0 none."""

    size: int = 0  # bytes; 0: whatever its size
    age: float = 0.0
    keep: int = 0


class LogFile:
    """Gets every line of the log, already redacted."""

    def __init__(self, path: str, rotation: LogRotation, clock: Clock, beside: TextIO) -> None:
        """Open it; raises WriteError. What an earlier run has written stays."""
        self._path = path
        self._rotation = rotation
        self._clock = clock
        self._beside = beside
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._open()
        except OSError as exc:
            raise WriteError(
                f"log_file {path}: {exc.strerror}; name a file that uid {os.geteuid()} can write"
            ) from exc

    def write(self, text: str) -> None:
        """Write to both; a failure of one does not keep a line from the other."""
        with suppress(OSError, ValueError):
            self._beside.write(text)
        if self._is_due():
            self._rotate()
        self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._beside.flush()
        self._file.flush()

    def isatty(self) -> bool:
        """Return False, so that no color codes are written to it."""
        return False

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        self._file = open(self._path, "a", encoding="utf-8", opener=_opener)  # noqa: SIM115 - until the end
        self._opened_at = self._clock.now()

    def _is_due(self) -> bool:
        size, age = self._rotation.size, self._rotation.age
        is_large = 0 < size <= self._file.tell()
        return is_large or 0 < age <= self._clock.now() - self._opened_at

    def _rotate(self) -> None:
        """Rename the file after the current time, open a new one, and remove the oldest ones."""
        stem, extension = os.path.splitext(self._path)
        with suppress(OSError):
            with suppress(FileNotFoundError):  # renamed already, when a new one could not be opened
                os.replace(self._path, f"{stem}-{self._clock.wall() * 1e9:.0f}{extension}")
            before = self._file
            self._open()
            before.close()
            self._prune(stem, extension)

    def _prune(self, stem: str, extension: str) -> None:
        if not self._rotation.keep:
            return
        aside = sorted(glob.glob(f"{glob.escape(stem)}-[0-9]*{glob.escape(extension)}"))
        for path in aside[: len(aside) - max(self._rotation.keep, 0)]:
            os.unlink(path)


def _opener(path: str, flags: int) -> int:
    return safe_open.ours(path, flags, MODE)
