"""What the command line says of itself, and to those who mistype."""

import re

import pytest

import injector
from injector.base import errors
from injector.cli import COMMANDS, GROUPS
from injector.cli.parser import exits, module_of, parse
from tests.documents.test_documents import error_classes, page, rows
from tests.support.processes import result


def test_the_overview_lists_every_command_by_purpose():
    ended = result("--help")

    assert ended.returncode == 0
    listed = re.findall(r"^  ([a-z]+)  ", ended.stdout, re.MULTILINE)
    assert listed == list(COMMANDS)
    for title in GROUPS:
        assert f"\n{title}:\n" in ended.stdout


def test_the_overview_fits_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        injector.cli.main(["--help"])

    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert all(f"  {summary}\n" in text for summary in COMMANDS.values())  # each in one line


def test_help_works_on_a_terminal_of_any_width(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "2")
    with pytest.raises(SystemExit) as ended:
        injector.cli.main(["run", "--help"])

    assert ended.value.code == 0


def test_the_version_is_reported():
    assert result("--version").stdout == f"injector {injector.__version__}\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["chekc"], "injector: there is no command 'chekc'; did you mean 'check'?; see"),
        (["--verbose"], "injector: unrecognized arguments: --verbose; see"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(args, says):
    ended = result(*args)

    assert ended.returncode == 2
    assert ended.stderr.startswith(says)
    assert ended.stderr.count("\n") == 1


def test_the_name_alone_shows_the_help_and_is_no_success():
    ended = result()

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == result("--help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_and_exit_codes_and_fits_a_terminal(
    command, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        injector.cli.main([command, "--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert text.startswith(f"usage: injector {command} ")
    assert f"\nexamples:\n  injector {command}" in text.replace("source <(", "").replace("# ", "")
    assert "\nexit codes:\n  0" in text
    commands = module_of(command).EXAMPLES  # are not broken
    long = [line for line in text.splitlines() if len(line) > 80 and line.strip() not in commands]
    assert long == []


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_valid_commands(command, capsys):
    import argparse
    import shlex

    parser = argparse.ArgumentParser()
    module_of(command).add_arguments(parser)
    for example in module_of(command).EXAMPLES:
        for line in re.findall(r"injector ([a-z]+ [^|>&#)]*)", f"{example} "):
            name, *rest = shlex.split(line)
            if name == command:
                parse(parser, module_of(command), rest)


def test_the_exit_codes_in_the_help_are_those_of_the_error_tree():
    assert exits() == {str(kind.exit_code): kind.means for kind in error_classes()}
    assert exits(errors.AuthError) == {"3": errors.AuthError.means}


def test_operations_say_the_same_of_each_code():
    table = {c[0].strip("`"): c[2] for c in rows(page("operations.md")) if len(c) > 2}

    for kind in error_classes():
        assert table[str(kind.exit_code)].startswith(kind.means), kind
