"""Merges several files: a block of a later file replaces the whole block of an earlier one."""

from collections.abc import Sequence

from injector.dialects.vault_agent.options import OPTIONS
from injector.dialects.vault_agent.row import Kind
from injector.dialects.vault_agent.sections import Section


def merged(files: Sequence[Section]) -> Section:
    """Merge the files in the given order."""
    first, *others = files
    result = Section(first.file, first.line, (), dict(first.values), dict(first.lines))
    result.broken = set(first.broken)
    kinds = {row.name: row.kind for row in OPTIONS[""]}
    for other in others:
        result.broken |= other.broken
        for name, value in other.values.items():
            if kinds[name] is Kind.BLOCKS:
                result.values[name] = [*result.blocks(name), *value]
            elif value not in (False, ""):  # an unset value does not replace one
                result.values[name] = value
                result.lines[name] = other.lines[name]
    return result
