"""Completion as the shells do it: each reads what is printed, and is asked like by a TAB."""

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from injector.cli import COMMANDS
from injector.cli.completion import names, script
from tests.cli.test_run import daemon
from tests.support.configs import complete
from tests.support.processes import LIMIT, result, running, write_config

CONFIG = """
secrets: {app: {path: secret/data/app}, db: {path: database/creds/app}}
template: {contents: x, destination: /run/x}
bundle: {name: tls, directory: /run/tls, template: [{destination: key.pem, contents: y}]}
"""
# Each prints the candidates for the last of its arguments, one a line.
ASK_BASH = """
source "$0"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_injector; printf '%s\\n' "${COMPREPLY[@]}"
"""
ASK_FISH = 'source "$argv[1]"; complete -C (string join -- " " $argv[2..-1]) | string split -f1 \\t'


def installed(shell):
    return pytest.param(
        shell,
        marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not here"),
    )


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(script(shell))
    return folder


def candidates(shell, scripts, *words):
    ask = {
        "bash": ["bash", "-c", ASK_BASH, scripts / "bash"],
        "fish": ["fish", "--no-config", "-c", ASK_FISH, scripts / "fish"],
    }[shell]
    ended = subprocess.run(
        [*ask, *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=scripts,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.parametrize("shell", [installed("bash"), installed("fish")])
def test_commands_options_choices_and_files_are_completed(shell, scripts):
    (scripts / "injector.yaml").touch()

    assert set(candidates(shell, scripts, "injector", "")) >= COMMANDS.keys()
    assert candidates(shell, scripts, "injector", "onc") == ["once"]
    assert set(candidates(shell, scripts, "injector", "once", "--")) == {
        "--config",
        "--timeout",
        "--log-level",
        "--help",
    }
    assert candidates(shell, scripts, "injector", "probe", "re") == ["ready"]
    assert "injector.yaml" in candidates(shell, scripts, "injector", "run", "-c", "inj")


@pytest.mark.parametrize("shell", [installed("bash"), installed("zsh"), installed("fish")])
def test_each_script_is_valid_in_its_shell(shell, scripts):
    ended = subprocess.run([shell, "-n", scripts / shell], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("shell", [installed("bash"), installed("fish")])
def test_destinations_are_those_of_the_configuration_on_the_line(shell, scripts):
    (scripts / "names.yaml").write_text(complete(CONFIG))

    found = candidates(shell, scripts, "injector", "render", "-c", "names.yaml", "/run/")

    assert found == ["/run/x", "/run/tls/key.pem"]


@pytest.mark.parametrize("shell", [installed("bash"), installed("fish")])
def test_a_name_that_a_shell_would_run_is_neither_run_nor_offered(shell, scripts):
    """A TAB after somebody else's configuration must not run what it says."""
    ran = scripts / "ran"
    strange = [f"/run/$(touch {ran})/x", f"/run/`touch {ran}`/x", "/run/a b", "/run/*", "/run/ü"]
    files = "".join(f"- {{contents: x, destination: '{name}'}}\n" for name in strange)
    (scripts / "strange.yaml").write_text(complete(f"template:\n{files}"))

    found = candidates(shell, scripts, "injector", "render", "-c", "strange.yaml", "/run/")

    assert found == ["/run/ü"]
    assert not ran.exists()


def test_names_are_those_of_the_configuration_on_the_line(tmp_path):
    file = tmp_path / "app.yaml"
    file.write_text(complete(CONFIG))

    line = ["injector", "render", "-c", str(file), "--reveal"]

    assert names("secrets", line) == ["app", "db"]
    assert names("destinations", line) == ["/run/x", "/run/tls/key.pem"]
    assert names("destinations", ["injector", "render"]) == []


def test_without_a_configuration_names_are_those_of_the_running_injector(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        line = ["injector", "refresh", "--address", str(tmpfs / "injector.sock")]

        assert names("secrets", line) == ["db"]
        assert injector.end() == 0


def test_a_missing_or_unknown_shell_is_an_error():
    for args in ([], ["tcsh"]):
        ended = result("completion", *args)
        assert ended.returncode == 2
        assert "bash" in ended.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not here")
def test_a_tab_in_a_real_zsh_lists_what_is_possible(scripts):
    (scripts / "zfunc").mkdir()
    shutil.copy(scripts / "zsh", scripts / "zfunc" / "_injector")
    terminal, inside = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=os.environ | {"TERM": "dumb", "PS1": "READY> "},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inside)
    try:
        read_until(terminal, "READY>")
        setup = f"fpath=({scripts}/zfunc $fpath); autoload -U compinit; compinit -u -D\n"
        os.write(terminal, setup.encode())
        read_until(terminal, "READY>")
        os.write(terminal, b"injector probe \t\t")
        read_until(terminal, "startup")
    finally:
        os.close(terminal)
        shell.wait(LIMIT)


def read_until(terminal, text):
    seen = ""
    while text not in seen:
        assert select.select([terminal], [], [], LIMIT)[0], f"no {text!r} in {seen!r}"
        seen += os.read(terminal, 65536).decode(errors="replace")
