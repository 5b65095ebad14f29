"""Evaluates pipelines: constants, variables, keys, and calls with arguments of Go's types.

A secret that has not been read yet is an `Unknown`, and so is everything that is computed from it.
A function is not called with one, unless it is declared to accept it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from injector.dialects.gotemplate.go.faults import ExecutionFault, GoError
from injector.dialects.gotemplate.go.limits import SHORT, Progress
from injector.dialects.gotemplate.go.lookup import looked_up
from injector.dialects.gotemplate.go.values import MISSING, UNKNOWN, Unknown, truth_of, type_of
from injector.dialects.gotemplate.run.constants import Constant, typed, value_of
from injector.dialects.gotemplate.run.scope import Scope
from injector.dialects.gotemplate.run.signature import (
    Stateful,
    can_be_nil,
    name_of,
    nil_of,
    signature,
    validated,
)
from injector.dialects.gotemplate.syntax import nodes

Function = Callable[..., Any] | Stateful
Functions = Mapping[str, Function]
_NO_ARGUMENT: Any = object()
_Arguments = tuple[nodes.Operand, ...]
_Keyed = nodes.Field | nodes.Variable | nodes.Chain


class Expressions:
    """Evaluates expressions in one scope; `at` is the node that an error refers to."""

    def __init__(
        self, scope: Scope, functions: Functions, progress: Progress, *, missing_is_error: bool
    ) -> None:
        self.at: Any = None
        self._scope = scope
        self._functions = functions
        self._progress = progress
        self._missing_is_error = missing_is_error

    def pipe(self, dot: Any, pipe: nodes.Pipe) -> Any:
        """Return the value of a pipeline, and set the variables that it declares or assigns."""
        self.at = pipe
        value: Any = _NO_ARGUMENT
        for command in pipe.commands:
            value = self._command(dot, command, value)
            if value is None:
                value = MISSING
        keep = self._scope.assign if pipe.assigns else self._scope.declare
        for variable in pipe.variables:
            keep(variable.name, value)
        return value

    def _command(self, dot: Any, command: nodes.Command, final: Any) -> Any:
        first, *rest = command.arguments
        arguments = tuple(rest)
        if isinstance(first, nodes.Identifier):
            return self._function(dot, first, command, arguments, final)
        if isinstance(first, _Keyed):
            return self._keyed(dot, first, arguments, final)
        if not isinstance(first, nodes.Pipe):
            self.at = first
        _refuse_arguments(first, arguments, final)
        match first:
            case nodes.Pipe():
                return self.pipe(dot, first)
            case nodes.Dot():
                return dot
            case nodes.Nil():
                raise GoError("nil is not a command")
            case _:
                return value_of(first)

    # -- keys

    def _keyed(self, dot: Any, node: _Keyed, arguments: _Arguments, final: Any) -> Any:
        """Look up keys of a value; only methods take arguments."""
        self.at = node
        value = self._before_keys(dot, node)
        if not node.keys:  # a variable without keys
            _refuse_arguments(node, arguments, final)
            return value
        for key in node.keys[:-1]:
            value = self._key(dot, node, value, key, (), _NO_ARGUMENT)
        return self._key(dot, node, value, node.keys[-1], arguments, final)

    def _before_keys(self, dot: Any, node: _Keyed) -> Any:
        match node:
            case nodes.Field():
                return dot
            case nodes.Variable():
                return self._scope.value(node.name)
            case nodes.Chain(node=nodes.Nil()):
                raise GoError(f"indirection through explicit nil in {node}")
        return self._argument(dot, None, node.node)

    def _key(
        self, dot: Any, node: _Keyed, value: Any, key: str, arguments: _Arguments, final: Any
    ) -> Any:
        has_arguments = bool(arguments) or final is not _NO_ARGUMENT
        found, method = looked_up(
            value, key, has_arguments=has_arguments, missing_is_error=self._missing_is_error
        )
        if method is None:
            return found
        return self._apply(dot, key, method, node, arguments, final)

    # -- calls

    def _function(
        self, dot: Any, node: nodes.Identifier, whole: Any, arguments: _Arguments, final: Any
    ) -> Any:
        self.at = node
        name = node.name
        if name in ("and", "or"):
            return self._junction(dot, name, arguments, final)
        function = self._functions[name]
        if name == "call" and (arguments or final is not _NO_ARGUMENT):
            # Go shows the value of what is piped; it may be a secret.
            function = call_of(str(arguments[0]) if arguments else "…")
        return self._apply(dot, name, function, whole, arguments, final)

    def _junction(self, dot: Any, name: str, arguments: _Arguments, final: Any) -> Any:
        """Evaluate `and` or `or` up to the argument that decides the result."""
        if not arguments and final is _NO_ARGUMENT:
            raise GoError(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = MISSING
        for argument in arguments:
            value = self._argument(dot, Any, argument)
            if truth_of(value) is not (name == "and"):
                return value
        return value if final is _NO_ARGUMENT else validated(final, Any)

    def _apply(
        self,
        dot: Any,
        name: str,
        function: Function,
        node: Any,
        arguments: _Arguments,
        final: Any,
    ) -> Any:
        self._progress.step()
        expected = signature(function)
        piped = final is not _NO_ARGUMENT
        expected.check_count(name, len(arguments), len(arguments) + piped)
        given = [
            self._argument(dot, expected.parameter(index), argument)
            for index, argument in enumerate(arguments)
        ]
        if piped:
            given.append(validated(final, expected.parameter(len(given))))
        call: Callable[..., Any] = function.call if isinstance(function, Stateful) else function
        if any(type(value) is Unknown for value in given):
            if not isinstance(function, Stateful):
                return UNKNOWN
            call = function.with_unknown
        self._progress.call = node.start
        try:
            made = call(*given)
            is_short = type(made) is str and len(made) <= SHORT
            return made if is_short else self._progress.made(made)
        except GoError as error:
            self.at = node
            raise error.within(f"error calling {name}: ") from None
        except ExecutionFault as fault:
            self.at = node
            raise fault.whole.within(f"error calling {name}: ") from None
        except Exception as error:  # noqa: BLE001 - whatever a function of ours did not expect
            self.at = node
            what = type(error).__name__
            raise GoError(f"error calling {name}: unexpected error ({what})") from None

    def _argument(self, dot: Any, kind: Any, node: nodes.Operand) -> Any:
        """Evaluate an argument of the given type; None accepts any."""
        self.at = node
        value: Any
        match node:
            case nodes.Dot():
                value = dot
            case nodes.Nil():
                if not can_be_nil(kind):
                    raise GoError(f"cannot assign nil to {name_of(kind)}")
                return nil_of(kind)
            case nodes.Field() | nodes.Variable() | nodes.Chain():
                value = self._keyed(dot, node, (), _NO_ARGUMENT)
            case nodes.Pipe():
                value = self.pipe(dot, node)
            case nodes.Identifier():
                value = self._function(dot, node, node, (), _NO_ARGUMENT)
            case _:
                return _constant(node, kind)
        return value if kind is None else validated(value, kind)


def call_of(callee: str) -> Callable[..., Any]:
    """Return the function `call`, which always fails because no value is a function."""

    def call(function: Any, *_arguments: Any) -> Any:
        if function is None:
            raise GoError("call of nil")
        raise GoError(f"non-function {callee} of type {type_of(function)}")

    return call


def _constant(node: Constant, kind: Any) -> Any:
    return value_of(node) if kind is None else typed(node, kind)


def _refuse_arguments(node: Any, arguments: _Arguments, final: Any) -> None:
    if arguments or final is not _NO_ARGUMENT:
        raise GoError(f"can't give argument to non-function {node}")
