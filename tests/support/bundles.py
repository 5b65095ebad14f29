"""Makes bundles of three files, and looks at what they leave."""

from pathlib import Path

from injector.targets.files import Rights
from injector.targets.files.bundle import Bundle
from injector.targets.files.regular import identity

MEMBERS = {"cert.pem": Rights(0o644), "key.pem": Rights(0o400), "conf/ca.pem": Rights(0o644)}
ONE = {"cert.pem": b"cert 1", "key.pem": b"key 1", "conf/ca.pem": b"ca 1"}
TWO = {"cert.pem": b"cert 2", "key.pem": b"key 2", "conf/ca.pem": b"ca 2"}
THREE = {"cert.pem": b"cert 3", "key.pem": b"key 3", "conf/ca.pem": b"ca 3"}


def bundle(directory: Path, members=MEMBERS, *, require_memory_backed=True) -> Bundle:
    return Bundle(
        str(directory), members, require_memory_backed=require_memory_backed, revertible=True
    )


def deliver(target: Bundle, contents: dict[str, bytes]) -> None:
    staged = target.stage(contents)
    assert staged is not None
    staged.commit()


def seen(directory: Path, members=MEMBERS) -> dict[str, bytes]:
    return {member: (directory / member).read_bytes() for member in members}


def names_in(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir()}


def generations(directory: Path) -> set[str]:
    return {name for name in names_in(directory) if name.startswith("..vault-injector.")}


def kill(target: Bundle) -> None:
    """Drop the lock, as the kernel does when a process ends."""
    target.memory.lock.drop()


def snapshot(directory: Path) -> dict[str, tuple[int, ...]]:
    """What a change would change: not the time of the last read."""
    return {str(path): identity(path.lstat()) for path in [directory, *directory.rglob("*")]}


def take(target: Bundle, contents: dict[str, bytes]) -> None:
    deliver(target, contents)
    target.accept()
