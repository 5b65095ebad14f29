"""The variables that files define, without values, for an `env.example`. Pure functions."""

import os
import re
from collections.abc import Iterator, Sequence

from injector.config import model, read_source
from injector.preflight.render.targets import Target

# Formats whose lines are variables.
FORMATS = frozenset({"dotenv", "shell", "github-env"})
_STATEMENT = re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)
_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def example(
    targets: Sequence[Target], config: model.Config, keys: dict[str, list[str]], *, directory: str
) -> Iterator[str]:
    """Yield the lines of an example file for everything that defines variables.

    `keys` are the known keys of secrets, by name.
    """
    for target in targets:
        lines = list(_variables(target, config, keys))
        if lines:
            yield f"# {target.path}, made from {_made_from(target, config, directory)}"
            yield from lines
            yield ""


def _made_from(target: Target, config: model.Config, directory: str) -> str:
    entry = target.entry
    if isinstance(entry, model.Template) and entry.secret:
        return f"secrets.{entry.secret} ({config.secrets[entry.secret].path})"
    return os.path.relpath(entry.source, directory) if entry.source else "`contents`"


def _variables(target: Target, config: model.Config, keys: dict[str, list[str]]) -> Iterator[str]:
    entry = target.entry
    if isinstance(entry, model.EnvTemplate):
        printed = _printed(entry).findall(read_source(entry))
        yield from (f"# {', '.join(printed)}", f"{entry.name}=") if printed else (f"{entry.name}=",)
    elif entry.format is None:
        yield from _of_source(entry)
    elif entry.format in FORMATS:
        contract = config.secrets[entry.secret].contract
        known = keys.get(entry.secret) or list(contract.keys if contract is not None else ())
        yield from (f"{key}=" for key in sorted(known))
        if entry.secret not in keys:
            more = "its other keys" if known else "its keys"
            yield f"# … and {more}, which only the secret tells: give --fixtures DIR"


def _printed(entry: model.Template | model.EnvTemplate) -> re.Pattern[str]:
    left, right = (re.escape(each) for each in (entry.left_delimiter, entry.right_delimiter))
    return re.compile(rf"{left}[-+]?\s*(.*?)\s*[-+]?{right}")


def _of_source(entry: model.Template) -> Iterator[str]:
    """Yield the variables of a template, if it consists of nothing else."""
    printed = _printed(entry)
    lines: list[str] = []
    for number, line in enumerate(_STATEMENT.sub("", read_source(entry)).splitlines(), start=1):
        if found := _VARIABLE.fullmatch(line):
            sources = printed.findall(found[2])
            lines += [f"# {', '.join(sources)}"] if sources else []
            lines.append(f"{found[1]}=")
        elif printed.match(line.removeprefix("export").lstrip()) and "=" in line:
            lines.append(f"# … and what line {number} names by a value")
        elif line.strip() and not line.lstrip().startswith("#"):
            return
    yield from lines
