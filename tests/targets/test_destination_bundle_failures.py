"""A bundle that cannot be written: the old version stays, and what is not ours is left alone."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from injector.base.errors import ConfigError, WriteError
from injector.targets.files import Rights
from injector.targets.files.bundle_preflight import bundle_problems
from tests.support.bundles import (
    MEMBERS,
    ONE,
    THREE,
    TWO,
    bundle,
    deliver,
    generations,
    names_in,
    seen,
    snapshot,
)
from tests.support.disk import (
    STRANGER,
    as_uid,
    mounted,
    require_disk,
)

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
