"""A directory where somebody else could put a file of theirs in the place of ours is refused."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from injector.base.errors import WriteError
from injector.targets.files import File, Owner, Rights, preflight
from injector.targets.files.bundle import Bundle
from tests.cli.test_run import daemon
from tests.support.disk import STRANGER, as_uid, memory_backed_directory, mounted
from tests.support.processes import result, write_config

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another user is made by root")

OTHERS_GROUP = 4711
OURS = Rights()


@pytest.fixture
def place():
    """A directory of ours, in one where everybody may make more."""
    with memory_backed_directory() as path:
        (path / "app").mkdir()
        yield path / "app"


def file(path: Path, rights: Rights = OURS) -> File:
    return File(
        str(path), rights, create_dest_dirs=True, in_place=False, require_memory_backed=True
    )


def objection(path: Path, rights: Rights = OURS) -> str:
    """Return what check says, if a write says the same and writes nothing."""
    found = preflight.problems(
        str(path), require_memory_backed=True, in_place=False, owner=rights.owner
    )
    if not found:
        file(path, rights).write(b"secret")
        path.unlink()
        return ""
    with pytest.raises(WriteError) as refused:
        file(path, rights).write(b"secret")
    assert not path.exists()
    assert str(refused.value) == found[0]
    return found[0]


def grant(directory: Path, kind: str, uid: int, permissions: int) -> None:
    """Make an access control list as setfacl does: `uid` beside the owner, the group, the mask."""
    entries = [(0x01, 7, -1), (0x02, permissions, uid), (0x04, 5, -1), (0x10, 7, -1), (0x20, 5, -1)]
    stored = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(directory, f"system.posix_acl_{kind}", struct.pack("<I", 2) + stored)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error.strerror}")


def test_a_directory_of_somebody_else_is_refused_and_the_remedy_named(place):
    os.chown(place, STRANGER, -1)

    assert objection(place / "app.env") == (
        f"{place}: {place} belongs to uid {STRANGER}, who can put another file in its place: use a "
        f"directory of uid 0 or root, or set `user` to that uid"
    )


def test_the_user_that_gets_the_file_may_own_its_directory(place):
    os.chown(place, STRANGER, -1)

    assert objection(place / "app.env", Rights(owner=Owner(STRANGER))) == ""


@pytest.mark.parametrize(
    ("mode", "group", "who"),
    [
        (0o777, 0, "everybody"),
        (0o2777, OTHERS_GROUP, "everybody"),
        (0o775, OTHERS_GROUP, f"gid {OTHERS_GROUP}"),
    ],
)
def test_one_that_others_may_write_to_is_refused(place, mode, group, who):
    os.chown(place, 0, group)
    place.chmod(mode)

    assert objection(place / "app.env").startswith(
        f"{place}: {who} can put another file in its place, since {place} has mode {mode:04o}: "
        "run `chmod go-w` on it"
    )


@pytest.mark.parametrize(
    ("mode", "group"),
    [(0o1777, OTHERS_GROUP), (0o3775, OTHERS_GROUP), (0o775, 0), (0o755, OTHERS_GROUP)],
)
def test_neither_the_sticky_bit_nor_roots_group_is_a_reason(place, mode, group):
    os.chown(place, 0, group)
    place.chmod(mode)

    assert objection(place / "app.env") == ""


def test_nor_is_the_group_that_the_process_runs_with(place):
    os.chown(place, STRANGER, STRANGER)
    place.chmod(0o775)

    with as_uid(STRANGER):
        assert objection(place / "app.env") == ""


@pytest.mark.parametrize(("permissions", "refused"), [(7, True), (5, False)])
def test_a_list_of_access_counts_for_what_it_says(place, permissions, refused):
    """The group's bits are its mask, and the directory belongs to root's group."""
    place.chmod(0o775)
    grant(place, "access", STRANGER, permissions)

    said = objection(place / "app.env")

    assert said.startswith(f"{place}: uid {STRANGER} can put another file") is refused
    assert bool(said) is refused


def test_the_directories_above_count_as_well(place):
    place.parent.chmod(0o777)
    assert f"since {place.parent} has mode 0777" in objection(place / "app.env")

    place.parent.chmod(0o1777)
    assert objection(place / "new" / "app.env") == ""


def test_so_does_the_directory_of_a_link_on_the_way(place):
    planted = place.parent / "planted"
    planted.mkdir()
    (planted / "link").symlink_to(place)
    assert objection(planted / "link" / "app.env") == ""

    os.chown(planted, STRANGER, -1)
    assert f"{planted} belongs to uid {STRANGER}" in objection(planted / "link" / "app.env")


def test_what_is_made_at_that_very_moment_by_somebody_else_is_refused(place, monkeypatch):
    """Nothing was there when it was looked at: the write finds it."""
    made = os.mkdir

    def faster(name, mode=0o777, *, dir_fd=None):
        made(name, 0o777, dir_fd=dir_fd)
        os.chown(name, STRANGER, -1, dir_fd=dir_fd)
        raise FileExistsError

    monkeypatch.setattr(os, "mkdir", faster)
    with pytest.raises(WriteError, match=f"belongs to uid {STRANGER}"):
        file(place / "new" / "app.env").write(b"secret")


@pytest.mark.parametrize("mode", ["0777", "2777"])
def test_the_volume_of_a_pod_or_of_compose_is_its_administrators_choice(place, mode):
    """The kubelet makes an emptyDir root's, with mode 0777 and no sticky bit; fsGroup adds 2000."""
    options = f"size=1m,mode={mode},gid={OTHERS_GROUP}"
    with mounted("-t", "tmpfs", "-o", options, "tmpfs", place):
        assert objection(place / "app.env") == ""
        assert objection(place / "conf" / "app.env") == ""
        with as_uid(STRANGER):
            assert objection(place / "app.env") == ""
            assert objection(place / "own" / "app.env") == ""


