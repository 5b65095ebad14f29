"""One destination on a real tmpfs: never half, never open to the wrong people, and no trap."""

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from injector.base.errors import WriteError
from injector.targets.files import Owner
from injector.targets.files.directory import open_directory
from injector.targets.files.links import foreign_link
from tests.support.disk import (
    NOBODY,
    STRANGER,
    as_uid,
)
from tests.support.files import NEW, OLD, file, names_in, plant_link

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


def test_a_racing_reader_sees_the_old_file_or_the_new_one_and_never_half(ram):
    path = ram / "db.env"
    versions = [bytes([65 + turn]) * (20_000 + turn) for turn in range(8)]
    destination = file(path)
    destination.write(versions[0])

    seen = while_writing(
        lambda turn: destination.write(versions[turn % 8]), path.read_bytes, rounds=1500
    )

    assert len(set(seen)) > 1
    assert set(seen) <= set(versions)


def test_a_racing_reader_never_sees_content_with_wider_rights_than_configured(ram):
    """Every name in the directory is looked at: also temporary ones."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(ram / "db.env", perms=0o640, owner=Owner(NOBODY, STRANGER))

    def look() -> set[tuple[bool, int, int, int]]:
        seen = set()
        with os.scandir(ram) as entries:
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


def test_group_mode_and_user_are_set_in_an_order_that_never_opens_too_much(ram, monkeypatch):
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
    file(ram / "db.env", perms=0o640, owner=Owner(NOBODY, STRANGER)).write(NEW)

    assert moments == [
        (0o600, 0, STRANGER),
        (0o640, 0, STRANGER),
        (0o640, NOBODY, STRANGER),
    ]


# --- attacks -------------------------------------------------------------------------------------


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
def test_what_is_no_regular_file_is_neither_followed_nor_replaced(ram, kind, plant, in_place):
    path = ram / "db.env"
    victim = ram / "victim"
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
    assert names_in(ram) == ["db.env", "victim"]
    assert not destination.is_intact()


def test_a_link_planted_where_the_temporary_file_would_be_is_not_followed(ram, monkeypatch):
    victim = ram / "victim"
    victim.write_bytes(b"untouched")
    monkeypatch.setattr(os, "urandom", lambda size: b"\0" * size)
    planted = ram / ".db.env.vault-injector.00000000"
    planted.symlink_to(victim)

    with pytest.raises(WriteError, match="File exists"):
        file(ram / "db.env").write(NEW)

    assert victim.read_bytes() == b"untouched"
    assert names_in(ram) == [planted.name, "victim"]


def test_a_file_planted_with_the_right_content_is_replaced_not_trusted(ram):
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    ram.chmod(0o1777)
    path = ram / "db.env"
    with as_uid(STRANGER):
        path.write_bytes(NEW)
        path.chmod(0o600)

    assert file(path).write(NEW)
    assert path.stat().st_uid == 0


def test_a_directory_behind_another_users_link_is_refused_with_the_path_to_write(ram):
    real = ram / "real"
    real.mkdir()
    link = ram / "link"
    link.symlink_to(real)
    assert file(link / "db.env").write(OLD)
    assert file(link / "db.env").write(NEW), "our own links and root's are followed"
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    os.lchown(link, STRANGER, -1)

    with pytest.raises(WriteError, match=f"{link}, which belongs to uid {STRANGER}.*{real}"):
        file(link / "db.env").write(b"newest")
    assert (real / "db.env").read_bytes() == NEW


def test_a_link_that_is_swapped_while_its_directory_is_opened_is_noticed(ram):
    for name in ("harmless", "elsewhere"):
        (ram / name).mkdir()
    (ram / "link").symlink_to("elsewhere")
    with open_directory(str(ram / "link"), create=False, require_memory_backed=True) as opened:
        (ram / "link").unlink()
        (ram / "link").symlink_to("harmless")

        with pytest.raises(OSError, match="Stale"):
            foreign_link(opened.fd, str(ram / "link"))


@pytest.mark.parametrize("how", ["written", "exchanged", "gone", "a link"])
def test_what_was_changed_after_its_check_is_not_used(ram, how):
    target = file(ram / "db.env")
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
    assert (ram / "db.env").read_bytes() == OLD
    assert names_in(ram) == ["db.env"]
    assert target.is_intact()


def test_a_planted_file_is_not_rolled_back_to(ram):
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    (ram / "db.env").write_bytes(b"password=theirs\n")
    os.chown(ram / "db.env", STRANGER, STRANGER)
    target = file(ram / "db.env", revertible=True)
    target.write(NEW)

    with pytest.raises(WriteError, match="no earlier content is known"):
        target.rollback()
