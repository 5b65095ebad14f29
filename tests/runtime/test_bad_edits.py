"""What somebody does to a file of a running daemon never ends it: the old configuration stays."""

import asyncio
import io
import json
from dataclasses import replace

import pytest
import yaml

from injector.runtime import run as run_module
from injector.runtime.assembly import Assembly
from injector.runtime.plan import plan
from injector.runtime.run import Daemon
from tests.cli.test_run import daemon
from tests.status.test_listener import ask
from tests.support.engine import fresh_state
from tests.support.fakes import LIMIT
from tests.support.processes import result, running, write_config

KEEPS = "keeping the old one"
BAD_TEMPLATES = {
    "values in values": "{% set x = 1 %}" + "{% set x = [x] %}" * 30_000 + "{{ x }}",
    "no argument": "{{ secret() }}",
    "no value for a parameter": "{{ secret('a/b', n=-[true]) }}",
    "too many arguments": "{{ secret('a/b', 1, 2) }}",
    "many nots": "{{ " + "not " * 20_000 + "db }}",
    "many signs": "{{ " + "-" * 20_000 + "1 }}",
    "many brackets": "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "many keys": "{{ db" + ".a" * 60_000 + " }}",
    "many filters": "{{ 1" + "|upper" * 60_000 + " }}",
    "many operands": "{{ 1" + "~1" * 60_000 + " }}",
    "many elifs": "{% if 0 %}" + "{% elif 0 %}" * 20_000 + "{% endif %}",
    "not UTF-8": b"\xff\xfe",
}
BAD_FILES = {
    "no mapping": "- a\n",
    "a merge of a complex key": "a: &a {? [x] : 1}\nb: {<<: *a}\n",
    "deep": "secrets: " + "[" * 900 + "]" * 900,
    "deeper": "secrets: &a " + "[" * 2_000,
    "deep with an anchor": "secrets: &a " + "[" * 900 + "]" * 900,
    "a bomb of aliases": "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    + "secrets: {a: {path: a/b, params: {b: *a59}}}\n",
    "more than there can be": f"template: [{'1,' * 300_000}]\n",
    "a member with a long name": "bundle: [{name: b, directory: /dev/shm, template: "
    f"[{{contents: x, destination: {'x' * 300}}}]}}]\n",
    "ends of lines that nobody sees": "vault: \u2028x\u2028\u2028: [\u2028\u2028",
    "a bracket beyond them": "\u2028{ a: \u2028 b: [",
    "not text": b"vault: \xff\xfe\n",
}


NOT_A_PATH = "a\0b"
BAD_SETTINGS = {
    "source": {"template": [{"source": NOT_A_PATH, "destination": "/dev/shm/x"}]},
    "destination": {"template": [{"contents": "x", "destination": f"/dev/shm/{NOT_A_PATH}"}]},
    "certificate": {"vault": {"address": "https://a", "ca_cert": NOT_A_PATH}},
    "journal": {"journal": {"path": f"/dev/shm/{NOT_A_PATH}"}},
    "command": {"exec": {"command": ["/bin/sleep", NOT_A_PATH]}},
    "user": {"template": [{"contents": "x", "destination": "/dev/shm/x", "user": NOT_A_PATH}]},
}


def write(path, text):
    """Write by rename, as an editor does."""
    staged = path.with_name(".staged")
    staged.write_bytes(text if isinstance(text, bytes) else text.encode())
    staged.replace(path)


def with_source(app, tmpfs, tmp_path, text, **entry):
    (tmp_path / "source").write_text(text)
    entry = {"source": "source", "destination": str(tmpfs / "db.env"), **entry}
    return daemon(app, tmpfs, template=[entry])


@pytest.mark.parametrize("language", ["jinja", "go"])
def test_an_empty_template_source_is_an_empty_file_at_the_start_and_while_it_runs(
    app, tmpfs, tmp_path, language
):
    app.put("db", password="one")
    config = with_source(app, tmpfs, tmp_path, "", language=language)
    with running("run", "-c", write_config(tmp_path, config)) as injector:
        injector.wait_for("file written")
        assert (tmpfs / "db.env").read_bytes() == b""

        write(tmp_path / "source", "full")
        injector.wait_for("file written", times=2)
        write(tmp_path / "source", "")
        injector.wait_for("file written", times=3)
        assert (tmpfs / "db.env").read_bytes() == b""
        assert injector.end() == 0


