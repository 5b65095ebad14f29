"""`format: github-env` as a step of a GitHub Actions job uses it: masks first, then variables."""

import os
import subprocess

import pytest

from injector.base.errors import WriteError
from injector.targets.files.append import append, append_problems
from tests.rendering.test_formats_environment import read_by_runner
from tests.support.disk import NOBODY, as_uid, mounted
from tests.support.engine import configuration
from tests.support.processes import clean_environment, command, result, write_config

KEY = "-----BEGIN KEY-----\nMIIE+/=\n-----END KEY-----\n"


@pytest.fixture
def env_file(tmp_path):
    """As the runner makes it: on a disk, empty."""
    path = tmp_path / "set_env_2f1c"
    path.touch()
    return path


def step(app, tmp_path, env_file, *names, **entry):
    entries = [
        {"secret": name, "format": "github-env", "destination": "${GITHUB_ENV}", **entry}
        for name in names
    ]
    secrets = {name: {"path": app.path(name)} for name in names}
    settings = configuration(app, app.bao.address, secrets=secrets, template=entries)
    path = write_config(tmp_path, settings)
    return result("once", "-c", path, environ=clean_environment(GITHUB_ENV=str(env_file)))


def test_variables_are_appended_and_masked_before(app, tmp_path, env_file):
    app.put("db", PASSWORD="p4ssw0rd", TLS_KEY=KEY)
    app.put("mail", SMTP="100%")
    env_file.write_text("EARLIER<<END\nof this step\nEND")

    ended = step(app, tmp_path, env_file, "db", "mail")

    assert ended.returncode == 0, ended.stderr
    assert read_by_runner(env_file.read_bytes()) == {
        "EARLIER": "of this step",
        "PASSWORD": "p4ssw0rd",
        "TLS_KEY": KEY,
        "SMTP": "100%",
    }
    masks = ended.stdout.splitlines()
    assert all(line.startswith("::add-mask::") for line in masks)
    assert {"::add-mask::p4ssw0rd", "::add-mask::MIIE+/=", "::add-mask::100%25"} <= set(masks)
    assert "p4ssw0rd" not in ended.stderr


def test_a_repeated_run_in_the_same_step_appends_nothing(app, tmp_path, env_file):
    app.put("db", PASSWORD="p4ssw0rd")
    step(app, tmp_path, env_file, "db")
    before = env_file.read_bytes()

    assert step(app, tmp_path, env_file, "db").returncode == 0
    assert env_file.read_bytes() == before


def test_what_cannot_be_masked_is_not_written(app, tmp_path, env_file):
    app.put("db", PASSWORD="p4ssw0rd")
    secrets = {"db": {"path": app.path("db")}}
    entry = {"secret": "db", "format": "github-env", "destination": str(env_file)}
    settings = configuration(app, app.bao.address, secrets=secrets, template=[entry])
    path = write_config(tmp_path, settings)
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command("once", "-c", path, "--timeout", "2s"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            check=False,
        )

    assert ended.returncode == 7
    assert "print `::add-mask::` lines: No space left on device" in ended.stderr
    assert env_file.read_bytes() == b""


def test_outside_a_step_it_says_so(app, tmp_path):
    ended = step(app, tmp_path, tmp_path / "missing", "db")

    assert ended.returncode == 2
    assert "there is no such file" in ended.stderr
    assert "a runner creates one for each step" in ended.stderr


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"perms": "0600"}, ""),
        ({"perms": "0640"}, "template[0].perms: does not apply to format: github-env"),
        ({"in_place": True}, "template[0].in_place: does not apply to format: github-env"),
        ({"check": {"format": "json"}}, "template[0].check: does not apply to format"),
    ],
)
def test_options_without_effect_are_rejected(app, tmp_path, env_file, options, problem):
    app.put("db", PASSWORD="p4ssw0rd")
    ended = step(app, tmp_path, env_file, "db", **options)

    assert ended.returncode == (2 if problem else 0)
    assert problem in ended.stderr


# --- the file ------------------------------------------------------------------------------------


def test_an_incomplete_line_is_completed_first(env_file):
    env_file.write_bytes(b"A=1")

    assert append(str(env_file), b"B=2\n")
    assert env_file.read_bytes() == b"A=1\nB=2\n"
    assert not append(str(env_file), b"B=2\n")
    assert append(str(env_file), b"=2\n"), "only whole lines count"


def test_a_full_filesystem_leaves_the_file_as_it_was(tmp_path):
    with mounted("-t", "tmpfs", "-o", "size=16k", "none", tmp_path):
        path = tmp_path / "set_env"
        path.write_bytes(b"A=1\n")

        with pytest.raises(WriteError, match=r"append to .*No space left"):
            append(str(path), b"B=" + b"x" * 100_000 + b"\n")
        assert path.read_bytes() == b"A=1\n"


def test_only_regular_files_are_appended_to(tmp_path, env_file):
    link = tmp_path / "link"
    link.symlink_to(env_file)

    for path in (link, tmp_path):
        [problem] = append_problems(str(path))
        with pytest.raises(WriteError):
            append(str(path), b"A=1\n")
    assert append_problems(str(link))[0].startswith(f"{link} is a symbolic link")
    assert "is a directory" in problem
    assert env_file.read_bytes() == b""


def test_a_file_that_this_user_may_not_write_is_a_problem(tmp_path, env_file):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o755)
    with as_uid(NOBODY):
        [problem] = append_problems(str(env_file))
        assert f"not writable for uid {NOBODY}" in problem
