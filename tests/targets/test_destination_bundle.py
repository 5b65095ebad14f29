"""Bundles on a real tmpfs: members that change together or not at all."""

import errno
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from injector.base.errors import ConfigError, WriteError
from injector.targets.files import Owner, Rights
from injector.targets.files.bundle import Bundle
from injector.targets.files.bundle_preflight import bundle_problems
from injector.targets.files.bundle_version import digest
from injector.targets.files.regular import identity
from tests.support.disk import (
    NOBODY,
    STRANGER,
    as_uid,
    memory_backed_directory,
    mounted,
    require_disk,
)

MEMBERS = {"cert.pem": Rights(0o644), "key.pem": Rights(0o400), "conf/ca.pem": Rights(0o644)}
ONE = {"cert.pem": b"cert 1", "key.pem": b"key 1", "conf/ca.pem": b"ca 1"}
TWO = {"cert.pem": b"cert 2", "key.pem": b"key 2", "conf/ca.pem": b"ca 2"}
THREE = {"cert.pem": b"cert 3", "key.pem": b"key 3", "conf/ca.pem": b"ca 3"}


@pytest.fixture
def tls() -> Iterator[Path]:
    with memory_backed_directory() as path:
        yield path / "tls"


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


# --- the shape -----------------------------------------------------------------------------------


def test_the_shape_is_the_one_of_projected_volumes(tls):
    old_umask = os.umask(0o777)
    try:
        target = bundle(tls)
        deliver(target, ONE)
    finally:
        os.umask(old_umask)

    [generation] = generations(tls)
    assert names_in(tls) == {"cert.pem", "key.pem", "conf", "..data", generation}
    assert os.readlink(tls / "..data") == generation
    assert os.readlink(tls / "cert.pem") == "..data/cert.pem"
    assert os.readlink(tls / "conf") == "..data/conf"
    assert seen(tls) == ONE
    modes = {name: stat.S_IMODE((tls / name).stat().st_mode) for name in [".", "..data", "conf"]}
    assert modes == {".": 0o755, "..data": 0o755, "conf": 0o755}
    assert {m: stat.S_IMODE((tls / m).stat().st_mode) for m in MEMBERS} == {
        member: rights.perms for member, rights in MEMBERS.items()
    }
    assert target.is_intact()


def test_owners_are_given(tls):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    members = {"key.pem": Rights(0o440, Owner(NOBODY, STRANGER))}
    deliver(bundle(tls, members), {"key.pem": b"x"})

    found = (tls / "key.pem").stat()
    assert (found.st_uid, found.st_gid) == (NOBODY, STRANGER)
    assert bundle(tls, members).stage({"key.pem": b"x"}) is None


def test_a_generation_is_invisible_before_it_is_committed(tls):
    target = bundle(tls)
    deliver(target, ONE)

    staged = target.stage(TWO)

    assert staged is not None
    assert seen(tls) == ONE
    assert seen(Path(staged.path)) == TWO
    assert staged.content_hash != target.content_hash
    staged.commit()
    assert seen(tls) == TWO
    assert staged.content_hash == target.content_hash


def test_a_discarded_generation_leaves_nothing(tls):
    target = bundle(tls)
    deliver(target, ONE)
    before = names_in(tls)

    staged = target.stage(TWO)
    assert staged is not None
    staged.discard()

    assert names_in(tls) == before
    assert seen(tls) == ONE
    assert target.is_intact()


@pytest.mark.parametrize("same_run", [True, False])
def test_an_identical_generation_is_not_touched(tls, same_run):
    target = bundle(tls)
    deliver(target, ONE)
    before = snapshot(tls)

    again = target if same_run else bundle(tls)
    assert again.stage(ONE) is None

    assert snapshot(tls) == before
    assert again.is_intact()
    assert again.content_hash == target.content_hash


TAMPERING = {
    "content": lambda tls: (tls / "cert.pem").write_bytes(b"CERT 1"),
    "mode": lambda tls: (tls / "key.pem").chmod(0o444),
    "member removed": lambda tls: (tls / "..data" / "key.pem").unlink(),
    "generation open to all": lambda tls: (tls / "..data").chmod(0o777),
    "link removed": lambda tls: (tls / "conf").unlink(),
    "data removed": lambda tls: (tls / "..data").unlink(),
    "generation removed": lambda tls: [
        path.unlink() if path.is_file() else path.rmdir()
        for path in [*(tls / "..data").resolve().rglob("*.pem"), (tls / "conf").resolve()]
    ],
}


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING)
@pytest.mark.parametrize("same_run", [True, False])
def test_what_somebody_changed_is_noticed_and_written_again(tls, tamper, same_run):
    target = bundle(tls)
    deliver(target, ONE)
    for path in (tls / "..data").resolve().rglob("*.pem"):
        os.utime(path, ns=(0, 0))  # the clock of a tmpfs ticks every few milliseconds only
    assert not target.is_intact()
    assert target.stage(ONE) is None
    assert target.is_intact()

    tamper(tls)

    deliver(target if same_run else bundle(tls), ONE)
    assert seen(tls) == ONE


