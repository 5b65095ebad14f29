"""Random edits of a running daemon's configuration and templates: none ends it, none is a fault.

`RELOAD_EXAMPLES=20000 pytest tests/runtime/test_reload_fuzz.py` looks for longer; each example is a number,
and `RELOAD_FIRST` is the first one. Nothing of a value is ever logged.
"""

# ruff: noqa: E501 - a list of words is a line

import asyncio
import contextlib
import io
import os
from dataclasses import replace
from importlib.util import find_spec
from random import Random
from typing import Any

import msgspec
import pytest
import yaml

from injector.config import model
from injector.runtime.plan import plan
from injector.runtime.run import Daemon
from tests.support.engine import configuration, fresh_state
from tests.support.fakes import LIMIT

EXAMPLES = int(os.environ.get("RELOAD_EXAMPLES", "150"))
FIRST = int(os.environ.get("RELOAD_FIRST", "0"))
CANARY = "canary-7f3a-value"
# Go templates too, where the dialects are installed.
LANGUAGE = "go" if find_spec("injector.dialects") else "jinja"
# Each stands for a part of a template or a configuration that somebody may paste anywhere.
# fmt: off
JINJA = [
    "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-}}", "{{ db.password }}", "{{ secret(", "secret", "(", ")", "[", "]", "{", "}",
    ",", ":", ".", "|", "~", "=", "==", "*", "**", "-", "not ", " in ", " is ", " if ", " else ", "for x in ", "endfor", "if ", "endif", "elif ",
    "else", "set ", "endset", "macro m(x)", "endmacro", "call m()", "endcall", "filter ", "endfilter", "block b", "endblock", "with ", "endwith",
    "raw", "endraw", "include 'a'", "import 'a' as b", "extends 'a'", "loop(", "recursive", "namespace(a=1)", "range(9)", "dict(a=1)", "self.b()", "super()", "caller()",
    "env('HOME')", "env(", "'a/b'", '"secret/data/x"', "'", '"', "\\", "1", "-1", "1e999", "9" * 40, "true", "none", "db", "x", "_x", "__line__", "é", "\0", "\n",
    "tojson", "default(1)", "join(',')", "indent(2)", "b64decode", "dotenv", "first", "sort", "map('upper')", "**kw", "*[1]", "n=", "}}{{", "%}{%",
]
GO = [
    "{{", "}}", "{{-", "-}}", "{{/*", "*/}}", "{{ with secret `PATH` }}", "{{ .Data.data.password }}", "{{ end }}", "{{ else }}", "{{ if ", "{{ range ", "{{ define `a` }}",
    "{{ template `a` }}", "{{ block `a` . }}", "{{ break }}", "(", ")", "|", ".", "$", "$x", ":=", "=", ",", "call ", 'call "\\x00" ', 'call "\0" ', "nil", "true", "1", "-1", "0x1p4", "'a'",
    "`b`", '"c"', '"\\xff"', "secret", "secrets ", "pkiCert ", 'file "SOURCE"', 'env "A" ', 'base64Decode "//4=" ', 'printf "%d" ', "index ", "len ", "parseJSON ", "é", "\0", " ", "\n",
]
YAML = [
    "&a ", "*a", "<<: *a", "<<:", "!x ", "? ", ": ", "- ", "{", "}", "[", "]", ",", "'", '"', "|", ">", "#", "%", "@", "`", "\t", "\n", "\n  ", "---\n", "...\n", "~", "null", "true",
    "1e999", "0x10", "9" * 5000, "${HOME}", "${", "$${", '"\\0"', '"\\ud800"', "\x01", "\x85", "\u2028", "\ufeff", "é", "{{ db.password }}", "template:", "secrets:", "notify:", "contents: ", "source: ",
    "destination: DEST/b", "format: yaml", "format: raw", "secret: db", "language: go", "perms: 0644", "user: nobody", "optional: true", "params: {a: [1]}", "path: ", "check: {format: json}",
    "contract: {keys: {a: string}}", "wait: {min: 1s, max: 2s}", "journal: {path: DEST/journal}", "env_template: [{name: A, contents: x}]", "bundle: [{name: b, directory: DEST/c, template: []}]",
]
JUNK: list[Any] = [
    None, True, "", "x", "\0", "a\0b", "é", 0, -1, 10**30, 1.5, float("inf"), [], {}, [[]], {"a": None}, [None], {"": ""}, {1: 2}, {"a": {"b": ["c"]}}, "{{ secret() }}", "${A}", "DEST/d", "/",
    "/proc/self/fd", "/dev/zero", "/dev/null", ".", "..", "~", "1h", "-1s", "SIGHUP", "0600", ["true"], {"type": "x"}, "9" * 5000, [["true"], [1]],
]
# fmt: on


