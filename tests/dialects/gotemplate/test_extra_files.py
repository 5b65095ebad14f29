"""Additional files of a template: written like the agent's, and as one change."""

import os
import re
import stat
from pathlib import Path

import pytest

from injector.base.errors import RenderError, WriteError
from injector.dialects.gotemplate import Surroundings
from injector.rendering.template import Rendered
from injector.rendering.template.dialect import Contents, ExtraFile
from injector.targets.files import Rights
from injector.targets.files.extra_files import FileWithExtras
from injector.targets.files.file import File
from tests.dialects.gotemplate.judge import Case, Judge
from tests.dialects.gotemplate.ours import render
from tests.dialects.gotemplate.render import template

WRITES = """\
{{ $in := env "BOX" }}
{{ "one" | writeToFile (print $in "/plain") "" "" "0644" }}
{{ "two" | writeToFile (print $in "/new/folder/x") "" "" "640" "" }}
{{ "key" | writeToFile (print $in "/key") "UID" "GID" "0400" "newline" }}
{{ "a" | writeToFile (print $in "/chain") "" "" "0600" }}
{{ "b" | writeToFile (print $in "/chain") "" "" "0644" "append" }}
{{ "c" | writeToFile (print $in "/chain") "" "" "0644" "append,newline" }}
{{ "added" | writeToFile (print $in "/there") "" "" "0644" "append" }}
rest""".replace("UID", str(os.getuid())).replace("GID", str(os.getgid()))


def box(path):
    path.mkdir()
    (path / "there").write_text("before\n")
    return path


