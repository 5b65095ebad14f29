"""What `check` says about a destination before a write, and the mount table behind it."""

import os
from pathlib import Path

import pytest

from injector.runtime.plan import plan
from injector.targets import files as destination
from injector.targets.files import Owner, mounts
from injector.targets.files.mounts import Mount, Mounts, parse
from tests.support.configs import complete
from tests.support.counting import counting
from tests.support.disk import STRANGER, as_uid, mounted


def problems(path: Path | str, **options) -> list[str]:
    return destination.problems(
        str(path), **({"require_memory_backed": True, "in_place": False} | options)
    )


def one_problem(path: Path | str, **options) -> str:
    [problem] = problems(path, **options)
    return problem


# --- the mount table -----------------------------------------------------------------------------

TABLE = r"""22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw
27 1 254:3 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
30 27 0:27 / /run rw,nosuid - tmpfs tmpfs rw,size=1k
31 30 0:28 / /run/with\040space\134and\011tab rw - ramfs none rw
32 27 0:29 /@sub /data rw - btrfs /dev/vdb rw,subvol=/@sub
"""


def test_the_mount_table_is_read_with_its_escapes_and_optional_fields():
    assert parse(TABLE) == [
        Mount(os.makedev(0, 21), "/proc", "proc"),
        Mount(os.makedev(254, 3), "/", "ext4"),
        Mount(os.makedev(0, 27), "/run", "tmpfs"),
        Mount(os.makedev(0, 28), "/run/with space\\and\ttab", "ramfs"),
        Mount(os.makedev(0, 29), "/data", "btrfs"),
    ]


@pytest.mark.parametrize(
    ("device", "path", "filesystem"),
    [
        (os.makedev(0, 27), "/data/link-into-run", "tmpfs"),
        (os.makedev(254, 3), "/run/covered", "ext4"),
        (os.makedev(9, 99), "/data/subvolume/x", "btrfs"),
        (os.makedev(9, 99), "/dataset/x", "ext4"),
        (os.makedev(9, 99), "/", "ext4"),
        (os.makedev(9, 99), "//odd", "an unknown filesystem"),
    ],
)
def test_the_device_decides_and_the_longest_mount_point_where_it_is_unknown(
    device, path, filesystem
):
    assert Mounts(parse(TABLE)).filesystem(device, path) == filesystem


def test_without_a_table_nothing_counts_as_memory():
    assert Mounts([]).filesystem(1, "/run/x") == "an unknown filesystem"


def test_a_later_mount_is_noticed_by_itself(ram):
    point = ram / "point"
    point.mkdir()
    before = mounts.current()
    assert mounts.current() is before, "read again only when it has changed"

    with mounted("-t", "ramfs", "none", point):
        assert mounts.current().filesystem(point.stat().st_dev, str(point)) == "ramfs"
        assert mounts.current().is_mount_point(str(point))
    assert not mounts.current().is_mount_point(str(point))


# --- destinations --------------------------------------------------------------------------------


def test_a_good_destination_has_no_problems_whether_it_is_there_or_not(ram):
    (ram / "there.env").touch()

    assert problems(ram / "there.env") == []
    assert problems(ram / "new.env") == []
    assert problems(ram / "new" / "deep" / "new.env") == []
    assert list(ram.iterdir()) == [ram / "there.env"], "nothing is made"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "'' is not an absolute path"),
        ("run/db.env", "'run/db.env' is not an absolute path"),
        ("/run/secrets/", "/run/secrets/ is the name of a directory: add the file's name"),
        ("/run/../etc/shadow", "'/run/../etc/shadow': write it without `.`, `..` and NUL bytes"),
        ("/run/..", "'/run/..': write it without `.`, `..` and NUL bytes"),
        ("/run/a\0b", r"'/run/a\x00b': write it without `.`, `..` and NUL bytes"),
    ],
)
def test_an_invalid_path(path, problem):
    assert problems(path) == [problem]


def test_what_is_in_the_way_is_named(ram):
    (ram / "directory").mkdir()
    (ram / "link").symlink_to(ram / "elsewhere")
    os.mkfifo(ram / "pipe")

    assert "is a directory, and is left alone" in one_problem(ram / "directory")
    assert "is a symbolic link" in one_problem(ram / "link")
    assert "is not a regular file" in one_problem(ram / "pipe")


def test_a_missing_directory_is_a_problem_only_if_it_may_not_be_created(ram):
    assert one_problem(ram / "gone" / "db.env", create_dest_dirs=False) == (
        f"the directory {ram}/gone is missing: make it, or set `create_dest_dirs: true`"
    )


