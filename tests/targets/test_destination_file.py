"""One destination on a real tmpfs: old or new, never half, never open to the wrong people."""

import errno
import hashlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from injector.base.errors import WriteError
from injector.targets.files import OURS, File, Owner, Rights, leftovers, owner_of
from injector.targets.files.directory import open_directory
from injector.targets.files.links import foreign_link
from tests.support.disk import (
    NOBODY,
    STRANGER,
    as_uid,
    memory_backed_directory,
    mounted,
    require_disk,
)

OLD = b"password=old\n"
NEW = b"password=new\n"


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_backed_directory() as path:
        yield path


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return require_disk(tmp_path)


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


# --- what a write leaves -------------------------------------------------------------------------


def test_a_file_has_its_content_and_mode_whatever_the_umask(memory):
    old_umask = os.umask(0o777)
    try:
        changed = file(memory / "a" / "b" / "db.env", perms=0o640).write(NEW)
    finally:
        os.umask(old_umask)

    assert changed
    assert (memory / "a/b/db.env").read_bytes() == NEW
    assert mode_of(memory / "a/b/db.env") == 0o640
    assert [mode_of(memory / "a"), mode_of(memory / "a/b")] == [0o755, 0o755]
    assert names_in(memory / "a/b") == ["db.env"]


def test_a_created_directory_keeps_the_group_of_a_set_group_id_parent(memory):
    memory.chmod(0o2775)

    file(memory / "made" / "db.env").write(NEW)

    assert mode_of(memory / "made") == 0o2755


def test_unchanged_content_is_not_touched_even_by_another_run(memory):
    path = memory / "db.env"
    file(path).write(OLD)
    before = path.stat()

    again = file(path)
    assert not again.write(OLD)

    assert path.stat() == before
    assert again.is_intact()
    assert again.content_hash == hashlib.sha256(OLD).hexdigest()


@pytest.mark.parametrize("content", [b"", b"x", b"password=older\n", b"password=OLD\n"])
def test_other_content_is_written_even_of_the_same_length(memory, content):
    destination = file(memory / "db.env")
    destination.write(OLD)

    assert destination.write(content)
    assert (memory / "db.env").read_bytes() == content
    assert not destination.write(content)


def test_wrong_mode_is_repaired_by_a_new_file_so_that_nobody_holds_the_old_one_open(memory):
    path = memory / "db.env"
    file(path).write(OLD)
    path.chmod(0o644)
    inode = path.stat().st_ino

    assert file(path).write(OLD)
    assert mode_of(path) == 0o600
    assert path.stat().st_ino != inode


def test_wrong_owner_is_repaired(memory):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    path = memory / "db.env"
    file(path).write(OLD)
    os.chown(path, NOBODY, -1)

    assert file(path).write(OLD)
    assert path.stat().st_uid == 0


def test_user_and_group_are_given(memory):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(memory / "db.env", owner=Owner(NOBODY, STRANGER), perms=0o440)

    assert destination.write(NEW)
    found = (memory / "db.env").stat()
    assert (found.st_uid, found.st_gid, mode_of(memory / "db.env")) == (NOBODY, STRANGER, 0o440)
    assert not destination.write(NEW)


def test_set_id_bits_survive_the_change_of_owner(memory):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(memory / "db.env", owner=Owner(NOBODY), perms=0o6750)

    destination.write(NEW)
    assert mode_of(memory / "db.env") == 0o6750
    assert not destination.write(NEW)


def test_another_hard_link_keeps_the_old_content(memory):
    path = memory / "db.env"
    destination = file(path)
    destination.write(OLD)
    os.link(path, memory / "kept")

    destination.write(NEW)

    assert (memory / "kept").read_bytes() == OLD
    assert path.read_bytes() == NEW


def test_a_very_long_name_still_has_room_for_its_temporary_file(memory):
    path = memory / ("ü" * 127)
    assert file(path).write(NEW)
    assert path.read_bytes() == NEW


