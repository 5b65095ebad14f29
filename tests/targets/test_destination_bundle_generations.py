"""Versions of a bundle: which are kept, for readers and for a rollback, and which are removed."""

import errno
import fcntl
import os
import shutil
import stat

import pytest

from injector.base.errors import WriteError
from injector.targets.files import Rights
from injector.targets.files.bundle import Bundle
from tests.support.bundles import (
    MEMBERS,
    ONE,
    THREE,
    TWO,
    bundle,
    deliver,
    generations,
    kill,
    names_in,
    seen,
    take,
)
from tests.support.disk import (
    STRANGER,
    as_uid,
    mounted,
)

# --- generations ---------------------------------------------------------------------------------


def test_what_was_replaced_is_held_for_readers_over_one_retirement_and_gone_at_the_next(tls):
    target = bundle(tls)
    take(target, ONE)
    reader = os.open(tls / "..data", os.O_RDONLY | os.O_DIRECTORY)
    take(target, TWO)
    target.drop_old()
    take(target, THREE)

    with open(os.open("key.pem", os.O_RDONLY, dir_fd=reader), "rb") as key:
        assert key.read() == ONE["key.pem"]
    assert len(generations(tls)) == 3

    target.drop_old()
    with pytest.raises(FileNotFoundError):
        os.open("key.pem", os.O_RDONLY, dir_fd=reader)
    os.close(reader)
    assert len(generations(tls)) == 2
    assert target.has_old

    target.drop_old()
    assert generations(tls) == {os.readlink(tls / "..data")}
    assert seen(tls) == THREE
    assert not target.has_old


@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_replaced_generation_is_not_waited_for_and_left_alone(tls):
    """Python 3.11's rmtree and fwalk open what has the name, whatever it is."""
    target = bundle(tls)
    take(target, ONE)
    [first] = generations(tls)
    take(target, TWO)
    shutil.rmtree(tls / first)
    os.mkfifo(tls / first)

    target.drop_old()
    target.drop_old()
    take(target, THREE)
    target.remove_leftovers()

    assert stat.S_ISFIFO((tls / first).lstat().st_mode)
    assert seen(tls) == THREE


def test_only_so_many_generations_are_held_but_always_the_accepted_one(tls):
    target = bundle(tls)
    take(target, ONE)
    for turn in range(20):
        deliver(target, TWO | {"key.pem": b"%d" % turn})

    assert len(generations(tls)) == 1 + 8 + 1
    target.drop_old()
    target.drop_old()
    assert len(generations(tls)) == 2
    target.rollback()
    assert seen(tls) == ONE


def test_held_generations_make_room_for_a_new_one(tls):
    tls.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", tls):
        target = bundle(tls, {"key.pem": Rights()})
        for turn in range(10):
            take(target, {"key.pem": b"%d" % turn * 20_000})
            assert (tls / "key.pem").read_bytes() == b"%d" % turn * 20_000
        target.close()


def test_at_the_end_only_what_readers_see_stays(tls):
    target = bundle(tls)
    take(target, ONE)
    deliver(target, TWO)
    os.chmod((tls / "..data").resolve(), 0o700)  # by somebody: not taken for ours any more
    deliver(target, THREE)
    target.accept()

    target.close()

    assert generations(tls) == {os.readlink(tls / "..data")}
    assert seen(tls) == THREE


def test_the_next_process_rolls_back_to_what_was_accepted_before_this_one_ended(tls):
    before = bundle(tls)
    take(before, ONE)
    deliver(before, TWO)
    before.close()
    assert len(generations(tls)) == 2

    after = bundle(tls)
    after.recall(before.content_hash, before.identity, before.earlier)
    assert after.remove_leftovers() == []
    assert after.is_intact()
    assert after.stage(TWO) is None
    after.rollback()

    assert seen(tls) == ONE
    assert after.earlier is None
    after.close()
    assert len(generations(tls)) == 1


def test_killed_before_the_record_the_generation_of_the_record_is_what_was_accepted(tls):
    before = bundle(tls)
    take(before, ONE)
    recorded = before.content_hash, before.identity, before.earlier
    deliver(before, TWO)

    after = bundle(tls)
    after.recall(*recorded)
    assert after.remove_leftovers() == []
    after.rollback()

    assert seen(tls) == ONE