@pytest.mark.parametrize("name", [*MEMBERS, "conf", "..data"])
def test_a_stat_reveals_that_somebody_removed_a_member_or_the_path_to_it(tls, name):
    target = bundle(tls)
    assert not target.is_intact()
    deliver(target, ONE)
    assert target.is_intact()
    (tls / name).unlink()
    assert not target.is_intact()


def test_the_hash_covers_names_and_contents_separately():
    assert digest({"a": b"bc"}) != digest({"ab": b"c"})
    assert digest({"a": b"x", "b": b"y"}) != digest({"a": b"y", "b": b"x"})
    assert digest({"a": b"x", "b": b"y"}) == digest({"b": b"y", "a": b"x"})


def test_a_generation_with_an_added_member_is_not_identical(tls):
    deliver(bundle(tls), ONE)
    (tls / "..data" / "extra").touch()
    assert bundle(tls).stage(ONE) is not None


def test_other_members_come_and_go_with_the_swap(tls):
    deliver(bundle(tls), ONE)

    other = {"cert.pem": Rights(), "deep/er/token": Rights()}
    deliver(bundle(tls, other), {"cert.pem": b"c", "deep/er/token": b"t"})

    assert seen(tls, other) == {"cert.pem": b"c", "deep/er/token": b"t"}
    assert names_in(tls) - generations(tls) == {"..data", "cert.pem", "deep"}


# --- generations ---------------------------------------------------------------------------------


def take(target: Bundle, contents: dict[str, bytes]) -> None:
    deliver(target, contents)
    target.accept()


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


# --- what a reader can see -----------------------------------------------------------------------

READER = """
import json, os, random, select, sys
directory, names = sys.argv[1], ["a", "b", "c"]
def read(name, fd):
    with open(os.open(name, os.O_RDONLY, dir_fd=fd), "rb") as file:
        return file.read()
counts = {"whole": 0, "retired": 0, "mixed": 0, "generations": set()}
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    fd = None
    try:
        fd = os.open(directory + "/..data", os.O_RDONLY | os.O_DIRECTORY)
        found = {read(name, fd) for name in random.sample(names, 3)}
    except FileNotFoundError:
        counts["retired"] += 1  # two swaps while it was on its way
    else:
        counts["whole" if len(found) == 1 else "mixed"] += 1
        counts["generations"] |= {content.decode()[:8] for content in found}
    if fd is not None:
        os.close(fd)
counts["generations"] = len(counts["generations"])
print(json.dumps(counts))
"""


def test_a_racing_reader_that_opens_data_once_never_mixes_generations(tls):
    members = dict.fromkeys(["a", "b", "c"], Rights())
    target = bundle(tls, members)
    deliver(target, dict.fromkeys(members, b"%08d" % 0))
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(tls)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"

        for turn in range(1, 201):
            deliver(target, dict.fromkeys(members, b"%08d" % turn * (turn * 7)))
        answer, _ = reader.communicate("stop")

    counts = json.loads(answer)
    assert counts["mixed"] == 0
    assert counts["whole"] > 0
    assert counts["generations"] > 1


def test_a_kill_between_any_two_steps_leaves_one_whole_generation(tls, monkeypatch):
    """Every call that changes the disk is cut off in turn, as if the process ended there."""
    changing = ["mkdir", "open", "write", "fchmod", "symlink", "unlink", "replace", "rmdir"]
    real = {name: getattr(os, name) for name in changing}
    cuts = 0
    while True:
        target = bundle(tls)
        if target.stage(ONE) is not None:
            target.remove_leftovers()
            deliver(target, ONE)
        left = cuts

        def cut(name):
            def call(*args, **kwargs):
                nonlocal left
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                return real[name](*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            for name in changing:
                patch.setattr(os, name, cut(name))
            try:
                deliver(target, TWO)
            except KeyboardInterrupt:
                finished = False
            else:
                finished = True

        assert seen(tls) in (ONE, TWO)
        kill(target)
        after = bundle(tls)
        after.remove_leftovers()
        assert len(generations(tls)) == 1
        assert names_in(tls) - generations(tls) == {"..data", "cert.pem", "key.pem", "conf"}
        assert seen(tls) in (ONE, TWO)
        if finished:
            break
        cuts += 1
    assert cuts > 15
    assert seen(tls) == TWO


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


# --- refusals and failures -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("/etc/shadow", "must be relative"),
        ("../up", "must not leave"),
        ("a/../../up", "must not leave"),
        ("a//b", "must be written without"),
        ("./a", "must be written without"),
        ("a/", "must be written without"),
        ("", "must be written without"),
        ("a\0b", "must be written without"),
        ("..data", "the bundle's own"),
        ("..x/y", "the bundle's own"),
    ],
)
def test_a_member_that_would_leave_the_directory_or_break_its_shape_is_refused(
    tls, member, problem
):
    with pytest.raises(ConfigError, match=problem):
        bundle(tls, {"cert.pem": Rights(), member: Rights()})
    assert not tls.exists()