def test_remove_removes_the_file_even_if_it_is_already_gone(memory):
    destination = file(memory / "db.env")
    destination.write(OLD)

    destination.remove()
    destination.remove()

    file(memory / "never" / "made.env").remove()
    assert names_in(memory) == []
    assert not destination.is_intact()
    assert destination.content_hash == ""


@pytest.mark.parametrize(
    "tamper",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"x" * len(OLD)),
        lambda path: path.chmod(0o644),
        lambda path: (
            path.with_name("other").write_bytes(OLD) and path.with_name("other").replace(path)
        ),
    ],
    ids=["removed", "edited", "mode", "replaced"],
)
def test_a_file_that_somebody_changed_is_not_intact_until_it_is_written_again(memory, tamper):
    path = memory / "db.env"
    destination = file(path)
    assert not destination.is_intact()
    destination.write(OLD)
    assert destination.is_intact()
    # The clock of a tmpfs ticks every few milliseconds: let an edit have another time.
    os.utime(path, ns=(0, 0))
    destination.write(OLD)

    tamper(path)

    assert not destination.is_intact()
    destination.write(OLD)
    assert destination.is_intact()
    assert path.read_bytes() == OLD
    assert mode_of(path) == 0o600


# --- staged, accepted, rolled back ---------------------------------------------------------------


def test_a_staged_file_does_not_have_its_name_before_it_is_committed(memory):
    target = file(memory / "db.env", perms=0o640)
    target.write(OLD)

    staged = target.stage(NEW)

    assert staged is not None
    assert (memory / "db.env").read_bytes() == OLD
    assert Path(staged.path).read_bytes() == NEW
    assert mode_of(Path(staged.path)) == 0o640
    staged.commit()
    assert (memory / "db.env").read_bytes() == NEW
    assert target.content_hash == staged.content_hash
    assert target.is_intact()
    assert names_in(memory) == ["db.env"]


def test_a_discarded_file_leaves_nothing(memory):
    target = file(memory / "db.env")
    target.write(OLD)

    staged = target.stage(NEW)
    assert staged is not None
    staged.discard()
    staged.discard()

    assert names_in(memory) == ["db.env"]
    assert target.is_intact()
    assert target.stage(OLD) is None


def test_rollback_returns_to_what_was_accepted_however_many_changes_ago(memory):
    target = file(memory / "db.env", revertible=True)
    target.write(OLD)
    target.accept()
    target.write(NEW)
    target.write(b"newer")

    target.rollback()

    assert (memory / "db.env").read_bytes() == OLD
    assert target.content_hash == target.hash_of(OLD)
    assert target.is_intact()
    with pytest.raises(WriteError, match="it already has the last accepted content"):
        target.rollback()


def test_what_no_rollback_needs_is_removed(memory):
    before = file(memory / "db.env", revertible=True)
    before.write(OLD)
    before.accept()
    before.write(NEW)
    assert before.earlier == OLD

    after = file(memory / "db.env")  # by a reload
    after.memory = before.memory
    after.write(NEW)

    assert after.earlier is None
    assert after.memory.content is None


@pytest.mark.parametrize("staged", [True, False])
def test_what_another_run_left_counts_as_accepted(memory, staged):
    file(memory / "db.env").write(OLD)
    target = file(memory / "db.env", revertible=True)
    if staged:
        later = target.stage(NEW)
        assert later is not None
        later.commit()
    else:
        target.write(NEW)

    target.rollback()

    assert (memory / "db.env").read_bytes() == OLD


def test_what_another_run_wrote_since_the_record_counts_as_accepted(memory):
    before = file(memory / "db.env", revertible=True)
    before.write(b"oldest")
    before.accept()
    before.write(OLD)
    recorded = before.content_hash, before.identity, before.earlier
    file(memory / "db.env").write(b"of another run")

    after = file(memory / "db.env", revertible=True)
    after.recall(*recorded)
    after.write(NEW)
    after.rollback()

    assert (memory / "db.env").read_bytes() == b"of another run"


