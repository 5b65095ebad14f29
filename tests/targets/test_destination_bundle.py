"""Bundles on a real tmpfs: members that change together or not at all."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from injector.targets.files import Owner, Rights
from injector.targets.files.bundle_version import digest
from tests.support.bundles import (
    MEMBERS,
    ONE,
    TWO,
    bundle,
    deliver,
    generations,
    kill,
    names_in,
    seen,
    snapshot,
)
from tests.support.disk import (
    NOBODY,
    STRANGER,
)

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
