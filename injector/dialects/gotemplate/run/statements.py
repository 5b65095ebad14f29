"""Executes statements: text, actions, branches, loops, templates.

What depends on a secret that has not been read yet is skipped, so that everything that is executed
would also be executed with all secrets: the calls of `secret` that are found, and the errors, are
real.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, ExecutionFault, GoError
from injector.dialects.gotemplate.go.limits import SHORT, Progress
from injector.dialects.gotemplate.go.printing import printed
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import (
    MISSING,
    UNKNOWN,
    Channel,
    Int64,
    Unknown,
    key_order,
    kind_of,
    truth_of,
)
from injector.dialects.gotemplate.run.expressions import Expressions, Functions
from injector.dialects.gotemplate.run.scope import Scope
from injector.dialects.gotemplate.run.skipping import effects_of
from injector.dialects.gotemplate.syntax import nodes
from injector.dialects.gotemplate.syntax.tokens import line_and_column

# Nesting of template calls. Go's limit is 100,000; Python's stack is smaller.
DEEPEST = 100


class _Break(Exception):
    """Leaves a loop."""


class _Perhaps(Exception):
    """Leaves a loop, because it is unknown whether it would continue."""


class _Continue(Exception):
    """Continues with the next iteration."""


class Execution:
    """One execution of a tree with its functions; keeps no state afterwards."""

    def __init__(
        self,
        tree: nodes.Tree,
        functions: Functions,
        progress: Progress,
        *,
        missing_is_error: bool,
    ) -> None:
        self.tree = tree
        self.functions = functions
        self.progress = progress
        self.missing_is_error = missing_is_error
        # Called after a part was skipped that may have changed the state of functions.
        self.forget_effects: Callable[[], None] = lambda: None
        self.left_out = 0  # number of parts whose text is not known yet
        self.depth = 0

    def run(self, name: str = "", dot: Any = MISSING) -> str:
        """Return the text of one template; raises ExecutionFault."""
        out: list[str] = []
        self.execute(name, dot, out)
        return "".join(out)

    def execute(self, name: str, dot: Any, out: list[str]) -> None:
        """Execute a template; raises GoError if it does not exist, ExecutionFault if it fails."""
        body = self.tree.templates.get(name)
        if body is None:
            raise GoError(f'no template {VALUE} associated with template ""', quoted(name))
        if self.depth == DEEPEST:
            raise GoError(f"exceeded maximum template depth ({DEEPEST})")
        self.depth += 1
        _Statements(self, name, dot, out).run(body)
        self.depth -= 1


class _Statements:
    """The execution of one template: its variables and its position."""

    def __init__(self, execution: Execution, name: str, dot: Any, out: list[str]) -> None:
        self._execution = execution
        self._name = name
        self._out = out
        self._scope = Scope(dot)
        self._expressions = Expressions(
            self._scope,
            execution.functions,
            execution.progress,
            missing_is_error=execution.missing_is_error,
        )

    def run(self, body: Iterable[nodes.Node]) -> None:
        try:
            self._walk(self._scope.dot, body)
        except GoError as error:
            raise self._fault(error) from None
        except RecursionError:
            raise self._fault(GoError("nested too deeply")) from None

    def _fault(self, error: GoError) -> ExecutionFault:
        return _located(self._execution.tree, self._name, self._expressions.at, error)

    def _walk(self, dot: Any, body: Iterable[nodes.Node]) -> None:
        for node in body:
            self._execution.progress.step()
            match node:
                case nodes.Text():
                    self._write(node.text)
                case nodes.Action():
                    value = self._expressions.pipe(dot, node.pipe)
                    if not node.pipe.variables:
                        self._print(node, value)
                case nodes.Branch():
                    self._branch(dot, node)
                case nodes.Call():
                    self._call(dot, node)
                case nodes.Jump():
                    raise _Break if node.word == "break" else _Continue

    def _print(self, node: nodes.Action, value: Any) -> None:
        if type(value) is Unknown:
            self._execution.left_out += 1
            return
        self._expressions.at = node
        if isinstance(value, Channel):
            raise GoError(f"can't print {node} of type <-chan int64")
        self._write(printed(value))

    def _write(self, text: str) -> None:
        if len(text) > SHORT:  # the number of shorter ones is limited
            self._execution.progress.wrote(len(text))
        self._out.append(text)

    def _call(self, dot: Any, node: nodes.Call) -> None:
        self._expressions.at = node
        if node.name not in self._execution.tree.templates:
            raise GoError(f"template {quoted(node.name)} not defined")
        value = MISSING if node.pipe is None else self._expressions.pipe(dot, node.pipe)
        self._expressions.at = node
        self._execution.execute(node.name, value, self._out)

    # -- branches

    def _branch(self, dot: Any, node: nodes.Branch) -> None:
        height = self._scope.height
        self._expressions.at = node.pipe
        value = self._expressions.pipe(dot, node.pipe)
        truth = truth_of(value)
        if truth is None or (node.word == "range" and type(value) is Unknown):
            self._scope.drop(height)
            self._leave_out(node)
        elif node.word == "range":
            self._range(dot, node, value)
        elif truth:
            self._walk(value if node.word == "with" else dot, node.body)
        elif node.otherwise is not None:
            self._walk(dot, node.otherwise)
        self._scope.drop(height)

    def _leave_out(self, node: nodes.Branch) -> None:
        """Forget what a branch may have changed, because it is unknown whether it is taken."""
        self._execution.left_out += 1
        effects = effects_of(node)
        for name in effects.assigned:
            with suppress(GoError):  # a variable of the branch itself
                self._scope.assign(name, UNKNOWN)
        if effects.on_functions:
            self._execution.forget_effects()
        if effects.jumps:
            raise _Perhaps

    def _range(self, dot: Any, node: nodes.Branch, value: Any) -> None:
        height = self._scope.height
        ran = False
        try:
            for index, item in _items(value, len(node.pipe.variables)):
                ran = True
                self._execution.progress.step()
                self._bind(node.pipe, index, item)
                try:
                    self._walk(item, node.body)
                except _Continue:
                    pass
                finally:
                    self._scope.drop(height)
        except _Break:
            return
        except _Perhaps:
            self._leave_out(node)
            return
        if not ran and node.otherwise is not None:
            self._walk(dot, node.otherwise)

    def _bind(self, pipe: nodes.Pipe, index: Any, item: Any) -> None:
        """Set the variables of a loop: one gets the item, two get index and item."""
        names = [variable.name for variable in pipe.variables]
        values = [item] if len(names) == 1 else [index, item]
        for name, value in zip(names, values, strict=False):
            self._scope.assign(name, value)


def _items(value: Any, variables: int) -> Iterable[tuple[Any, Any]]:
    """Return pairs of index or key and item; raises GoError if the value cannot be iterated."""
    kind = kind_of(value)
    if kind in ("int", "uint"):
        if variables > 1:
            raise GoError(f"can't use {VALUE} to iterate over more than one variable", value)
        made = type(value)
        return ((MISSING, made(number)) for number in range(value))
    if kind == "slice":
        return enumerate(value)
    if kind == "map":
        return ((key, value[key]) for key in key_order(value))
    if isinstance(value, Channel):
        return ((index, Int64(number)) for index, number in enumerate(value.numbers))
    if kind != "invalid":
        raise GoError(f"range can't iterate over {VALUE}", value)
    return ()


def _located(tree: nodes.Tree, name: str, node: Any, error: GoError) -> ExecutionFault:
    """Return the fault with line, and column in bytes starting at 0; `name` is the template's."""
    line, column = line_and_column(tree.source, node.start)
    place = f"template: {tree.name}:{line}:{column}: executing {quoted(name)}"
    return ExecutionFault((line, column), place, str(node), error)