def test_what_was_never_accepted_is_no_reason_to_roll_back(memory):
    fresh = file(memory / "fresh.env", revertible=True)
    fresh.write(OLD)
    fresh.write(NEW)
    plain = file(memory / "plain.env")
    plain.write(OLD)
    plain.accept()
    plain.write(NEW)

    for target in (fresh, plain):
        with pytest.raises(WriteError, match="no earlier content is known"):
            target.rollback()
    assert (memory / "fresh.env").read_bytes() == (memory / "plain.env").read_bytes() == NEW


# --- what a reader can see -----------------------------------------------------------------------


def while_writing(write: Callable[[int], object], look: Callable[[], object], rounds: int) -> list:
    """Collect what `look` sees as fast as it can during that many writes."""
    seen: list = []
    done = threading.Event()

    def reader() -> None:
        while not done.is_set():
            seen.append(look())

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for turn in range(rounds):
            write(turn)
    finally:
        done.set()
        thread.join()
    return seen


def test_a_racing_reader_sees_the_old_file_or_the_new_one_and_never_half(memory):
    path = memory / "db.env"
    versions = [bytes([65 + turn]) * (20_000 + turn) for turn in range(8)]
    destination = file(path)
    destination.write(versions[0])

    seen = while_writing(
        lambda turn: destination.write(versions[turn % 8]), path.read_bytes, rounds=1500
    )

    assert len(set(seen)) > 1
    assert set(seen) <= set(versions)


def test_a_racing_reader_never_sees_content_with_wider_rights_than_configured(memory):
    """Every name in the directory is looked at: also temporary ones."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(memory / "db.env", perms=0o640, owner=Owner(NOBODY, STRANGER))

    def look() -> set[tuple[bool, int, int, int]]:
        seen = set()
        with os.scandir(memory) as entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                final = entry.name == "db.env"
                seen.add((final, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid))
        return seen

    looks = while_writing(lambda turn: destination.write(b"%d" % turn), look, rounds=3000)

    seen = set().union(*looks)
    assert (True, 0o640, NOBODY, STRANGER) in seen
    assert {entry for entry in seen if entry[0]} == {(True, 0o640, NOBODY, STRANGER)}
    ours = (os.geteuid(), os.getegid())
    assert {entry[1:] for entry in seen} <= {
        (0o600, *ours),
        (0o600, ours[0], STRANGER),
        (0o640, ours[0], STRANGER),
        (0o640, NOBODY, STRANGER),
    }


def test_group_mode_and_user_are_set_in_an_order_that_never_opens_too_much(memory, monkeypatch):
    """The racing reader above may miss a moment; this one misses none."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    moments = []

    def watched(call):
        def record(fd: int, *values: int) -> None:
            call(fd, *values)
            found = os.fstat(fd)
            moments.append((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid))

        return record

    monkeypatch.setattr(os, "fchown", watched(os.fchown))
    monkeypatch.setattr(os, "fchmod", watched(os.fchmod))
    file(memory / "db.env", perms=0o640, owner=Owner(NOBODY, STRANGER)).write(NEW)

    assert moments == [
        (0o600, 0, STRANGER),
        (0o640, 0, STRANGER),
        (0o640, NOBODY, STRANGER),
    ]


# --- attacks -------------------------------------------------------------------------------------


def plant_link(path: Path) -> None:
    path.symlink_to(path.with_name("victim"))


def plant_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


PLANTED = {
    "is a symbolic link": plant_link,
    "is a directory": Path.mkdir,
    "is not a regular file": os.mkfifo,
    "is not a regular file ": plant_socket,
}


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(("kind", "plant"), PLANTED.items())
def test_what_is_no_regular_file_is_neither_followed_nor_replaced(memory, kind, plant, in_place):
    path = memory / "db.env"
    victim = memory / "victim"
    victim.write_bytes(b"untouched")
    destination = file(path, in_place=in_place)
    destination.write(OLD)
    path.unlink()
    plant(path)
    before = path.lstat()

    with pytest.raises(WriteError, match=f"{path} {kind.strip()}"):
        destination.write(NEW)
    with pytest.raises(WriteError, match=f"{path} {kind.strip()}"):
        destination.remove()

    assert path.lstat() == before
    assert victim.read_bytes() == b"untouched"
    assert names_in(memory) == ["db.env", "victim"]
    assert not destination.is_intact()