def plant_file(tls: Path) -> None:
    (tls / "cert.pem").write_bytes(b"theirs")


def plant_link(tls: Path) -> None:
    (tls / "cert.pem").symlink_to("/etc/passwd")


def plant_directory(tls: Path) -> None:
    (tls / "conf").mkdir()


def plant_kubelet(tls: Path) -> None:
    (tls / "..2026_01_01").mkdir()
    (tls / "..data").symlink_to("..2026_01_01")


def plant_data(tls: Path) -> None:
    (tls / "..data").mkdir()


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (plant_file, "cert.pem is a file that the bundle did not create, and is left alone"),
        (plant_link, "cert.pem is a symbolic link, which is neither followed nor replaced"),
        (plant_directory, "conf is a directory, and is left alone"),
        (plant_kubelet, "..data is ..2026_01_01, which is not ours, and is left alone"),
        (plant_data, "..data is something that is not a link, which is not ours"),
    ],
)
def test_what_is_not_ours_in_the_directory_is_left_alone(tls, plant, reason):
    tls.mkdir()
    plant(tls)
    before = snapshot(tls)

    with pytest.raises(WriteError, match=re.escape(reason)):
        bundle(tls).stage(ONE)

    assert snapshot(tls) == before
    [problem] = bundle_problems(str(tls), MEMBERS, require_memory_backed=True)
    assert reason in problem


def test_something_planted_between_stage_and_commit_fails_the_commit_and_leaves_nothing(tls):
    target = bundle(tls)
    staged = target.stage(ONE)
    assert staged is not None
    plant_link(tls)

    with pytest.raises(WriteError, match="neither followed nor replaced"):
        staged.commit()
    assert names_in(tls) == {"cert.pem"}


def test_a_directory_that_vanishes_during_a_write_is_made_again_by_the_next_one(tls):
    target = bundle(tls)
    staged = target.stage(ONE)
    assert staged is not None
    shutil.rmtree(tls)

    with pytest.raises(WriteError, match="somebody removed the directory meanwhile") as caught:
        staged.commit()
    assert "create_dest_dirs" not in str(caught.value)  # which a bundle does not have
    deliver(target, ONE)
    assert seen(tls) == ONE


def test_what_was_changed_after_its_check_is_not_used(tls):
    target = bundle(tls)
    deliver(target, ONE)
    staged = target.stage(TWO)
    assert staged is not None
    Path(staged.path, "cert.pem").write_bytes(b"bad")

    with pytest.raises(WriteError, match="the new content was changed between its check"):
        staged.commit()
    assert seen(tls) == ONE
    assert len(generations(tls)) == 1


def test_a_mount_point_in_the_way_is_named_with_a_remedy_that_a_bundle_has(tls):
    target = bundle(tls)
    staged = target.stage(ONE)
    assert staged is not None
    left = Path(staged.path, "left by a check")
    left.mkdir()

    with mounted("-t", "tmpfs", "none", left), pytest.raises(WriteError) as failed:
        staged.commit()

    assert str(failed.value).endswith("a mount point is in the way: mount the directory instead")
    target.remove_leftovers()
    assert generations(tls) == set()


def test_a_generation_that_somebody_changed_is_not_rolled_back_to(tls):
    target = bundle(tls)
    deliver(target, ONE)
    target.accept()
    [first] = generations(tls)
    deliver(target, TWO)
    (tls / first / "cert.pem").write_bytes(b"bad")

    with pytest.raises(WriteError, match="somebody changed or removed the last accepted"):
        target.rollback()
    assert seen(tls) == TWO


def test_a_generation_that_somebody_else_made_is_not_trusted(tls):
    deliver(bundle(tls), ONE)
    os.chown(tls, STRANGER, -1)
    with as_uid(STRANGER):
        target = bundle(tls, {"cert.pem": Rights(0o644)})
        deliver(target, {"cert.pem": b"planted"})
        planted = os.readlink(tls / "..data")

    os.chown(tls, 0, -1)
    os.chown((tls / "cert.pem").resolve(), 0, -1)  # only the directory tells
    staged = bundle(tls, {"cert.pem": Rights(0o644)}).stage({"cert.pem": b"planted"})
    assert staged is not None
    staged.commit()
    assert os.readlink(tls / "..data") != planted
    assert (tls / "cert.pem").stat().st_uid == 0


