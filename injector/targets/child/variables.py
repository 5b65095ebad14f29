"""The rendered variables: each a renderer, all together a destination."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from injector.base.errors import RenderError, WriteError
from injector.rendering.template import Lacking, Rendered, Snapshot, Template
from injector.secret import Ref
from injector.targets.child.command import Command
from injector.targets.child.environment import problem
from injector.targets.files.protocol import KeepsNoOld

Variables = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Variable:
    """Renders a template, and rejects text that a variable cannot hold."""

    name: str
    template: Template

    @property
    def refs(self) -> frozenset[Ref]:
        return self.template.refs

    def render(self, snapshot: Snapshot) -> Rendered[bytes] | Lacking:
        rendered = self.template.render(snapshot)
        if isinstance(rendered, Rendered) and (why := problem(self.name, rendered.content)):
            raise RenderError(f"env_template {self.name}: {why}")
        return rendered


class Environment(KeepsNoOld):
    """The destination of variables: the command, which gets them at its next start.

    The command outlives a reload, and so do its variables: there is no memory to keep.
    """

    path = "env_template"
    memory: Any = None
    identity: tuple[int, ...] = ()

    def __init__(self, command: Command) -> None:
        self._command = command

    @property
    def content_hash(self) -> str:
        variables = self._command.variables
        return "" if variables is None else self.hash_of(variables)

    def recall(self, content_hash: str, identity: tuple[int, ...], earlier: bytes | None) -> None:
        """Start with nothing: the variables of an earlier process are gone with it."""

    def hash_of(self, content: Variables) -> str:
        whole = repr(sorted(content.items())).encode()
        return hashlib.blake2b(whole, key=self._command.hash_key).hexdigest()

    def write(self, content: Variables) -> bool:
        changed = content != (self._command.variables or {})
        self._command.variables = content
        return changed

    def is_intact(self) -> bool:
        return self._command.variables is not None

    def remove(self) -> bool:
        removed = self._command.variables is not None
        self._command.variables = None
        return removed

    def accept(self) -> None:
        self._command.accepted = self._command.variables

    def rollback(self) -> None:
        accepted = self._command.accepted
        if accepted is None:
            raise WriteError(
                "roll back env_template: no earlier variables are known; correct the secret "
                "or the template"
            )
        if accepted == self._command.variables:
            raise WriteError(
                "roll back env_template: it already has what was last accepted; check the command"
            )
        self._command.variables = accepted
