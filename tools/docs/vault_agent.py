"""The tables of docs/vault-agent.md: the options of the agents."""

import re

from injector.dialects.vault_agent.options import OPTIONS, native_key
from injector.dialects.vault_agent.row import Row, Support

_TABLE = re.compile(r"<!-- agents' options: (.*?) -->\n.*?<!-- end -->", re.DOTALL)

# The page's name for options outside of any block.
TOP = "top level"


def renewed(page: str) -> str:
    """Return the page with current tables."""
    return _TABLE.sub(lambda match: _marked(match[1], tables()[match[1]]), page)


def tables() -> dict[str, str]:
    """Return the table of each block, by its name in the page's markers."""
    return {key or TOP: _table(key, rows) for key, rows in OPTIONS.items()}


def _marked(name: str, table: str) -> str:
    return f"<!-- agents' options: {name} -->\n{table}<!-- end -->"


def _table(key: str, rows: tuple[Row, ...]) -> str:
    lines = ["| option | type | default | here | remarks |", "|---|---|---|---|---|"]
    for row in rows:
        default = f"`{row.default}`" if row.default else ""
        remarks = f"{row.says} ({row.of} only)" if row.of and row.says else row.says
        remarks = remarks or (f"{row.of} only" if row.of else "")
        cells = (f"`{row.name}`", str(row.kind), default, _here(key, row), remarks)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _here(key: str, row: Row) -> str:
    native = native_key(key, row)
    if row.state is Support.DONE:
        return f"`{native}`" if native else str(Support.DONE)
    return str(row.state) if row.state is Support.NEEDLESS else f"**{row.state}**"