def test_members_owned_by_others_and_unreadable_are_compared_from_memory(tls):
    tls.mkdir()
    tls.chmod(0o1777)
    with as_uid(STRANGER):
        target = bundle(tls, {"key.pem": Rights(0o200)})
        deliver(target, {"key.pem": b"x"})
        assert target.stage({"key.pem": b"x"}) is None
        assert target.stage({"key.pem": b"y"}) is not None
        stranger = bundle(tls, {"key.pem": Rights(0o200)})
        assert stranger.stage({"key.pem": b"x"}) is not None
        successor = bundle(tls, {"key.pem": Rights(0o200)})
        successor.recall(target.content_hash, target.identity, None)
        assert successor.stage({"key.pem": b"x"}) is None


def test_a_full_filesystem_keeps_the_old_generation_and_nothing_of_the_new(tls):
    tls.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", tls):
        target = bundle(tls)
        deliver(target, ONE)
        before = names_in(tls)

        with pytest.raises(WriteError, match=r"No space left.*sizeLimit"):
            target.stage(TWO | {"conf/ca.pem": b"x" * 200_000})

        assert names_in(tls) == before
        assert seen(tls) == ONE
        assert target.is_intact()
        deliver(target, TWO)
        target.close()


@pytest.mark.parametrize("step", ["symlink", "replace"])
def test_a_failing_swap_leaves_the_old_generation_and_nothing_of_the_new(tls, monkeypatch, step):
    target = bundle(tls)
    deliver(target, ONE)
    before = names_in(tls)
    staged = target.stage(TWO)
    assert staged is not None

    def refuse(*_, **__):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(WriteError, match="quota"):
            staged.commit()

    assert names_in(tls) == before
    assert seen(tls) == ONE
    assert target.is_intact()


def test_a_leftover_of_a_killed_swap_does_not_stop_the_next_one(tls):
    target = bundle(tls)
    deliver(target, ONE)
    (tls / "..data_tmp").symlink_to("..vault-injector.00000000")

    deliver(target, TWO)
    assert seen(tls) == TWO
    assert "..data_tmp" not in names_in(tls)


def test_what_fails_after_the_swap_does_not_take_the_new_generation_away(tls, monkeypatch):
    target = bundle(tls)
    deliver(target, ONE)
    staged = target.stage(TWO)
    assert staged is not None
    before, listdir = os.readlink(tls / "..data"), os.listdir

    def refuse_once_swapped(directory):
        if os.readlink(tls / "..data") != before:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return listdir(directory)

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse_once_swapped)
        with pytest.raises(WriteError, match="Input/output error"):
            staged.commit()

    assert seen(tls) == TWO
    assert target.stage(TWO) is None


def test_a_directory_that_this_user_cannot_write_names_path_uid_and_mode(tls):
    deliver(bundle(tls), ONE)
    with as_uid(STRANGER):
        with pytest.raises(WriteError) as caught:
            bundle(tls).stage(TWO)
        [problem] = bundle_problems(str(tls), MEMBERS, require_memory_backed=True)

    where = f"{tls} has mode 0755 and belongs to uid 0"
    assert f"write {tls}: Permission denied (running as uid {STRANGER}; {where})" in str(
        caught.value
    )
    assert f"{tls} is not writable for uid {STRANGER} ({where})" in problem


def test_a_bundle_off_memory_is_refused_before_anything_is_made(tmp_path):
    disk = require_disk(tmp_path)
    with pytest.raises(WriteError, match="require_memory_backed"):
        bundle(disk / "tls").stage(ONE)
    assert names_in(disk) == set()

    target = bundle(disk / "tls", require_memory_backed=False)
    deliver(target, ONE)
    assert seen(disk / "tls") == ONE
    assert target.stage(ONE) is None


def test_a_good_bundle_has_no_problems_before_and_after(tls):
    assert bundle_problems(str(tls), MEMBERS, require_memory_backed=True) == []
    deliver(bundle(tls), ONE)
    assert bundle_problems(str(tls), MEMBERS, require_memory_backed=True) == []
    assert bundle_problems("tls", MEMBERS, require_memory_backed=True) == [
        "'tls' is not an absolute path"
    ]


def test_no_descriptor_is_leaked_by_success_or_failure(tls):
    target = bundle(tls)
    deliver(target, ONE)
    target.accept()
    before = len(os.listdir("/proc/self/fd"))

    deliver(target, TWO)
    target.stage(TWO)
    target.rollback()
    target.drop_old()
    plant = tls / "key.pem"
    plant.unlink()
    plant.touch()
    with pytest.raises(WriteError):
        target.stage(THREE)
    plant.unlink()
    target.close()

    assert len(os.listdir("/proc/self/fd")) == before
