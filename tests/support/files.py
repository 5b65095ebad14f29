"""Makes destinations of a single file, and looks at what they leave."""

import stat
from pathlib import Path
from typing import Any

from injector.targets.files import OURS, File, Rights

OLD = b"password=old\n"
NEW = b"password=new\n"


def file(path: Path, **options) -> File:
    defaults: dict[str, Any] = {
        "create_dest_dirs": True,
        "in_place": False,
        "require_memory_backed": True,
    }
    rights = Rights(options.pop("perms", 0o600), options.pop("owner", OURS))
    return File(str(path), rights, **(defaults | options))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names_in(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def plant_link(path: Path) -> None:
    path.symlink_to(path.with_name("victim"))