def test_a_link_planted_where_the_temporary_file_would_be_is_not_followed(memory, monkeypatch):
    victim = memory / "victim"
    victim.write_bytes(b"untouched")
    monkeypatch.setattr(os, "urandom", lambda size: b"\0" * size)
    planted = memory / ".db.env.vault-injector.00000000"
    planted.symlink_to(victim)

    with pytest.raises(WriteError, match="File exists"):
        file(memory / "db.env").write(NEW)

    assert victim.read_bytes() == b"untouched"
    assert names_in(memory) == [planted.name, "victim"]


def test_a_file_planted_with_the_right_content_is_replaced_not_trusted(memory):
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    memory.chmod(0o1777)
    path = memory / "db.env"
    with as_uid(STRANGER):
        path.write_bytes(NEW)
        path.chmod(0o600)

    assert file(path).write(NEW)
    assert path.stat().st_uid == 0


def test_a_directory_behind_another_users_link_is_refused_with_the_path_to_write(memory):
    real = memory / "real"
    real.mkdir()
    link = memory / "link"
    link.symlink_to(real)
    assert file(link / "db.env").write(OLD)
    assert file(link / "db.env").write(NEW), "our own links and root's are followed"
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    os.lchown(link, STRANGER, -1)

    with pytest.raises(WriteError, match=f"{link}, which belongs to uid {STRANGER}.*{real}"):
        file(link / "db.env").write(b"newest")
    assert (real / "db.env").read_bytes() == NEW


def test_a_link_that_is_swapped_while_its_directory_is_opened_is_noticed(memory):
    for name in ("harmless", "elsewhere"):
        (memory / name).mkdir()
    (memory / "link").symlink_to("elsewhere")
    with open_directory(str(memory / "link"), create=False, require_memory_backed=True) as opened:
        (memory / "link").unlink()
        (memory / "link").symlink_to("harmless")

        with pytest.raises(OSError, match="Stale"):
            foreign_link(opened.fd, str(memory / "link"))


@pytest.mark.parametrize("how", ["written", "exchanged", "gone", "a link"])
def test_what_was_changed_after_its_check_is_not_used(memory, how):
    target = file(memory / "db.env")
    target.write(OLD)
    staged = target.stage(NEW)
    assert staged is not None
    path = Path(staged.path)
    if how == "written":
        path.write_bytes(b"password=bad\n")
    else:
        path.unlink()
    if how == "exchanged":
        path.write_bytes(NEW)
    if how == "a link":
        path.symlink_to("/etc/passwd")

    with pytest.raises(WriteError, match="the new content was changed"):
        staged.commit()
    path.unlink(missing_ok=True)
    assert (memory / "db.env").read_bytes() == OLD
    assert names_in(memory) == ["db.env"]
    assert target.is_intact()


def test_a_planted_file_is_not_rolled_back_to(memory):
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    (memory / "db.env").write_bytes(b"password=theirs\n")
    os.chown(memory / "db.env", STRANGER, STRANGER)
    target = file(memory / "db.env", revertible=True)
    target.write(NEW)

    with pytest.raises(WriteError, match="no earlier content is known"):
        target.rollback()


# --- failures ------------------------------------------------------------------------------------


def test_a_full_filesystem_keeps_the_old_file_and_recovers(memory):
    small = memory / "small"
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


def test_a_short_write_is_continued(memory, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))

    file(memory / "db.env").write(NEW)

    assert (memory / "db.env").read_bytes() == NEW


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, None])
def test_a_short_write_before_the_error_leaves_the_old_file_and_nothing_else(
    memory, monkeypatch, code
):
    destination = file(memory / "db.env")
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

    assert (memory / "db.env").read_bytes() == OLD
    assert names_in(memory) == ["db.env"]