def test_what_another_run_left_since_the_record_counts_as_accepted(tls):
    before = bundle(tls)
    take(before, ONE)
    recorded = before.content_hash, before.identity, before.earlier
    other = bundle(tls)
    take(other, TWO)
    other.close()

    after = bundle(tls)
    after.recall(*recorded)
    deliver(after, THREE)
    after.rollback()

    assert seen(tls) == TWO


@pytest.mark.parametrize("earlier", [b"..vault-injector.00000000", b"../elsewhere"])
def test_what_the_next_process_cannot_find_it_does_not_roll_back_to(tls, earlier):
    before = bundle(tls)
    take(before, ONE)
    after = bundle(tls)
    after.recall(before.content_hash, before.identity, earlier)

    with pytest.raises(WriteError, match="no earlier generation is known"):
        after.rollback()
    assert seen(tls) == ONE


def test_without_rollback_what_was_replaced_is_removed_like_any_other(tls):
    target = Bundle(str(tls), MEMBERS, require_memory_backed=True)
    deliver(target, ONE)
    deliver(target, TWO)

    assert target.earlier is None
    target.drop_old()
    target.drop_old()
    assert len(generations(tls)) == 1


def test_what_no_rollback_needs_is_removed(tls):
    before = bundle(tls)
    take(before, ONE)
    deliver(before, TWO)

    after = Bundle(str(tls), MEMBERS, require_memory_backed=True)  # by a reload
    after.memory = before.memory
    assert after.stage(TWO) is None

    assert after.earlier is None
    after.drop_old()
    after.drop_old()
    assert len(generations(tls)) == 1


def test_rollback_returns_to_what_was_accepted_however_many_changes_ago(tls):
    target = bundle(tls)
    deliver(target, ONE)
    target.accept()
    first = target.content_hash
    deliver(target, TWO)
    deliver(target, THREE)
    assert len(generations(tls)) == 3, "the accepted one, the one before and the one that is seen"

    target.rollback()

    assert seen(tls) == ONE
    assert target.is_intact()
    assert target.content_hash == first
    with pytest.raises(WriteError, match="it already has the last accepted generation"):
        target.rollback()
    assert target.stage(ONE) is None
    target.drop_old()
    assert len(generations(tls)) == 3, "readers of the refused ones can finish"
    target.drop_old()
    assert len(generations(tls)) == 1
    deliver(target, TWO)
    assert seen(tls) == TWO


def test_what_another_run_left_counts_as_accepted(tls):
    deliver(bundle(tls), ONE)
    target = bundle(tls, {"token": Rights()})
    deliver(target, {"token": b"t"})
    deliver(target, {"token": b"u"})
    assert names_in(tls) - generations(tls) == {"..data", "token"}

    target.rollback()

    assert seen(tls) == ONE
    assert names_in(tls) - generations(tls) == {"..data", "cert.pem", "key.pem", "conf"}


def test_without_an_accepted_generation_there_is_no_rollback(tls):
    target = bundle(tls)
    deliver(target, ONE)
    deliver(target, TWO)
    with pytest.raises(WriteError, match="no earlier generation is known"):
        target.rollback()
    assert seen(tls) == TWO


def test_a_rollback_to_a_generation_that_is_gone_changes_nothing(tls):
    target = bundle(tls)
    deliver(target, ONE)
    target.accept()
    [first] = generations(tls)
    deliver(target, TWO)
    (tls / first).rename(tls.parent / "gone")

    with pytest.raises(WriteError):
        target.rollback()
    assert seen(tls) == TWO
    assert target.is_intact()


def test_remove_removes_everything_of_ours(tls):
    target = bundle(tls)
    deliver(target, ONE)
    deliver(target, TWO)
    (tls / "theirs").touch()

    target.remove()
    target.remove()

    assert names_in(tls) == {"theirs"}
    assert not target.is_intact()
    assert target.content_hash == ""
    bundle(tls.parent / "never-made").remove()


# --- sweeping ------------------------------------------------------------------------------------