def base(app):
    """Return a bit of everything; it is spelled without the folder, which no edit must leave."""
    blocks = {
        "secrets": {"db": {"path": app.path("db")}},
        "template": [
            {"source": "SOURCE", "destination": "DEST/jinja"},
            {"source": "SOURCE2", "destination": "DEST/go", "language": LANGUAGE},
            {"secret": "db", "format": "dotenv", "destination": "DEST/env", "notify": ["app"]},
        ],
        "bundle": [
            {
                "name": "b",
                "directory": "DEST/bundle",
                "template": [{"contents": "{{ db.password }}", "destination": "member"}],
            }
        ],
        "notify": {"app": {"signal": "SIGHUP", "process": {"pid_file": "DEST/pid"}}},
    }
    config = configuration(app, "", **blocks)
    del config["vault"]  # the address is in the environment: nobody else may be asked
    return config


def edited(config, random):
    """Return the configuration as text, with a random edit of its tree or of its letters."""
    if random.random() < 0.5:
        config = yaml.safe_load(yaml.safe_dump(config))
        for _ in range(random.randint(1, 3)):
            _replace_something(config, random)
        return yaml.dump(config)
    return _scrambled(yaml.safe_dump(config), YAML, random)


def _replace_something(tree, random):
    """Put junk, or a copy of another part, into a random place of a tree."""
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not keys:
            return
        key = random.choice(list(keys))
        if random.random() < 0.3 or not isinstance(node[key], dict | list):
            node[key] = random.choice(JUNK)
            return
        node = node[key]


def _scrambled(text, words, random):
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(text))
        end = min(len(text), place + random.randint(0, 30))
        match random.randint(0, 3):
            case 0:
                text = text[:place] + random.choice(words) + text[place:]
            case 1:
                text = text[:place] + text[end:]
            case 2:
                text = text[:place] + text[place:end] * random.randint(2, 40) + text[end:]
            case _:
                many = (random.choice(words) * random.choice([2, 200, 3000]))[:20_000]
                text = text[:place] + many + text[place:]
    return text


def soup(words, random):
    """Return a template of random words, or often none worth mentioning."""
    if random.random() < 0.5:
        return "plain"
    return "".join(random.choice(words) for _ in range(random.randint(0, 25)))


class Edited:
    """A running daemon, and the files that somebody edits."""

    def __init__(self, app, proxy, clock, tmpfs, tmp_path):
        self._clock = clock
        self._names = {
            "DEST": str(tmpfs),
            "PATH": app.path("db"),
            "SOURCE2": "source2",
            "SOURCE": "source",
        }
        self._environ = {"VAULT_ADDR": proxy.address}
        self._listener = model.Listener(type="unix", address=str(tmpfs / "socket"))
        self._config = tmp_path / "config.yaml"
        self._sources = [tmp_path / "source", tmp_path / "source2"]
        self._output = io.StringIO()

    @contextlib.asynccontextmanager
    async def running(self):
        self.daemon = Daemon(self._load(), fresh_state(self._clock, self._output), self._load)
        self._task = asyncio.create_task(self.daemon.run())
        try:
            await self._clock.settled()
            yield
        finally:
            self.daemon._ask_to_quit()
            async with asyncio.timeout(LIMIT):
                assert await self._task == 0

    def write(self, config, *sources):
        for name, meant in self._names.items():
            config = config.replace(name, meant)
        for file, text in zip([self._config, *self._sources], [config, *sources], strict=True):
            file.write_bytes(text.encode(errors="surrogatepass"))

    def written(self):
        return [file.read_bytes()[:5000] for file in (self._config, *self._sources)]

    async def reload(self):
        """Return what is logged meanwhile."""
        seen = self._output.tell()
        self.daemon._hang_up()
        for _ in range(3):
            await self._clock.advance(1)
        return self._output.getvalue()[seen:]

    def _load(self):
        """Whatever an edit makes of the listeners, the default one is not used."""
        found = plan(str(self._config), self._environ)
        config = msgspec.structs.replace(found.config, listener=(self._listener,))
        return replace(found, loaded=replace(found.loaded, config=config))


@pytest.mark.timeout(120 if EXAMPLES <= 150 else 0)
async def test_no_edit_ends_a_running_daemon(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    config = base(app)
    good = [yaml.safe_dump(config), "the end", "the end"]
    edit = Edited(app, proxy, clock, tmpfs, tmp_path)
    edit.write(*good)
    async with edit.running():
        for number in range(FIRST, FIRST + EXAMPLES):
            random = Random(number)
            text = edited(config, random) if random.random() < 0.6 else good[0]
            edit.write(text, *(soup(words, random) for words in (JINJA, GO)))
            try:
                said = await edit.reload()
                assert '"reloaded"' in said or "keeping the old one" in said
                assert "report this" not in said
                assert CANARY not in said
            except BaseException as error:
                error.add_note(f"RELOAD_FIRST={number}: {edit.written()}")
                raise

        edit.write(*good)
        assert '"reloaded"' in await edit.reload()
        assert (tmpfs / "jinja").read_text() == (tmpfs / "go").read_text() == "the end"
