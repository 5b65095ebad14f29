"""The tables of functions in docs/go-templates.md."""

import re
from collections import defaultdict

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