def test_sweep_removes_what_killed_runs_left_and_nothing_else(tls):
    deliver(bundle(tls), ONE)
    kept = names_in(tls)
    strange = {
        "..vault-injector.file1234",
        "..2026_01_01_00_00_00.123456789",
        "..vault-injector.0000000f",
        "elsewhere",
        "theirs",
    }
    (tls / "..vault-injector.file1234").mkdir()
    (tls / "..2026_01_01_00_00_00.123456789").mkdir()
    (tls / "..vault-injector.0000000f").touch()
    (tls / "elsewhere").symlink_to("..data/other")
    (tls / "theirs").touch()
    killed = bundle(tls)
    leftover = killed.stage(TWO)
    assert leftover is not None
    kill(killed)
    (tls / "..data_tmp").symlink_to("..vault-injector.00000000")
    (tls / "old.pem").symlink_to("..data/old.pem")

    removed = bundle(tls).remove_leftovers()

    assert removed == [leftover.path, f"{tls}/..data_tmp", f"{tls}/old.pem"]
    assert names_in(tls) == kept | strange
    assert bundle(tls).remove_leftovers() == []
    assert bundle(tls.parent / "never-made").remove_leftovers() == []


def test_sweep_drops_no_live_link_after_a_scan_that_failed(tls, monkeypatch):
    """Readers would be left with nothing, because a directory could not be listed for once."""
    deliver(bundle(tls), ONE)

    def failing(real):
        def fail(directory="."):
            path = os.readlink(f"/proc/self/fd/{directory}") if type(directory) is int else ""
            if "..vault-injector." in path:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(directory)

        return fail

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", failing(os.listdir))
        patch.setattr(os, "scandir", failing(os.scandir))
        bundle(tls).remove_leftovers()

    assert seen(tls) == ONE


def test_sweep_leaves_what_belongs_to_others(tls):
    deliver(bundle(tls), ONE)
    tls.chmod(0o1777)
    (tls / "..vault-injector.0000000f").mkdir()
    before = names_in(tls)

    with as_uid(STRANGER):
        bundle(tls).remove_leftovers()

    assert names_in(tls) == before


def test_sweep_of_a_running_bundle_keeps_what_rollback_needs(tls):
    target = bundle(tls)
    deliver(target, ONE)
    target.accept()
    deliver(target, TWO)
    assert target.remove_leftovers() == []
    target.rollback()
    assert seen(tls) == ONE


def test_another_injector_removes_nothing_that_this_one_keeps_for_readers_or_a_rollback(tls):
    target, once = bundle(tls), bundle(tls)
    take(target, ONE)
    deliver(target, TWO)
    before = names_in(tls)

    assert once.remove_leftovers() == []
    assert once.stage(TWO) is None
    once.close()

    assert names_in(tls) == before
    target.rollback()
    assert seen(tls) == ONE


def test_nor_after_the_directory_was_removed_and_made_again(tls):
    target, once = bundle(tls), bundle(tls)
    take(target, ONE)
    deliver(target, TWO)
    shutil.rmtree(tls)
    deliver(target, ONE)
    deliver(target, TWO)
    before = names_in(tls)

    assert once.remove_leftovers() == []

    assert names_in(tls) == before


def test_another_injector_removes_nothing_that_is_being_checked(tls):
    target, once = bundle(tls), bundle(tls)
    staged = target.stage(ONE)
    assert staged is not None

    assert once.remove_leftovers() == []
    once.close()

    staged.commit()
    assert seen(tls) == ONE


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX], ids=["shared", "exclusive"])
def test_a_lock_of_somebody_else_holds_nothing_up_and_spares_nothing_of_ours(tls, kind):
    target = bundle(tls)
    take(target, ONE)
    theirs = os.open(tls, os.O_RDONLY)
    fcntl.flock(theirs, kind)

    take(target, TWO)
    target.close()

    os.close(theirs)
    assert seen(tls) == TWO
    assert len(generations(tls)) == 1


def test_nothing_is_locked_once_nothing_is_kept(tls):
    target = bundle(tls)
    take(target, ONE)
    take(target, TWO)
    target.drop_old()
    target.drop_old()

    theirs = os.open(tls, os.O_RDONLY)
    fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(theirs)
