"""What the tests of `destination` ask of the machine: memory, mounts, another user."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from injector.targets.files import mounts

NOBODY = 65534
STRANGER = 10001


@contextlib.contextmanager
def memory_backed_directory() -> Iterator[Path]:
    shm = Path("/dev/shm")
    if mounts.current().filesystem(shm.stat().st_dev, str(shm)) != "tmpfs":
        pytest.skip("/dev/shm is not a tmpfs here")
    path = Path(tempfile.mkdtemp(prefix="vault-injector-test-", dir=shm))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def require_disk(path: Path) -> Path:
    filesystem = mounts.current().filesystem(path.stat().st_dev, str(path))
    if filesystem in mounts.MEMORY_BACKED:
        pytest.skip(f"{path} is on {filesystem} here, not on a disk")
    return path


@contextlib.contextmanager
def mounted(*arguments: str | Path) -> Iterator[None]:
    """Call mount(8) with these arguments, the last one being the mount point."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    mount = subprocess.run(["mount", *map(str, arguments)], check=False, capture_output=True)
    if mount.returncode:
        pytest.skip(f"cannot mount here: {mount.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(arguments[-1])], check=True)


@contextlib.contextmanager
def as_uid(uid: int) -> Iterator[None]:
    """Run the block with another user's rights, and none of root's capabilities."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)
