"""One destination that cannot be written: the old content stays, and the error says what to do."""

import errno
import os
import stat

import pytest

from injector.base.errors import WriteError
from injector.targets.files import Owner
from tests.support.disk import (
    STRANGER,
    as_uid,
    mounted,
)
from tests.support.files import NEW, OLD, file, mode_of, names_in

# --- failures ------------------------------------------------------------------------------------


def test_a_full_filesystem_keeps_the_old_file_and_recovers(ram):
    small = ram / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", small):
        destination = file(small / "db.env")
        destination.write(OLD)

        with pytest.raises(WriteError, match=r"No space left.*sizeLimit"):
            destination.write(b"x" * 200_000)
        assert (small / "db.env").read_bytes() == OLD
        assert names_in(small) == ["db.env"]
        assert destination.is_intact()

        assert destination.write(NEW)


def test_a_short_write_is_continued(ram, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))

    file(ram / "db.env").write(NEW)

    assert (ram / "db.env").read_bytes() == NEW


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, None])
def test_a_short_write_before_the_error_leaves_the_old_file_and_nothing_else(
    ram, monkeypatch, code
):
    destination = file(ram / "db.env")
    destination.write(OLD)
    write = os.write
    calls = []

    def full(fd: int, data: bytes) -> int:
        calls.append(fd)
        if len(calls) == 1:
            return write(fd, bytes(data)[:4])
        if code is None:
            return 0
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WriteError, match=r"quota|No space"):
        destination.write(NEW)

    assert (ram / "db.env").read_bytes() == OLD
    assert names_in(ram) == ["db.env"]


@pytest.mark.parametrize("step", ["write", "fchmod", "replace"])
def test_an_interrupt_at_any_step_leaves_no_temporary_file(ram, monkeypatch, step):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    destination = file(ram / "db.env")
    destination.write(OLD)
    monkeypatch.setattr(os, step, interrupt)

    with pytest.raises(KeyboardInterrupt):
        destination.write(NEW)

    assert names_in(ram) == ["db.env"]
    assert (ram / "db.env").read_bytes() == OLD


def test_no_descriptor_is_leaked_by_success_or_failure(ram):
    destination = file(ram / "a" / "db.env")
    destination.write(OLD)
    before = len(os.listdir("/proc/self/fd"))

    destination.write(OLD)
    destination.write(NEW)
    destination.remove()
    file(ram / "made" / "on" / "the" / "way.env").write(NEW)
    (ram / "a/db.env").mkdir()
    with pytest.raises(WriteError):
        destination.write(NEW)
    with pytest.raises(WriteError):
        file(ram / "missing" / "db.env", create_dest_dirs=False).write(NEW)

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_removed_directory_is_created_again_only_if_configured(ram):
    directory = ram / "gone"
    destination = file(directory / "db.env")
    destination.write(OLD)
    (directory / "db.env").unlink()
    directory.rmdir()

    fixed = file(directory / "db.env", create_dest_dirs=False)
    with pytest.raises(WriteError, match=r"directory does not exist.*create_dest_dirs"):
        fixed.write(OLD)
    assert destination.write(OLD)
    assert (directory / "db.env").read_bytes() == OLD


def test_an_unwritable_directory_names_path_uid_mode_and_remedy(ram):
    path = ram / "db.env"
    file(path).write(OLD)

    with as_uid(STRANGER), pytest.raises(WriteError) as caught:
        file(path).write(NEW)

    assert str(caught.value) == (
        f"write {path}: Permission denied (running as uid {STRANGER}; {ram} has mode 0755 and "
        f"belongs to uid 0): make {ram} writable for uid {STRANGER}, or run as its owner"
    )
    assert path.read_bytes() == OLD
    assert names_in(ram) == ["db.env"]


def test_a_read_only_filesystem_is_named_as_such(ram):
    point = ram / "ro"
    point.mkdir()
    with (
        mounted("-t", "tmpfs", "-o", "ro", "none", point),
        pytest.raises(WriteError, match=r"Read-only file system.*mount it writable"),
    ):
        file(point / "db.env").write(NEW)


def test_a_name_that_is_too_long_is_an_error_with_a_remedy(ram):
    with pytest.raises(WriteError, match=r"File name too long.*255"):
        file(ram / ("x" * 256)).write(NEW)


def test_changing_the_owner_without_permission_says_what_to_do(ram):
    ram.chmod(0o1777)
    path = ram / "db.env"

    with as_uid(STRANGER), pytest.raises(WriteError) as caught:
        file(path, owner=Owner(uid=1000)).write(NEW)
    assert str(caught.value) == (
        f"write {path}: cannot give it to uid 1000 (running as uid {STRANGER}): "
        "run as that uid, add CAP_CHOWN, or drop `user`"
    )
    with as_uid(STRANGER), pytest.raises(WriteError, match=r"gid 1000 .*drop `group`"):
        file(path, owner=Owner(gid=1000)).write(NEW)
    assert names_in(ram) == []


