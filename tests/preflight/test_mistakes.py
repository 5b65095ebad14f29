"""Mistakes made on purpose, each with all that `injector check` says about it.

In mistakes/, each file is one mistake: the configuration, a line of dashes, and the answer.
`python -m tests.preflight.test_mistakes` writes the answers anew; read them before you believe
them.
"""

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

import pytest

from injector import cli
from tests.support.commands import run, without_tokens

MISTAKES = Path(__file__).parent / "mistakes"
RULE = "-" * 80 + "\n"


def made(name: str) -> tuple[str, str]:
    """Return a mistake, and what is expected to be said about it."""
    text = (MISTAKES / name).read_text("utf-8")
    mistake, _, answer = text.partition(RULE)
    return mistake, answer


NAMES = sorted(each.name for each in MISTAKES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_explained_where_it_was_made(name, tmp_path, monkeypatch, capsys):
    mistake, answer = made(name)
    (tmp_path / name).write_text(mistake, "utf-8")
    monkeypatch.chdir(tmp_path)
    without_tokens(monkeypatch, dict(os.environ))

    ended = run(capsys, "check", "-c", name)

    assert ended.stdout == answer
    assert ended.returncode == (0 if ": ok (" in answer else 8 if "no program" in answer else 2)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_points_at_what_is_in_the_line(name):
    """The caret is below the words of the mistake, in the column that the place names."""
    mistake, answer = made(name)

    for line, column in re.findall(rf"^{re.escape(name)}:(\d+):(\d+): ", answer, re.MULTILINE):
        assert len(mistake.split("\n")[int(line) - 1]) >= int(column) - 1


def rewritten() -> None:
    """Write what is said today into each file."""
    for name in NAMES:
        mistake, _ = made(name)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Path(name).write_text(mistake, "utf-8")
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                cli.main(["check", "-c", name])
        (MISTAKES / name).write_text(f"{mistake}{RULE}{said.getvalue()}", "utf-8")


if __name__ == "__main__":
    rewritten()
