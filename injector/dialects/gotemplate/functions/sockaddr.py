"""`sockaddr`: a template language of its own that selects addresses of this machine."""

from collections.abc import Callable, Collection
from typing import Any

from injector.dialects.gotemplate.functions import builtins
from injector.dialects.gotemplate.go.faults import ExecutionFault, GoError, SyntaxFault
from injector.dialects.gotemplate.go.limits import Progress
from injector.dialects.gotemplate.network.attributes import attr, join
from injector.dialects.gotemplate.network.choices import Choices
from injector.dialects.gotemplate.network.filters import exclude, include
from injector.dialects.gotemplate.network.model import Machine, ReadMachine
from injector.dialects.gotemplate.network.order import limit, offset, unique
from injector.dialects.gotemplate.network.shifting import math
from injector.dialects.gotemplate.run.statements import Execution
from injector.dialects.gotemplate.syntax.lexer import tokens
from injector.dialects.gotemplate.syntax.parser import parsed

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "attr": attr,
    "exclude": exclude,
    "include": include,
    "join": join,
    "limit": limit,
    "math": math,
    "offset": offset,
    "unique": unique,
}


def sockaddr(words: tuple[str, ...], read: ReadMachine, spelled: Collection[str]) -> str:
    """Evaluate the expression; errors quote it only if the template spells it out (`spelled`)."""
    text = " ".join(words)
    try:
        return _evaluated(f"{{{{ {text} }}}}", read())
    except OSError as error:
        raise GoError(f"cannot read the addresses of this machine: {error}") from None
    except (SyntaxFault, ExecutionFault) as fault:
        if text not in spelled:
            raise GoError("its argument is not a valid address template") from None
        raise GoError(f"in its argument: {fault.why}") from None


def _evaluated(source: str, machine: Machine) -> str:
    functions = builtins.FUNCTIONS | _FUNCTIONS | Choices(machine).functions()
    found = tokens(source, "{{", "}}")
    tree = parsed(source, found, functions, {})
    return Execution(tree, functions, Progress(), missing_is_error=True).run("", machine.addresses)