def test_no_edit_of_a_template_ends_a_running_daemon(app, tmpfs, tmp_path):
    app.put("db", password="one")
    config = with_source(app, tmpfs, tmp_path, "{{ db.password }}")
    with running("run", "-c", write_config(tmp_path, config)) as injector:
        injector.wait_for("file written")
        for times, bad in enumerate(BAD_TEMPLATES.values(), 1):
            write(tmp_path / "source", bad)
            injector.wait_for(KEEPS, times=times)

        write(tmp_path / "source", "pw={{ db.password }}")
        injector.wait_for("file written", times=2)
        assert (tmpfs / "db.env").read_text() == "pw=one"
        assert injector.end() == 0
    assert "report this" not in injector.output


def test_a_template_may_begin_and_cease_to_write_other_files(app, tmpfs, tmp_path):
    app.put("db", password="one")
    plain = f'{{{{ with secret "{app.path("db")}" }}}}{{{{ .Data.data.password }}}}{{{{ end }}}}'
    writing = f'{{{{ "more" | writeToFile "{tmpfs}/more" "" "" "0600" }}}}{plain}!'
    config = with_source(app, tmpfs, tmp_path, plain, language="go")
    with running("run", "-c", write_config(tmp_path, config)) as injector:
        injector.wait_for("file written")

        write(tmp_path / "source", writing)
        injector.wait_for("file written", times=2)
        assert (tmpfs / "more").read_text() == "more"
        assert (tmpfs / "db.env").read_text() == "one!"

        write(tmp_path / "source", plain)
        injector.wait_for("file written", times=3)
        assert (tmpfs / "db.env").read_text() == "one"
        assert injector.end() == 0


def test_no_edit_of_the_configuration_ends_a_running_daemon(app, tmpfs, tmp_path):
    app.put("db", password="one")
    config = daemon(app, tmpfs)
    path = write_config(tmp_path, config)
    broken = [*BAD_FILES.values(), *(yaml.safe_dump(config | bad) for bad in BAD_SETTINGS.values())]
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        for times, bad in enumerate(broken, 1):
            write(path, bad)
            injector.wait_for(KEEPS, times=times)

        config["template"][0]["contents"] = "pw2={{ db.password }}"
        write_config(tmp_path, config)
        injector.wait_for("file written", times=2)
        assert (tmpfs / "db.env").read_text() == "pw2=one"
        assert injector.end() == 0
    assert "report this" not in injector.output


@pytest.mark.parametrize("bad", [*BAD_TEMPLATES.values(), *BAD_FILES.values()])
def test_check_refuses_it_too_and_says_why(tmp_path, bad):
    config = {"template": [{"source": "source", "destination": "/dev/shm/x"}]}
    path = write_config(tmp_path, config)
    write(tmp_path / "source" if bad in BAD_TEMPLATES.values() else path, bad)

    done = result("check", "-c", path, limit=60)

    assert (done.returncode, done.stderr) == (2, "")


def test_a_failed_reload_is_an_alarm_until_one_succeeds(app, tmpfs, tmp_path):
    app.put("db", password="one")
    config = with_source(app, tmpfs, tmp_path, "{{ db.password }}")
    path, socket = write_config(tmp_path, config), tmpfs / "injector.sock"
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        loaded_at = metric(socket, "success_timestamp_seconds")
        assert metric(socket, "successful") == 1

        write(tmp_path / "source", "{{ db.password")
        injector.wait_for(KEEPS)
        status = json.loads(ask(socket, "GET", "/status")[1])
        [alarm] = status["alarms"]
        assert (alarm["alarm"], alarm["name"]) == ("not_reloaded", str(path))
        assert f"{tmp_path}/source:1" in alarm["error"]
        assert status["configuration"]["state"] == "failing"
        assert "stays in force: " in ask(socket, "GET", "/")[1]
        assert metric(socket, "successful") == 0
        assert metric(socket, "success_timestamp_seconds") == loaded_at
        assert 'injector_errors_total{class="config"} 1.0' in ask(socket, "GET", "/metrics")[1]
        assert ask(socket, "GET", "/readyz")[0] == 200  # the application has all that it needs

        write(tmp_path / "source", "{{ db.password }}!")
        injector.wait_for("file written", times=2)
        status = json.loads(ask(socket, "GET", "/status")[1])
        assert (status["alarms"], status["configuration"]["state"]) == ([], "ok")
        assert metric(socket, "successful") == 1
        assert metric(socket, "success_timestamp_seconds") > loaded_at
        assert injector.end() == 0


