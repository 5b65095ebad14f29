"""Where an execution failed, in Go's form."""

from typing import Any

from injector.dialects.gotemplate.go.faults import ExecutionFault, GoError
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import bytes_of
from injector.dialects.gotemplate.syntax.nodes import Tree


def located(tree: Tree, name: str, node: Any, error: GoError) -> ExecutionFault:
    """Return the fault with line, and column in bytes starting at 0; `name` is the template's."""
    line, column = line_and_column(tree.source, node.start)
    place = f"template: {tree.name}:{line}:{column}: executing {quoted(name)}"
    return ExecutionFault((line, column), place, str(node), error)


def line_and_column(source: str, start: int) -> tuple[int, int]:
    line_start = source.rfind("\n", 0, start) + 1
    return source.count("\n", 0, start) + 1, len(bytes_of(source[line_start:start]))
