"""The tables of docs/webhook.md: annotations, and the defaults for all pods."""

import re
from collections.abc import Iterable

from injector.inject.annotation import Annotation
from injector.inject.defaults import VARIABLES, Defaults
from injector.inject.own import annotations as own
from injector.inject.vault_k8s import annotations as vault_k8s
from injector.inject.vault_k8s.improvements import IMPROVEMENTS
from tools.docs import options

_TABLE = re.compile(r"<!-- table: (.+?) -->\n.*?<!-- end -->", re.DOTALL)


def renewed(page: str) -> str:
    """Return the page with its tables updated."""
    made = tables()
    return _TABLE.sub(lambda m: f"<!-- table: {m[1]} -->\n{made[m[1]]}<!-- end -->", page)


def tables() -> dict[str, str]:
    """Return each table under the name that the page's markers use."""
    made = {
        title: _table(("annotation", "takes", "default", "effect"), map(_annotation, rows))
        for title, rows in {**own.TABLE, **vault_k8s.TABLE}.items()
    }
    made["Differences"] = _table(("vault-k8s", "here"), IMPROVEMENTS)
    made["Defaults"] = options.tables(Defaults)["Defaults"]
    made["Variables"] = _table(
        ("option", "variable"),
        ((f"`{option}`", f"`{variable}`") for option, variable in VARIABLES.items()),
    )
    return made


def _annotation(row: Annotation) -> tuple[str, ...]:
    name = f"`{row.key}NAME`" if row.is_family else f"`{row.key}`"
    default = f"`{row.default}`" if row.default else ""
    if row.flag:
        default = f"option `{row.flag}`"
    return name, row.takes, default, row.says


def _table(titles: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)