@pytest.mark.parametrize("step", ["write", "fchmod", "replace"])
def test_an_interrupt_at_any_step_leaves_no_temporary_file(memory, monkeypatch, step):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    destination = file(memory / "db.env")
    destination.write(OLD)
    monkeypatch.setattr(os, step, interrupt)

    with pytest.raises(KeyboardInterrupt):
        destination.write(NEW)

    assert names_in(memory) == ["db.env"]
    assert (memory / "db.env").read_bytes() == OLD


def test_no_descriptor_is_leaked_by_success_or_failure(memory):
    destination = file(memory / "a" / "db.env")
    destination.write(OLD)
    before = len(os.listdir("/proc/self/fd"))

    destination.write(OLD)
    destination.write(NEW)
    destination.remove()
    file(memory / "made" / "on" / "the" / "way.env").write(NEW)
    (memory / "a/db.env").mkdir()
    with pytest.raises(WriteError):
        destination.write(NEW)
    with pytest.raises(WriteError):
        file(memory / "missing" / "db.env", create_dest_dirs=False).write(NEW)

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_removed_directory_is_created_again_only_if_configured(memory):
    directory = memory / "gone"
    destination = file(directory / "db.env")
    destination.write(OLD)
    (directory / "db.env").unlink()
    directory.rmdir()

    fixed = file(directory / "db.env", create_dest_dirs=False)
    with pytest.raises(WriteError, match=r"directory does not exist.*create_dest_dirs"):
        fixed.write(OLD)
    assert destination.write(OLD)
    assert (directory / "db.env").read_bytes() == OLD


def test_an_unwritable_directory_names_path_uid_mode_and_remedy(memory):
    path = memory / "db.env"
    file(path).write(OLD)

    with as_uid(STRANGER), pytest.raises(WriteError) as caught:
        file(path).write(NEW)

    assert str(caught.value) == (
        f"write {path}: Permission denied (running as uid {STRANGER}; {memory} has mode 0755 and "
        f"belongs to uid 0): make {memory} writable for uid {STRANGER}, or run as its owner"
    )
    assert path.read_bytes() == OLD
    assert names_in(memory) == ["db.env"]


def test_a_read_only_filesystem_is_named_as_such(memory):
    point = memory / "ro"
    point.mkdir()
    with (
        mounted("-t", "tmpfs", "-o", "ro", "none", point),
        pytest.raises(WriteError, match=r"Read-only file system.*mount it writable"),
    ):
        file(point / "db.env").write(NEW)


def test_a_name_that_is_too_long_is_an_error_with_a_remedy(memory):
    with pytest.raises(WriteError, match=r"File name too long.*255"):
        file(memory / ("x" * 256)).write(NEW)


def test_changing_the_owner_without_permission_says_what_to_do(memory):
    memory.chmod(0o1777)
    path = memory / "db.env"

    with as_uid(STRANGER), pytest.raises(WriteError) as caught:
        file(path, owner=Owner(uid=1000)).write(NEW)
    assert str(caught.value) == (
        f"write {path}: cannot give it to uid 1000 (running as uid {STRANGER}): "
        "run as that uid, add CAP_CHOWN, or drop `user`"
    )
    with as_uid(STRANGER), pytest.raises(WriteError, match=r"gid 1000 .*drop `group`"):
        file(path, owner=Owner(gid=1000)).write(NEW)
    assert names_in(memory) == []


def test_a_file_owned_by_others_and_unreadable_is_compared_from_memory(memory):
    memory.chmod(0o1777)
    path = memory / "db.env"
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


def test_on_a_disk_file_and_directory_are_synced_in_memory_neither(disk, memory, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_IFMT(os.fstat(fd).st_mode)))

    file(memory / "db.env").write(NEW)
    assert synced == []
    file(disk / "db.env", require_memory_backed=False).write(NEW)
    assert synced == [stat.S_IFREG, stat.S_IFDIR]


# --- in place ------------------------------------------------------------------------------------


def test_in_place_a_mounted_file_is_overwritten_where_it_is(memory):
    host, path = memory / "host", memory / "db.env"
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
    assert names_in(memory) == ["db.env", "host"]