def test_a_bundle_asks_for_the_same(place):
    place.chmod(0o777)

    with pytest.raises(WriteError, match="everybody can put another file in its place"):
        Bundle(str(place), {"a": Rights()}, require_memory_backed=True).write({"a": b"secret"})


def test_what_is_there_can_be_removed_whoever_owns_the_directory_by_now(place):
    ours = file(place / "app.env")
    ours.write(b"secret")
    os.chown(place, STRANGER, -1)

    assert ours.remove()


def test_once_does_not_write_into_a_planted_directory(app, place, tmp_path):
    """Another user makes the directory first, and waits for a file to swap."""
    app.put("db", password="one")
    place.rmdir()
    place.parent.chmod(0o1777)
    with as_uid(STRANGER):
        place.mkdir(mode=0o777)
    settings = daemon(app, place)
    settings.pop("listener", None)

    ended = result("once", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 2
    assert f"{place} belongs to uid {STRANGER}, who can put another file" in ended.stderr
    assert list(place.iterdir()) == []
    settings["template_config"] = {"require_trusted_directory": False}
    assert result("once", "-c", write_config(tmp_path, settings)).returncode == 0


@pytest.fixture
def append_only(place):
    tried = subprocess.run(["chattr", "+a", place], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no append-only directories here")
    yield place
    subprocess.run(["chattr", "-a", place], check=True)


def test_no_temporary_file_is_left_where_names_only_ever_come(append_only):
    assert objection(append_only / "app.env") == (
        f"{append_only} is append-only, so that nothing in it can be replaced, and temporary files "
        "would stay: run `chattr -a` on it, or choose another directory"
    )
    with pytest.raises(WriteError, match="append-only"):
        Bundle(str(append_only), {"a": Rights()}, require_memory_backed=True).write({"a": b"x"})
    assert list(append_only.iterdir()) == []


@pytest.mark.parametrize(("perms", "warned"), [("0640", True), ("0600", False)])
def test_a_default_list_that_opens_a_file_to_more_than_its_mode_is_said(
    app, place, tmp_path, perms, warned
):
    grant(place, "default", STRANGER, 4)
    app.put("db", password="one")
    settings = daemon(app, place)
    settings["template"][0]["perms"] = perms
    path = write_config(tmp_path, settings)

    said = result("check", "-c", path)

    assert said.returncode == 0, said.stdout
    warning = f"db.env will be open to uid {STRANGER} as well, by the default access control list"
    assert (warning in said.stdout) is warned
    assert result("once", "-c", path).returncode == 0
    with as_uid(STRANGER):
        assert os.access(place / "db.env", os.R_OK, effective_ids=True) is warned


def test_what_was_staged_is_gone_if_its_directory_has_become_somebody_elses(place):
    """As is everything of a commit that fails before it begins: the next one stages again."""
    staged_file = file(place / "app.env").stage(b"secret")
    bundle = Bundle(str(place), {"a": Rights()}, require_memory_backed=True)
    staged_bundle = bundle.stage({"a": b"secret"})
    assert staged_file is not None
    assert staged_bundle is not None
    assert len(list(place.iterdir())) == 2
    os.chown(place, STRANGER, -1)

    for staged in (staged_file, staged_bundle):
        with pytest.raises(WriteError, match=f"belongs to uid {STRANGER}"):
            staged.commit()

    assert list(place.iterdir()) == []
