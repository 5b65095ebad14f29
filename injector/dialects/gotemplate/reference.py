"""Regenerates the tables of functions in docs/go-templates.md: `python -m …reference FILE`."""

import re
import sys
from collections import defaultdict
from pathlib import Path

from injector.dialects.gotemplate.catalogue import FAMILIES, OF_FAMILY, REFUSED


def renewed(page: str) -> str:
    """Return the page with current tables."""
    for mark, table in (("functions", _offered()), ("refused functions", _refused())):
        pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = pattern.sub(lambda match, table=table: match[1] + table + match[2], page)  # type: ignore[misc]
    return page


def _offered() -> str:
    rows = [f"| {OF_FAMILY[family]} | {_listed(names)} |" for family, names in FAMILIES.items()]
    return "\n".join(("| | functions |", "|---|---|", *rows)) + "\n"


def _refused() -> str:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in REFUSED.items():
        by_reason[reason].append(name)
    rows = [f"| {_listed(names)} | {reason} |" for reason, names in by_reason.items()]
    return "\n".join(("| functions | because |", "|---|---|", *rows)) + "\n"


def _listed(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(renewed(file.read_text("utf-8")), "utf-8")
