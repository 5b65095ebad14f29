"""One destination on a real tmpfs: written whole or not at all, repaired, and rolled back."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from injector.base.errors import WriteError
from injector.targets.files import OURS, Owner, leftovers, owner_of
from tests.support.disk import (
    NOBODY,
    STRANGER,
    as_uid,
)
from tests.support.files import NEW, OLD, file, mode_of, names_in, plant_link

# --- what a write leaves -------------------------------------------------------------------------


def test_a_file_has_its_content_and_mode_whatever_the_umask(ram):
    old_umask = os.umask(0o777)
    try:
        changed = file(ram / "a" / "b" / "db.env", perms=0o640).write(NEW)
    finally:
        os.umask(old_umask)

    assert changed
    assert (ram / "a/b/db.env").read_bytes() == NEW
    assert mode_of(ram / "a/b/db.env") == 0o640
    assert [mode_of(ram / "a"), mode_of(ram / "a/b")] == [0o755, 0o755]
    assert names_in(ram / "a/b") == ["db.env"]


def test_a_created_directory_keeps_the_group_of_a_set_group_id_parent(ram):
    ram.chmod(0o2775)

    file(ram / "made" / "db.env").write(NEW)

    assert mode_of(ram / "made") == 0o2755


def test_unchanged_content_is_not_touched_even_by_another_run(ram):
    path = ram / "db.env"
    file(path).write(OLD)
    before = path.stat()

    again = file(path)
    assert not again.write(OLD)

    assert path.stat() == before
    assert again.is_intact()
    assert again.content_hash == hashlib.sha256(OLD).hexdigest()


@pytest.mark.parametrize("content", [b"", b"x", b"password=older\n", b"password=OLD\n"])
def test_other_content_is_written_even_of_the_same_length(ram, content):
    destination = file(ram / "db.env")
    destination.write(OLD)

    assert destination.write(content)
    assert (ram / "db.env").read_bytes() == content
    assert not destination.write(content)


def test_wrong_mode_is_repaired_by_a_new_file_so_that_nobody_holds_the_old_one_open(ram):
    path = ram / "db.env"
    file(path).write(OLD)
    path.chmod(0o644)
    inode = path.stat().st_ino

    assert file(path).write(OLD)
    assert mode_of(path) == 0o600
    assert path.stat().st_ino != inode


def test_wrong_owner_is_repaired(ram):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    path = ram / "db.env"
    file(path).write(OLD)
    os.chown(path, NOBODY, -1)

    assert file(path).write(OLD)
    assert path.stat().st_uid == 0


def test_user_and_group_are_given(ram):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(ram / "db.env", owner=Owner(NOBODY, STRANGER), perms=0o440)

    assert destination.write(NEW)
    found = (ram / "db.env").stat()
    assert (found.st_uid, found.st_gid, mode_of(ram / "db.env")) == (NOBODY, STRANGER, 0o440)
    assert not destination.write(NEW)


def test_set_id_bits_survive_the_change_of_owner(ram):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    destination = file(ram / "db.env", owner=Owner(NOBODY), perms=0o6750)

    destination.write(NEW)
    assert mode_of(ram / "db.env") == 0o6750
    assert not destination.write(NEW)


def test_another_hard_link_keeps_the_old_content(ram):
    path = ram / "db.env"
    destination = file(path)
    destination.write(OLD)
    os.link(path, ram / "kept")

    destination.write(NEW)

    assert (ram / "kept").read_bytes() == OLD
    assert path.read_bytes() == NEW


def test_a_very_long_name_still_has_room_for_its_temporary_file(ram):
    path = ram / ("ü" * 127)
    assert file(path).write(NEW)
    assert path.read_bytes() == NEW


def test_remove_removes_the_file_even_if_it_is_already_gone(ram):
    destination = file(ram / "db.env")
    destination.write(OLD)

    destination.remove()
    destination.remove()

    file(ram / "never" / "made.env").remove()
    assert names_in(ram) == []
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
def test_a_file_that_somebody_changed_is_not_intact_until_it_is_written_again(ram, tamper):
    path = ram / "db.env"
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


def test_a_staged_file_does_not_have_its_name_before_it_is_committed(ram):
    target = file(ram / "db.env", perms=0o640)
    target.write(OLD)

    staged = target.stage(NEW)

    assert staged is not None
    assert (ram / "db.env").read_bytes() == OLD
    assert Path(staged.path).read_bytes() == NEW
    assert mode_of(Path(staged.path)) == 0o640
    staged.commit()
    assert (ram / "db.env").read_bytes() == NEW
    assert target.content_hash == staged.content_hash
    assert target.is_intact()
    assert names_in(ram) == ["db.env"]


def test_a_discarded_file_leaves_nothing(ram):
    target = file(ram / "db.env")
    target.write(OLD)

    staged = target.stage(NEW)
    assert staged is not None
    staged.discard()
    staged.discard()

    assert names_in(ram) == ["db.env"]
    assert target.is_intact()
    assert target.stage(OLD) is None


def test_rollback_returns_to_what_was_accepted_however_many_changes_ago(ram):
    target = file(ram / "db.env", revertible=True)
    target.write(OLD)
    target.accept()
    target.write(NEW)
    target.write(b"newer")

    target.rollback()

    assert (ram / "db.env").read_bytes() == OLD
    assert target.content_hash == target.hash_of(OLD)
    assert target.is_intact()
    with pytest.raises(WriteError, match="it already has the last accepted content"):
        target.rollback()


def test_what_no_rollback_needs_is_removed(ram):
    before = file(ram / "db.env", revertible=True)
    before.write(OLD)
    before.accept()
    before.write(NEW)
    assert before.earlier == OLD

    after = file(ram / "db.env")  # by a reload
    after.memory = before.memory
    after.write(NEW)

    assert after.earlier is None
    assert after.memory.content is None


@pytest.mark.parametrize("staged", [True, False])
def test_what_another_run_left_counts_as_accepted(ram, staged):
    file(ram / "db.env").write(OLD)
    target = file(ram / "db.env", revertible=True)
    if staged:
        later = target.stage(NEW)
        assert later is not None
        later.commit()
    else:
        target.write(NEW)

    target.rollback()

    assert (ram / "db.env").read_bytes() == OLD


def test_what_another_run_wrote_since_the_record_counts_as_accepted(ram):
    before = file(ram / "db.env", revertible=True)
    before.write(b"oldest")
    before.accept()
    before.write(OLD)
    recorded = before.content_hash, before.identity, before.earlier
    file(ram / "db.env").write(b"of another run")

    after = file(ram / "db.env", revertible=True)
    after.recall(*recorded)
    after.write(NEW)
    after.rollback()

    assert (ram / "db.env").read_bytes() == b"of another run"


def test_what_was_never_accepted_is_no_reason_to_roll_back(ram):
    fresh = file(ram / "fresh.env", revertible=True)
    fresh.write(OLD)
    fresh.write(NEW)
    plain = file(ram / "plain.env")
    plain.write(OLD)
    plain.accept()
    plain.write(NEW)

    for target in (fresh, plain):
        with pytest.raises(WriteError, match="no earlier content is known"):
            target.rollback()
    assert (ram / "fresh.env").read_bytes() == (ram / "plain.env").read_bytes() == NEW


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


def test_sweep_removes_what_killed_runs_left_and_nothing_else(ram, monkeypatch):
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
        (ram / name).touch()
    plants: list[tuple[str, Callable[[Path], object]]] = [
        (".link", plant_link),
        (".dir", Path.mkdir),
    ]
    for name, plant in plants:
        path = ram / f"{name}.vault-injector.12345678"
        path.unlink()
        plant(path)
    with monkeypatch.context() as patch:  # a kill -9: no clean-up
        patch.setattr(os, "replace", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            file(ram / "db.env").write(NEW)
    [leftover] = set(names_in(ram)) - kept

    assert leftovers.remove([str(ram), str(ram), "/no/such/directory"]) == [str(ram / leftover)]
    assert set(names_in(ram)) == kept


def test_sweep_leaves_the_files_of_other_users(ram):
    ram.chmod(0o1777)
    theirs = ram / ".db.env.vault-injector.12345678"
    theirs.touch()

    with as_uid(STRANGER):
        assert leftovers.remove([str(ram)]) == []
    assert theirs.exists()