def metric(socket, name):
    name = f"injector_config_last_reload_{name}"
    lines = ask(socket, "GET", "/metrics")[1].splitlines()
    [value] = [line.removeprefix(name) for line in lines if line.startswith(f"{name} ")]
    return float(value)


@pytest.mark.parametrize(
    "broken",
    [
        "vault: {color: blue}\n",
        "vault: {address: \n",
        "vault:\n\taddress: x\n",
        "template: [{source: nowhere, destination: /dev/shm/x}]\n",
    ],
)
def test_status_finds_the_listener_of_a_file_that_is_broken(app, tmpfs, tmp_path, broken):
    config = daemon(app, tmpfs)
    path = write_config(tmp_path, config)
    listener = yaml.safe_dump({"listener": config["listener"]})
    with running("run", "-c", path) as injector:
        injector.wait_for("listening")
        write(path, broken + listener)
        injector.wait_for(KEEPS)

        done = result("status", "-c", path, "--json")

        assert (done.returncode, done.stderr) == (1, "")  # it needs a person
        assert json.loads(done.stdout)["alarms"][0]["alarm"] == "not_reloaded"
        assert injector.end() == 0


@pytest.mark.parametrize("name", ["config.json", "config.hcl"])
@pytest.mark.parametrize(
    "text",
    [
        '{"vault": {"timeout": ' + "9" * 5_000 + "}}",
        '{"vault": {"timeout": 1e999}}',
        '{"a": ' * 900 + "1" + "}" * 900,
        "[" * 100_000,
        'a = "' + "${" * 5_000,
        "a = " + "[" * 5_000,
        "a = " + "9" * 5_000,
        "a = 0x" + "9" * 5_000,
        "a " + "{ b " * 5_000,
    ],
)
def test_check_refuses_what_is_too_deep_or_too_long_in_other_languages(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)

    done = result("check", "-c", path)

    assert (done.returncode, done.stderr) == (2, "")


# -- what nobody has thought of


class Broken(Exception):
    """A fault of ours."""


def raises(*_made):
    raise Broken("canary-7f3a-value")


def lacks_a_template(made):
    """Return a plan that can be loaded, and not built."""
    return replace(made, templates={})


async def stays_after_a_reload(lab, fault):
    """Reload with a fault of ours in it; the old configuration goes on, and says why."""
    lab.put("db", password="one")
    config = lab.config(
        template=[
            {
                "contents": f'{{{{ secret("{lab.path("db")}").password }}}}',
                "destination": f"{lab.tmpfs}/a",
            }
        ],
        listener=[{"type": "unix", "address": f"{lab.tmpfs}/socket"}],
    )
    output, loaded = io.StringIO(), lab.load(config)
    made = Daemon(
        loaded, fresh_state(lab.clock, output), lambda: fault(plan(loaded.loaded.path, {}))
    )
    task = asyncio.create_task(made.run())
    try:
        await lab.clock.settled()
        made._hang_up()
        await lab.clock.advance(1)
        await lab.clock.settled()
        lab.put("db", password="two")
        await lab.clock.advance(70)
        await lab.clock.settled()
        assert lab.read("a") == "two"
        _, text = await asyncio.to_thread(ask, lab.tmpfs / "socket", "GET", "/status")
    finally:
        made._ask_to_quit()
        async with asyncio.timeout(LIMIT):
            assert await task == 0

    assert "please report this" in output.getvalue()
    assert "canary" not in output.getvalue()
    [alarm] = json.loads(text)["alarms"]
    assert (alarm["alarm"], alarm["error_class"]) == ("not_reloaded", "internal")


@pytest.mark.parametrize("fault", [raises, lacks_a_template])
async def test_a_fault_of_ours_while_reloading_is_shown_and_the_old_configuration_stays(lab, fault):
    await stays_after_a_reload(lab, fault)


async def test_so_is_one_that_needs_what_the_process_knows(lab, monkeypatch):
    """The rehearsal builds around nothing, so it cannot find such a fault."""
    builds = iter([Assembly, raises, Assembly])

    def build(*made):
        return next(builds)(*made)

    monkeypatch.setattr(run_module, "Assembly", build)

    await stays_after_a_reload(lab, lambda made: made)
