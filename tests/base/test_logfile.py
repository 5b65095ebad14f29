"""The log on disk: beside standard error, and put aside in time."""

import io
import os

import pytest

from injector.base import safe_open
from injector.base.errors import WriteError
from injector.base.logfile import LogFile, LogRotation
from tests.cli.test_run import daemon
from tests.support.processes import result, write_config


@pytest.fixture
def beside():
    return io.StringIO()


@pytest.fixture
def opened(tmp_path, clock, beside):
    made = []

    def opening(**rotation):
        made.append(
            LogFile(str(tmp_path / "new" / "a.log"), LogRotation(**rotation), clock, beside)
        )
        return made[-1]

    yield opening
    for log in made:
        log.close()


def written(log, *lines):
    for line in lines:
        log.write(f"{line}\n")
        log.flush()


def aside(folder):
    return [file.read_text() for file in sorted((folder / "new").glob("a-*.log"))]


async def test_every_line_is_in_both(opened, beside, tmp_path):
    written(opened(), "one", "two")

    assert (tmp_path / "new" / "a.log").read_text() == beside.getvalue() == "one\ntwo\n"
    assert (tmp_path / "new" / "a.log").stat().st_mode & 0o777 == 0o640


async def test_lines_of_an_earlier_run_are_kept(opened, tmp_path):
    written(opened(), "one")
    written(opened(), "two")

    assert (tmp_path / "new" / "a.log").read_text() == "one\ntwo\n"


async def test_a_large_log_is_rotated(opened, clock, tmp_path):
    log = opened(size=8)
    for line in ("one", "two", "three"):
        written(log, line)
        await clock.advance(1)

    assert aside(tmp_path) == ["one\ntwo\n"]
    assert (tmp_path / "new" / "a.log").read_text() == "three\n"


async def test_an_old_log_is_rotated(opened, clock, tmp_path):
    log = opened(age=3600)
    written(log, "one")
    await clock.advance(3600)
    written(log, "two")

    assert aside(tmp_path) == ["one\n"]


async def test_a_log_that_cannot_be_reopened_is_retried(
    opened, clock, beside, tmp_path, monkeypatch
):
    log = opened(size=8)
    with monkeypatch.context() as full:
        full.setattr(safe_open, "ours", lambda *_: os.open("/no/such/folder", 0))
        written(log, "one", "two", "three")
        await clock.advance(1)
    written(log, "four")

    assert beside.getvalue() == "one\ntwo\nthree\nfour\n"
    assert aside(tmp_path) == ["one\ntwo\nthree\n"]
    assert (tmp_path / "new" / "a.log").read_text() == "four\n"


@pytest.mark.parametrize("trap", ["a pipe", "a link", "another name"])
def test_a_foreign_file_is_left_alone(app, tmpfs, tmp_path, trap):
    """As log and as pid file: written to by root, it would be whatever the other one likes."""
    theirs, path = tmp_path / "theirs", tmp_path / "file"
    theirs.write_text("theirs")
    if trap == "a pipe":
        os.mkfifo(path)
    elif trap == "a link":
        path.symlink_to(theirs)
    else:
        path.hardlink_to(theirs)

    for name in ("log_file", "pid_file"):
        config = write_config(tmp_path, daemon(app, tmpfs, **{name: str(path)}))
        ended = result("run", "-c", config)
        assert (ended.returncode, name in ended.stderr) == (7, True)
        assert "Traceback" not in ended.stderr
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize(("keep", "kept"), [(0, 4), (2, 2), (-1, 0)])
async def test_only_the_newest_logs_are_kept(opened, clock, tmp_path, keep, kept):
    log = opened(size=1, keep=keep)
    for number in range(5):
        written(log, number)
        await clock.advance(1)

    assert aside(tmp_path) == [f"{number}\n" for number in range(4)][4 - kept :]


async def test_without_standard_error_the_file_gets_every_line(opened, beside, tmp_path):
    log = opened()
    beside.close()

    written(log, "one")

    assert (tmp_path / "new" / "a.log").read_text() == "one\n"


async def test_a_log_that_cannot_be_opened_is_an_error_that_names_it(tmp_path, clock, beside):
    (tmp_path / "file").write_text("")

    with pytest.raises(WriteError, match=r"log_file .*/file/a\.log: "):
        LogFile(str(tmp_path / "file" / "a.log"), LogRotation(), clock, beside)


def test_once_writes_its_log_there_too(app, tmpfs, tmp_path):
    app.put("db", password="one")
    config = daemon(app, tmpfs, log_file=str(tmp_path / "injector.log"))

    ended = result("once", "-c", write_config(tmp_path, config))

    assert ended.returncode == 0
    assert (tmp_path / "injector.log").read_text() == ended.stderr
    assert '"everything is in place"' in ended.stderr
