"""The tables of docs/errors.md: all that this program says when something is wrong.

A message's shape is its text with `…` in the place of what is filled in. Words that a function
returns, or a name stands for, are followed to where they are written.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2] / "injector"
GAP = "…"
DEEPEST = 8
# `dev` is for developers' machines, `check` has a page of its own (docs/check.md), and the dialects
# of others (`dialects`) are in nobody else's tests; docs/webhook.md has what pods are told.
ELSEWHERE = ("dev", "preflight/check", "dialects", "inject")
# What says that something in the configuration is wrong → which argument are the words.
SENTENCES = {
    "Wrong": 0,
    "Breach": 1,
    "Problem": 2,
    "problem": 1,
    "Mistake": 1,
    "_unusable": 3,
    "SyntaxFault": 2,
}
# Who makes an error of words that it is given: the class, and which argument they are.
CARRIERS = {("engine/auth/approle", "_alarm"): ("AuthError", 0)}
# Words that are put together where no expression shows it: in a constant, or all over a function.
WORDS = {
    "Vault": ["sources/vault/adapter.MEANINGS", "sources/vault/adapter.ADVICE"],
    "AuthError": [
        "engine/auth/approle.WRONG",
        "engine/auth/approle.NOT_ASKED",
        "engine/auth/cert.LOOK_AT",
        "engine/auth/jwt.LOOK_AT",
        "engine/auth/kubernetes.LOOK_AT",
    ],
    "HookError": [
        "targets/program.why_not_started",
        "targets/notify/command._ending",
        "targets/notify/http.judge",
    ],
    "MissingError": ["rendering/template/functions.content_of"],
    "RenderError": [
        "rendering/template/explain._KINDS",
        "rendering/template/explain._PYTHONS",
        "rendering/template/explain.syntax",
        "rendering/template/checks._faults",
        "rendering/template/foreign.SAID",
        "rendering/template/unclosed._open_tag",
        "rendering/template/unclosed._said",
        "rendering/template/unclosed.unclosed",
        "rendering/template/checks._no_such",
        "rendering/template/filters._named",
        "rendering/template/values.seen",
    ],
    "TransientError": ["sources/vault/tls.advice"],
    "WriteError": [
        "targets/files/explain._REMEDIES",
        "targets/files/explain._NOT_MADE",
        "targets/files/rights._cannot_give",
        "targets/files/swap.foreign_entries",
    ],
}


@dataclass(frozen=True)
class Module:
    """One file: its tree, and where its names come from."""

    name: str
    tree: ast.Module

    def is_in(self, folders: Iterable[str]) -> bool:
        return any(f"{self.name}/".startswith(f"{folder}/") for folder in folders)

    def nodes(self) -> tuple[ast.AST, ...]:
        return _nodes(self.name)

    def function(self, name: str) -> ast.AST | None:
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        found = (node for node in self.nodes() if isinstance(node, kinds) and node.name == name)
        return next(found, None)

    def assigned(self, name: str) -> Iterator[ast.expr]:
        """Yield whatever is assigned to this name, in any function: rather too much."""
        for node in self.nodes():
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield value
                case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                    if value is not None:
                        yield value
                case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                    yield value

    def imported(self, name: str) -> "tuple[Module, str] | None":
        """Return the module that a name comes from, and its name there; none for a module."""
        for node in self.nodes():
            if not isinstance(node, ast.ImportFrom):
                continue
            if not (node.module or "").startswith("injector"):
                continue
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    path = str(node.module).removeprefix("injector").strip(".").replace(".", "/")
                    inner = f"{path}/{alias.name}".strip("/")
                    if inner in modules():
                        return modules()[inner], ""
                    return modules()[path], alias.name
        return None


@cache
def _nodes(name: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(modules()[name].tree))


@cache
def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT).with_suffix("")).removesuffix("__init__").rstrip("/")
        found[name] = Module(name, ast.parse(path.read_text("utf-8")))
    return found


def ours() -> list[Module]:
    return [module for module in modules().values() if not module.is_in(ELSEWHERE)]


@cache
def error_classes() -> dict[str, str]:
    """Return every class of errors, and which one right below InjectorError it is or is below."""
    found = {"InjectorError": "InjectorError"}
    classes = [
        (module, node)
        for module in modules().values()
        for node in module.nodes()
        if isinstance(node, ast.ClassDef)
    ]
    for _ in range(DEEPEST):
        for module, node in classes:
            for base in map(ast.unparse, node.bases):
                if base in found:
                    first = module.name == "base/errors" and base == "InjectorError"
                    found[node.name] = node.name if first else found[base]
    return found


# --- what an expression can say ----------------------------------------------------------------


def shapes(node: ast.expr, module: Module, depth: int = 0) -> set[str]:  # noqa: C901, PLR0911 - one case each
    """Return what an expression can say; nothing if it only repeats what others have said."""
    if depth > DEEPEST:
        return set()

    def all_of(*nodes: ast.expr | None) -> set[str]:
        return set().union(*(shapes(each, module, depth + 1) for each in nodes if each is not None))

    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.JoinedStr(values=values):
            return {"".join(str(v.value) if isinstance(v, ast.Constant) else GAP for v in values)}
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            ends = all_of(right) or {GAP}
            return {f"{start}{end}" for start in all_of(left) or {GAP} for end in ends}
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            return all_of(*values)
        case ast.Tuple(elts=values) | ast.List(elts=values):
            return all_of(*values)
        case ast.IfExp(body=body, orelse=orelse):
            return all_of(body, orelse)
        case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
            return all_of(value)
        case ast.Name(id=name):
            return _named(name, module, depth)
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            found = module.imported(owner)
            return _named(name, found[0], depth) if found and not found[1] else set()
        case ast.Call(func=ast.Name(id="str" | "next" | "Text"), args=arguments):
            return all_of(*arguments)
        case ast.Call(func=function):
            return _returned(function, module, depth)
    return set()


def _named(name: str, module: Module, depth: int) -> set[str]:
    said: set[str] = set()
    for value in module.assigned(name):
        said |= shapes(value, module, depth + 1)
    if not said and (found := module.imported(name)) and found[1]:
        return _named(found[1], found[0], depth + 1)
    return said


def _returned(function: ast.expr, module: Module, depth: int) -> set[str]:
    """Return what a function of ours can return."""
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            pass
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            if not (found := module.imported(owner)) or found[1]:
                return set()
            module = found[0]
        case _:
            return set()
    if (body := module.function(name)) is None:
        found = module.imported(name)
        return (
            _returned(ast.Name(id=found[1]), found[0], depth + 1) if found and found[1] else set()
        )
    said: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Return) and node.value is not None:
            said |= shapes(node.value, module, depth + 1)
    return said


def _all_words(place: str) -> set[str]:
    """Return every sentence in a function, or in a constant."""
    name, _, what = place.rpartition(".")
    module = modules()[name]
    found = module.function(what)
    roots = [found] if found is not None else list(module.assigned(what))
    assert roots, f"{place} is gone: correct WORDS in tools/docs/messages.py"
    said: set[str] = set()
    for root in roots:
        documented = (
            ast.get_docstring(root, clean=False) if isinstance(root, ast.FunctionDef) else ""
        )
        inside = {
            id(value)
            for node in ast.walk(root)
            if isinstance(node, ast.JoinedStr)
            for value in node.values
        }
        for node in ast.walk(root):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside:
                said |= {text for text in shapes(node, module) if text != documented}
    return {text for text in said if " " in text.strip("; ")}


# --- what the program can say ------------------------------------------------------------------


def _calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    for node in module.nodes():
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name, node


def says_something(shape: str) -> bool:
    """Tell a message from one that only puts others together."""
    return len(re.findall(r"\w{2,}", shape)) > 1


@cache
def messages() -> dict[str, set[str]]:
    """Return every shape of every class of errors."""
    found: dict[str, set[str]] = {kind: set() for kind in set(error_classes().values())}
    for module in ours():
        for name, call in _calls(module):
            if (carrier := CARRIERS.get((module.name, name))) is not None:
                kind, position = carrier
                found[kind] |= shapes(call.args[position], module)
            elif name in error_classes():
                for argument in call.args:
                    found[error_classes()[name]] |= shapes(argument, module)
    for kind, places in WORDS.items():
        found[kind] = found.get(kind, set()).union(*map(_all_words, places))
    return {kind: set(filter(says_something, said)) for kind, said in found.items()}


@cache
def sentences(*folders: str) -> set[str]:
    """Return everything that can be wrong with a configuration."""
    found: set[str] = set()
    for module in ours():
        if module.is_in(folders):
            for name, call in _calls(module):
                position = SENTENCES.get(name)
                if position is not None and len(call.args) > position:
                    found |= shapes(call.args[position], module)
    return set(filter(says_something, found))


def unexplained() -> list[str]:
    """Return the errors whose words nobody can read from the source."""
    found = []
    for module in ours():
        for name, call in _calls(module):
            if name in error_classes() and not any(shapes(each, module) for each in call.args):
                found.append(f"{module.name}: {ast.unparse(call)}")
    return found


def warnings() -> set[str]:
    """Return every event of the log at level warning or above."""
    found: set[str] = set()
    for module in ours():
        for node in module.nodes():
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if _is_loud(node.func):
                found |= shapes(node.args[0], module)
            elif ast.unparse(node.func) == "report.log":  # of `health`
                found |= shapes(node.args[1], module)
    return found


def _is_loud(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=owner, attr="warning" | "error" | "critical"):
            return ast.unparse(owner).endswith("log")
        case ast.IfExp(body=body, orelse=orelse):
            return _is_loud(body) or _is_loud(orelse)
    return False


# --- the page ----------------------------------------------------------------------------------

_TABLE = re.compile(r"<!-- (messages|sentences): ([\w ]+) -->\n(.*?)<!-- end -->", re.DOTALL)


def cell(shape: str) -> str:
    """Write a shape as code in a table."""
    text = " ".join(shape.split()).replace("|", "\\|")
    ticks = "``" if "`" in text else "`"
    room = " " if "`" in text else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def renewed(page: str) -> str:
    """Return the page with every message of the source; what to do about each is kept."""
    return _TABLE.sub(_table, page)


def _table(match: re.Match[str]) -> str:
    what, names, before = match[1], match[2], match[3]
    kept = dict(advice(before))
    if what == "messages":
        header = "| message | what to do |\n|---|---|\n"
        said = sorted(map(cell, messages()[names]), key=_order)
        lines = [f"| {each} | {kept.get(each, '')} |\n" for each in said]
    else:
        header = "| sentence |\n|---|\n"
        lines = [
            f"| {each} |\n" for each in sorted(map(cell, sentences(*names.split())), key=_order)
        ]
    rows = [header, *lines] if lines else []
    return f"<!-- {what}: {names} -->\n{''.join(rows)}<!-- end -->"


def advice(table: str) -> Iterator[tuple[str, str]]:
    for line in table.splitlines():
        cells = [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) > 1:
            yield cells[0], cells[1]


def _order(text: str) -> tuple[str, str]:
    return re.sub(r"^[^a-z]*", "", text.lower()), text