def test_in_place_unchanged_is_untouched_and_a_missing_file_is_created(memory):
    path = memory / "db.env"
    destination = file(path, in_place=True)
    assert destination.write(OLD)
    before = path.stat()

    assert not destination.write(OLD)
    assert path.stat() == before
    assert destination.write(NEW + NEW)
    assert (path.stat().st_ino, path.read_bytes()) == (before.st_ino, NEW + NEW)


def test_in_place_the_mode_is_right_before_the_content_is_there(memory, monkeypatch):
    path = memory / "db.env"
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


def test_in_place_a_full_filesystem_is_noticed_before_the_old_content_is_touched(memory):
    small = memory / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", small):
        destination = file(small / "db.env", in_place=True)
        destination.write(OLD)

        with pytest.raises(WriteError, match="No space left"):
            destination.write(b"x" * 200_000)
        assert (small / "db.env").read_bytes() == OLD


def test_in_place_a_planted_hard_link_or_file_is_refused(memory):
    victim = memory / "victim"
    victim.write_bytes(b"untouched")
    path = memory / "db.env"
    os.link(victim, path)
    with pytest.raises(WriteError, match="hard link"):
        file(path, in_place=True).write(NEW)
    assert victim.read_bytes() == b"untouched"

    path.unlink()
    memory.chmod(0o1777)
    with as_uid(STRANGER):
        path.write_bytes(b"")
    with pytest.raises(WriteError, match=f"belongs to uid {STRANGER}"):
        file(path, in_place=True).write(NEW)
    assert path.read_bytes() == b""


def test_in_place_a_mode_that_cannot_be_set_says_which_one_would_work(memory):
    host, path = memory / "host", memory / "db.env"
    host.write_bytes(OLD)
    host.chmod(0o666)
    path.touch()
    with mounted("--bind", host, path), as_uid(STRANGER):
        with pytest.raises(WriteError, match=r'belongs to uid 0.*`perms: "0666"`'):
            file(path, in_place=True).write(NEW)
        assert file(path, in_place=True, perms=0o666).write(NEW)
    assert host.read_bytes() == NEW


# --- owners --------------------------------------------------------------------------------------


def test_owners_are_names_numbers_or_unset():
    assert owner_of("root", "root") == Owner(0, 0)
    assert owner_of("10001", "") == Owner(10001, -1)
    assert owner_of("", "-1") == OURS


@pytest.mark.parametrize("user", ["no-such-user", "4294967295", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_owner_that_does_not_exist_is_an_error_with_a_remedy(user):
    with pytest.raises(LookupError, match=r"use its number|not a possible number"):
        owner_of(user, "")


# --- leftovers -----------------------------------------------------------------------------------


def test_sweep_removes_what_killed_runs_left_and_nothing_else(memory, monkeypatch):
    kept = {
        "db.env",
        ".db.env.swp",
        ".db.env.vault-injector.1234567",
        ".db.env.vault-injector.1234567G",
        ".db.env.vault-injector.123456789",
        "db.env.vault-injector.12345678",
        ".link.vault-injector.12345678",
        ".dir.vault-injector.12345678",
    }
    for name in kept:
        (memory / name).touch()
    plants: list[tuple[str, Callable[[Path], object]]] = [
        (".link", plant_link),
        (".dir", Path.mkdir),
    ]
    for name, plant in plants:
        path = memory / f"{name}.vault-injector.12345678"
        path.unlink()
        plant(path)
    with monkeypatch.context() as patch:  # a kill -9: no clean-up
        patch.setattr(os, "replace", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            file(memory / "db.env").write(NEW)
    [leftover] = set(names_in(memory)) - kept

    assert leftovers.remove([str(memory), str(memory), "/no/such/directory"]) == [
        str(memory / leftover)
    ]
    assert set(names_in(memory)) == kept


def test_sweep_leaves_the_files_of_other_users(memory):
    memory.chmod(0o1777)
    theirs = memory / ".db.env.vault-injector.12345678"
    theirs.touch()

    with as_uid(STRANGER):
        assert leftovers.remove([str(memory)]) == []
    assert theirs.exists()