def found(folder):
    return {
        str(path.relative_to(folder)): (path.read_text(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
        if path.is_file()
    }


def files_beside(main=None):
    def make(path, rights):
        return File(
            path, rights, create_dest_dirs=True, in_place=False, require_memory_backed=False,
            revertible=True,
        )  # fmt: skip

    return FileWithExtras(str(main or "/dev/null"), main and make(str(main), Rights(0o600)), make)


def contents(text, folder, **more):
    surroundings = Surroundings(environ={"BOX": str(folder)}, sandbox_path="/", **more)
    result = template(text, surroundings=surroundings).render_files({})
    assert isinstance(result, Rendered)
    return result.content


def test_the_files_are_the_same_as_the_agents(server, tmp_path):
    (tmp_path / "judge").mkdir()
    judge = Judge(server, tmp_path / "judge")
    theirs, mine = box(tmp_path / "theirs"), box(tmp_path / "ours")

    (main,) = judge.render([Case(WRITES)], BOX=str(theirs))
    content = contents(WRITES, mine)
    files_beside().write(content)

    assert content.main == main
    assert len(found(theirs)) == 5
    assert found(mine) == found(theirs)


def test_a_certificate_is_written_as_by_the_agent(server, tmp_path):
    server.admin.sys.enable_secrets_engine("pki", path="pki-shape")
    write = server.admin.write_data
    write("pki-shape/root/generate/internal", data={"common_name": "root", "ttl": "8000h"})
    write("pki-shape/roles/web", data={"allow_any_name": True, "max_ttl": "72h"})
    text = (
        '{{with pkiCert "pki-shape/issue/web" "common_name=a"}}'
        "1{{.Cert}}2{{.CA}}3{{.Key}}4{{.Data.Cert}}5{{.Data.Key}}6{{.Data.CA}}{{end}}"
    )
    shape = re.compile(rb"(-----BEGIN .*?-----\n)(?:[A-Za-z0-9+/=]{1,64}\n)+(-----END .*?-----\n)")

    (theirs,) = Judge(server, tmp_path).render([Case(text)])
    (mine,) = render(server, [Case(text)], Surroundings())

    assert isinstance(mine, bytes)
    assert theirs is not None
    assert shape.sub(rb"\1\2", mine) == shape.sub(rb"\1\2", theirs)
    assert mine.count(b"BEGIN") == 6


def test_correct_files_are_not_rewritten(tmp_path):
    folder = box(tmp_path / "box")
    content = contents(WRITES, folder)
    destination = files_beside(tmp_path / "main")

    assert destination.write(content)
    inodes = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    assert not destination.write(content)
    assert destination.is_intact()
    assert not files_beside(tmp_path / "main").write(content)  # another process
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == inodes


def test_a_change_is_noticed_whoever_makes_it(tmp_path):
    destination = files_beside(tmp_path / "main")
    destination.write(Contents(b"m", (ExtraFile(str(tmp_path / "x"), b"1"),)))

    (tmp_path / "x").unlink()

    assert not destination.is_intact()
    assert destination.write(Contents(b"m", (ExtraFile(str(tmp_path / "x"), b"1"),)))


def test_staged_files_are_committed_together_or_not_at_all(tmp_path):
    destination = files_beside(tmp_path / "main")
    old = Contents(b"old", (ExtraFile(str(tmp_path / "x"), b"old"),))
    new = Contents(b"new", (ExtraFile(str(tmp_path / "x"), b"new"),))
    destination.write(old)

    staged = destination.stage(new)
    assert staged is not None
    assert Path(staged.path).read_text() == "new"
    assert (tmp_path / "main").read_text() == (tmp_path / "x").read_text() == "old"
    staged.discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main", "x"]

    staged = destination.stage(new)
    assert staged is not None
    staged.commit()
    assert (tmp_path / "main").read_text() == (tmp_path / "x").read_text() == "new"
    assert destination.content_hash == destination.hash_of(new)
    assert destination.stage(new) is None


def test_a_file_that_cannot_be_staged_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    content = Contents(
        b"m", (ExtraFile(f"{tmp_path}/x", b"1"), ExtraFile(f"{tmp_path}/folder", b"2"))
    )

    with pytest.raises(WriteError, match=f"{tmp_path}/folder"):
        files_beside(tmp_path / "main").stage(content)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]


def test_a_rollback_restores_all_of_them(tmp_path):
    destination = files_beside(tmp_path / "main")
    destination.write(Contents(b"old", (ExtraFile(str(tmp_path / "x"), b"old"),)))
    with pytest.raises(WriteError, match="no earlier content is known"):
        destination.rollback()
    destination.accept()
    destination.write(Contents(b"new", (ExtraFile(str(tmp_path / "x"), b"new"),)))

    destination.rollback()

    assert (tmp_path / "main").read_text() == (tmp_path / "x").read_text() == "old"


def test_what_somebody_did_to_a_file_after_its_rollback_is_undone(tmp_path):
    target = files_beside()
    target.write(
        contents('{{ "one" | writeToFile (print (env "BOX") "/f") "" "" "0644" }}', tmp_path)
    )
    target.accept()
    target.write(
        contents('{{ "two" | writeToFile (print (env "BOX") "/f") "" "" "0644" }}', tmp_path)
    )
    target.rollback()
    assert target.is_intact()

    (tmp_path / "f").unlink()
    assert not target.is_intact()
    target.rollback()

    assert (tmp_path / "f").read_text() == "one"


def test_nothing_is_in_place_before_anything_is_known(tmp_path):
    target = files_beside()

    assert not target.is_intact()
    target.write(contents("no files", tmp_path))
    assert target.is_intact()


def test_a_failed_commit_leaves_nothing_of_the_files_after_it(tmp_path):
    text = """{{ "x" | writeToFile (print (env "BOX") "/a") "" "" "0644" }}
    {{ "x" | writeToFile (print (env "BOX") "/b") "" "" "0644" }}"""
    staged = files_beside(tmp_path / "main").stage(contents(text, tmp_path))
    assert staged is not None
    [first] = tmp_path.glob(".a.*")
    first.unlink()

    with pytest.raises(WriteError, match="the new content was changed"):
        staged.commit()

    assert list(tmp_path.iterdir()) == []


def test_remove_removes_all_of_them(tmp_path):
    destination = files_beside(tmp_path / "main")
    destination.write(Contents(b"m", (ExtraFile(str(tmp_path / "x"), b"1"),)))

    destination.remove()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{{ "x" | writeToFile "/r/a" "" "" "9" }}', '… is not a mode such as "0640"'),
        ('{{ "x" | writeToFile "/r/a" "" "" "77777" }}', '… is not a mode such as "0640"'),
        ('{{ writeToFile "/r/a" "" "" "0600" }}', "the content is missing"),
        ('{{ "x" | writeToFile "/r/own" "" "" "0600" }}', "this is the template's own destination"),
        (
            '{{ "x" | writeToFile (env "BOX") "" "" "0600" }}',
            "set `sandbox_path` to the directory that it may",
        ),
        ('{{ "x" | writeToFile "/r/a" "" "" }}', "the content is missing"),
        ('{{ file (env "BOX") }}', "set `sandbox_path` to the directory that it may be in"),
    ],
)
def test_files_that_cannot_be_written_are_reported_before_anything_is_written(text, said):
    surroundings = Surroundings(environ={"BOX": "/etc/passwd"}, destination="/r/own")

    with pytest.raises(RenderError) as error:
        template(text, surroundings=surroundings)

    assert re.match(r"t\.tpl:1:\d+: ", str(error.value))
    assert said in str(error.value)


def test_an_unknown_user_is_reported_without_its_name(tmp_path):
    content = Contents(b"m", (ExtraFile(str(tmp_path / "x"), b"1", user="canary-7f3a"),))

    with pytest.raises(WriteError, match="its user or group is unknown here") as error:
        files_beside().write(content)

    assert "canary" not in str(error.value)