def test_a_file_owned_by_others_and_unreadable_is_compared_from_memory(ram):
    ram.chmod(0o1777)
    path = ram / "db.env"
    with as_uid(STRANGER):
        destination = file(path, perms=0o200)
        assert destination.write(OLD)
        inode = path.stat().st_ino

        assert not destination.write(OLD)
        assert path.stat().st_ino == inode
        assert destination.write(NEW)
        path.chmod(0o222)
        assert destination.write(NEW), "somebody else could have written"
        assert file(path, perms=0o200).write(NEW), "another run cannot know"


def test_a_destination_that_is_no_longer_in_memory_is_refused_before_anything_is_made(disk):
    with pytest.raises(WriteError, match=r"require_memory_backed: false"):
        file(disk / "a" / "db.env").write(NEW)

    assert names_in(disk) == []


def test_a_file_that_should_never_have_been_on_a_disk_can_be_removed(disk):
    (disk / "db.env").write_bytes(OLD)
    file(disk / "db.env").remove()
    assert names_in(disk) == []


def test_on_a_disk_file_and_directory_are_synced_in_memory_neither(disk, ram, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_IFMT(os.fstat(fd).st_mode)))

    file(ram / "db.env").write(NEW)
    assert synced == []
    file(disk / "db.env", require_memory_backed=False).write(NEW)
    assert synced == [stat.S_IFREG, stat.S_IFDIR]


# --- in place ------------------------------------------------------------------------------------


def test_in_place_a_mounted_file_is_overwritten_where_it_is(ram):
    host, path = ram / "host", ram / "db.env"
    host.write_bytes(OLD * 3)
    host.chmod(0o600)
    path.touch()
    with mounted("--bind", host, path):
        with pytest.raises(
            WriteError, match="mount the directory instead, or set `in_place: true`"
        ):
            file(path).write(NEW)

        destination = file(path, in_place=True)
        assert destination.write(NEW)
        assert host.read_bytes() == NEW
        assert not destination.write(NEW)
        assert destination.is_intact()
        destination.remove()
        assert host.read_bytes() == b""
    assert names_in(ram) == ["db.env", "host"]


def test_in_place_unchanged_is_untouched_and_a_missing_file_is_created(ram):
    path = ram / "db.env"
    destination = file(path, in_place=True)
    assert destination.write(OLD)
    before = path.stat()

    assert not destination.write(OLD)
    assert path.stat() == before
    assert destination.write(NEW + NEW)
    assert (path.stat().st_ino, path.read_bytes()) == (before.st_ino, NEW + NEW)


def test_in_place_the_mode_is_right_before_the_content_is_there(ram, monkeypatch):
    path = ram / "db.env"
    path.write_bytes(b"")
    path.chmod(0o644)
    modes = []
    write = os.write

    def watch(fd: int, data: bytes) -> int:
        modes.append(mode_of(path))
        return write(fd, data)

    monkeypatch.setattr(os, "write", watch)
    assert file(path, in_place=True).write(NEW)
    assert modes == [0o600]


def test_in_place_a_full_filesystem_is_noticed_before_the_old_content_is_touched(ram):
    small = ram / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", small):
        destination = file(small / "db.env", in_place=True)
        destination.write(OLD)

        with pytest.raises(WriteError, match="No space left"):
            destination.write(b"x" * 200_000)
        assert (small / "db.env").read_bytes() == OLD


def test_in_place_a_planted_hard_link_or_file_is_refused(ram):
    victim = ram / "victim"
    victim.write_bytes(b"untouched")
    path = ram / "db.env"
    os.link(victim, path)
    with pytest.raises(WriteError, match="hard link"):
        file(path, in_place=True).write(NEW)
    assert victim.read_bytes() == b"untouched"

    path.unlink()
    ram.chmod(0o1777)
    with as_uid(STRANGER):
        path.write_bytes(b"")
    with pytest.raises(WriteError, match=f"belongs to uid {STRANGER}"):
        file(path, in_place=True).write(NEW)
    assert path.read_bytes() == b""


def test_in_place_a_mode_that_cannot_be_set_says_which_one_would_work(ram):
    host, path = ram / "host", ram / "db.env"
    host.write_bytes(OLD)
    host.chmod(0o666)
    path.touch()
    with mounted("--bind", host, path), as_uid(STRANGER):
        with pytest.raises(WriteError, match=r'belongs to uid 0.*`perms: "0666"`'):
            file(path, in_place=True).write(NEW)
        assert file(path, in_place=True, perms=0o666).write(NEW)
    assert host.read_bytes() == NEW