def test_something_else_in_place_of_a_directory(ram):
    (ram / "file").touch()
    assert "Not a directory" in one_problem(ram / "file" / "db.env")
    assert "Not a directory" in one_problem(ram / "file" / "deep" / "db.env")

    (ram / "link").symlink_to(ram / "nowhere")
    assert "leads nowhere" in one_problem(ram / "link" / "db.env")


def test_off_memory_names_the_filesystem_and_both_remedies(disk):
    problem = one_problem(disk / "new" / "db.env")

    filesystem = mounts.current().filesystem(disk.stat().st_dev, str(disk))
    assert problem.startswith(f"{disk}/new is on {filesystem}, ")
    assert "medium: Memory" in problem
    assert "`require_memory_backed: false`" in problem
    assert problems(disk / "db.env", require_memory_backed=False) == []


def test_a_link_in_memory_to_a_disk_is_not_memory(ram, disk):
    (ram / "link").symlink_to(disk)
    assert "require_memory_backed: false" in one_problem(ram / "link" / "db.env")


def test_a_disk_mounted_over_memory_is_not_memory(ram, disk):
    (ram / "point").mkdir()
    with mounted("--bind", disk, ram / "point"):
        assert "require_memory_backed: false" in one_problem(ram / "point" / "db.env")


def test_a_mounted_file_is_refused_unless_written_in_place(ram):
    (ram / "host").touch()
    (ram / "db.env").touch()
    (ram / "link").symlink_to(ram)
    with mounted("--bind", ram / "host", ram / "db.env"):
        for path in (ram / "db.env", ram / "link" / "db.env"):
            assert one_problem(path) == (
                f"{path} is itself a mount point, and a mounted file cannot be replaced: "
                "mount the directory instead, or set `in_place: true`"
            )
            assert problems(path, in_place=True) == []


def test_a_directory_that_this_user_cannot_write_names_path_uid_and_mode(ram):
    with as_uid(STRANGER):
        problem = one_problem(ram / "new" / "db.env")

    assert problem.startswith(
        f"{ram}/new is not writable for uid {STRANGER} ({ram} has mode 0755 and belongs to uid 0): "
    )


def test_a_read_only_filesystem_is_not_writable_for_root_either(ram):
    point = ram / "ro"
    point.mkdir()
    with mounted("-t", "tmpfs", "-o", "ro", "none", point):
        assert "mount it writable" in one_problem(point / "db.env")


def test_in_place_the_file_has_to_be_writable_not_its_directory(ram):
    theirs = ram / "db.env"
    theirs.touch(0o600)
    with as_uid(STRANGER):
        assert f"{theirs} is not writable" in one_problem(theirs, in_place=True)
    theirs.chmod(0o666)
    with as_uid(STRANGER):
        assert problems(theirs, in_place=True) == []


def test_another_users_link_on_the_way_is_a_problem(ram):
    (ram / "real").mkdir()
    (ram / "link").symlink_to("real")
    (ram / "way").symlink_to("link")
    assert problems(ram / "way" / "db.env") == []
    if os.geteuid() != 0:
        pytest.skip("planting as another user needs root")
    os.lchown(ram / "link", STRANGER, -1)

    assert f"write the path it should lead to ({ram}/real/new)" in one_problem(
        ram / "way" / "new" / "db.env"
    )


def test_an_owner_that_this_process_cannot_set_is_a_problem_before_the_start(ram):
    ram.chmod(0o1777)
    path = ram / "db.env"
    with as_uid(STRANGER):
        assert problems(path, owner=Owner(STRANGER, STRANGER)) == []
        found = problems(path, owner=Owner(1000, 1000))

    assert [problem.partition(" (")[0] for problem in found] == [
        f"{path}: cannot give it to uid 1000",
        f"{path}: cannot give it to gid 1000",
    ]
    if os.geteuid() == 0:
        assert problems(path, owner=Owner(1000, 1000)) == []


def test_a_name_that_is_too_long_is_a_problem(ram):
    assert "255 bytes" in one_problem(ram / ("x" * 256))


def test_all_problems_come_in_one_run(disk):
    (disk / "db.env").symlink_to("elsewhere")
    assert len(problems(disk / "db.env", owner=Owner(STRANGER))) == (2 if os.geteuid() == 0 else 3)


def test_the_directory_of_many_files_is_examined_once_for_all_of_a_configuration(ram, tmp_path):
    entries = [f"{{destination: {ram}/{n}.env, contents: x}}" for n in range(20)]
    file = tmp_path / "app.yaml"
    file.write_text(complete(f"template: [{', '.join(entries)}]"))

    with counting(destination.directory_problems) as examined:
        plan(str(file), {})

    assert examined() == 1
