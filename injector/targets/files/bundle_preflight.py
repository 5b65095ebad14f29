"""Finds what would prevent a bundle from being written, without writing anything."""

import os
from collections.abc import Collection, Mapping

from injector.base.errors import WriteError
from injector.targets.files import explain, swap
from injector.targets.files.bundle import trust_of
from injector.targets.files.bundle_version import entries
from injector.targets.files.directory import open_directory
from injector.targets.files.preflight import directory_problems, spelling_problem
from injector.targets.files.rights import Rights, giving_problems


def bundle_problems(
    directory: str,
    members: Mapping[str, Rights],
    *,
    require_memory_backed: bool,
    require_trusted_directory: bool = True,
) -> list[str]:
    """List everything that is wrong with a bundle's directory and the names in it."""
    if problem := spelling_problem(directory):
        return [problem]
    found = []
    for member, rights in members.items():
        path = os.path.join(directory, member)
        found += [f"{path}: {problem}" for problem in giving_problems(rights.owner)]
    found += directory_problems(
        directory,
        require_memory_backed=require_memory_backed,
        create=True,
        trust=trust_of(members) if require_trusted_directory else None,
    )
    return found or _bundle_entry_problems(directory, members)


def _bundle_entry_problems(path: str, members: Collection[str]) -> list[str]:
    if not os.path.lexists(path):
        return []
    try:
        with open_directory(path, create=False, require_memory_backed=False) as directory:
            swap.current_name(directory)
            return swap.foreign_entries(directory, entries(members))
    except WriteError as error:
        return [str(error)]
    except OSError as error:  # for example, a name that is too long
        return [str(explain.failure("use", path, error))]
