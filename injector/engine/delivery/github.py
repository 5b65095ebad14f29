"""Passes variables to the next steps of a GitHub Actions job: masked first, then appended."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Self

from injector.base.errors import WriteError
from injector.rendering.formats import github_masks
from injector.rendering.formats import render as render_format
from injector.rendering.template import Lacking, Rendered, Snapshot
from injector.secret import Ref
from injector.targets.files.append import append
from injector.targets.files.protocol import KeepsNoOld
from injector.targets.files.regular import write_all


class Variables(bytes):
    """The lines to append, with the workflow commands that mask their values in the log."""

    masks: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        made = cls(render_format("github-env", data))
        made.masks = tuple(github_masks(data))
        return made


class GithubVariables:
    """Renders a secret as variables."""

    def __init__(self, ref: Ref) -> None:
        self.refs = frozenset({ref})
        self._ref = ref

    def render(self, snapshot: Snapshot) -> Rendered[Variables] | Lacking:
        if self._ref not in snapshot:
            return Lacking(self.refs)
        return Rendered(Variables.of(snapshot[self._ref] or {}), self.refs)


class GithubEnv(KeepsNoOld):
    """The file that `$GITHUB_ENV` names: it is the runner's, so nothing in it is ever undone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.memory: str = ""  # digest of what was appended last

    @property
    def content_hash(self) -> str:
        return self.memory

    @property
    def identity(self) -> tuple[int, ...]:
        return ()

    def recall(self, content_hash: str, identity: tuple[int, ...], earlier: bytes | None) -> None:
        """Ignore an earlier process: each step has a new file."""

    @staticmethod
    def hash_of(content: Variables) -> str:
        return hashlib.sha256(content).hexdigest()

    def write(self, content: Variables) -> bool:
        _print(content.masks)
        changed = append(self.path, content)
        self.memory = self.hash_of(content)
        return changed

    def is_intact(self) -> bool:
        return True  # what other programs have appended since is theirs

    def remove(self) -> bool:
        raise WriteError(f"remove {self.path}: values cannot be taken back from the runner")

    def accept(self) -> None:
        """Do nothing: there is no rollback."""

    def rollback(self) -> None:
        raise WriteError(f"roll back {self.path}: values cannot be taken back from the runner")


def _print(masks: Iterable[str]) -> None:
    """Tell the runner what to mask, before anything can print it."""
    lines = "".join(f"{mask}\n" for mask in masks).encode()
    try:
        # Unbuffered: otherwise a failed write would be repeated when the process exits.
        write_all(sys.stdout.fileno(), lines)
    except OSError as error:
        raise WriteError(
            f"print `::add-mask::` lines: {error.strerror}; without them the values would show in "
            "the log, so nothing was written"
        ) from error
