"""What metrics say while secrets, files and targets come and go."""

import re
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from injector.base.errors import InjectorError
from injector.base.metrics import NOTIFICATIONS, RENDERS, STARTS, Metrics
from injector.runtime.listeners import status_report
from injector.status.exposition import exposition


def settings(lab, *names, creds="", **blocks):
    """A file for each secret; `db` is a lease, the others are KV; all tell one application."""
    secrets = {name: {"path": creds if name == "db" else lab.path(name)} for name in names}
    entries = [
        {
            "contents": f"{{{{ {name} | tojson }}}}",
            "destination": str(lab.tmpfs / name),
            "notify": [f"tell_{name}"],
        }
        for name in names
    ]
    notify = {f"tell_{name}": {"command": ["true"]} for name in names}
    defaults = {"secrets": secrets, "template": entries, "notify": notify}
    return lab.config(**(defaults | blocks))


def lines(running):
    """Every line of the exposition: name and labels → value."""
    status_report(running.assembly, running.state).measure()
    text = exposition(running.state.metrics)[0].decode()
    found = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in found}


@pytest.fixture
def creds(app, database):
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    path = f"database/creds/{app.name}"
    app.allow(f"secret/data/{app.name}/*", path, "sys/leases/revoke")
    return path


async def test_what_a_reload_removes_has_no_series(lab, creds):
    lab.put("kv", value="x")

    async with lab.start(settings(lab, "kv", "db", creds=creds)) as running:
        assert 'injector_secret_expires_timestamp_seconds{secret="db"}' in lines(running)
        state = running.state
    async with lab.start(settings(lab, "kv"), state=state) as running:
        gone = {name for name in lines(running) if "db" in name}
        assert gone == set()
        assert lines(running)['injector_secret_generation{secret="kv"}'] == 1
        written = f'injector_renders_total{{destination="{lab.tmpfs / "kv"}",result="written"}}'
        assert lines(running)[written] == 1


async def test_counters_of_possible_events_start_at_0(lab):
    exec_ = {"command": ["sleep", "600"]}

    async with lab.start(settings(lab, "kv", exec=exec_)) as running:
        said = lines(running)
        for labels in (
            *(f'renders_total{{destination="{lab.tmpfs}/kv",result="{r}"}}' for r in RENDERS),
            *(f'notifications_total{{notify="tell_kv",result="{r}"}}' for r in NOTIFICATIONS),
            *(f'child_starts_total{{reason="{r}"}}' for r in STARTS),
        ):
            assert said[f"injector_{labels}"] == 0

        lab.put("kv", value="x")
        await lab.clock.advance(61)
        said = lines(running)
        one = {name for name, value in said.items() if "_total" in name and value == 1}
        assert {
            f'injector_renders_total{{destination="{lab.tmpfs}/kv",result="written"}}',
            'injector_notifications_total{notify="tell_kv",result="sent"}',
            'injector_child_starts_total{reason="first"}',
        } <= one


async def test_a_reload_repeats_nothing_and_does_not_make_things_look_fresh(lab, creds):
    lab.put("kv", value="x")
    config = settings(lab, "kv", "db", creds=creds)

    async with lab.start(config) as running:
        await lab.clock.advance(30)
        before, state = lines(running), running.state
    async with lab.start(config, state=state) as running:
        for name in ("refreshed_timestamp_seconds", "expires_timestamp_seconds", "generation"):
            line = f'injector_secret_{name}{{secret="db"}}'
            assert lines(running)[line] == before[line]


async def test_what_an_earlier_process_has_left_is_shown_at_once(lab, creds):
    lab.put("kv", value="x")
    config = settings(lab, "db", creds=creds)

    async with lab.start(config) as running:
        before, state = lines(running), running.state
    state.metrics = Metrics()  # another process begins with nothing but what was handed over
    async with lab.start(config, state=state) as running:
        for name in ("secret_refreshed", "secret_expires", "token_expires"):
            labels = '{secret="db"}' if "secret" in name else ""
            line = f"injector_{name}_timestamp_seconds{labels}"
            assert lines(running)[line] == before[line]


async def test_a_secret_that_no_longer_expires_has_no_series_for_that(lab, creds):
    lab.put("kv", value="x")
    lease = settings(lab, "db", creds=creds)
    static = settings(lab, "db", creds=lab.path("kv"))

    async with lab.start(lease) as running:
        state = running.state
    async with lab.start(static, state=state) as running:
        assert 'injector_secret_generation{secret="db"}' in lines(running)
        assert 'injector_secret_expires_timestamp_seconds{secret="db"}' not in lines(running)


async def test_a_token_that_never_expires_has_no_line(lab):
    lab.put("kv", value="x")
    token_file = lab.folder / "token"
    token_file.write_text(lab.app.bao.root_token)
    loaded = lab.load(settings(lab, "kv"))
    root = {"type": "token_file", "config": {"token_file_path": str(token_file)}}
    endless = lab.load(settings(lab, "kv", auto_auth={"method": root}))

    async with lab.start(loaded) as running:
        assert "injector_token_expires_timestamp_seconds" in lines(running)
        state = running.state
        state.outgrow(loaded.config, endless.config)
    state.token = None
    async with lab.start(endless, state=state) as running:
        assert "injector_token_expires_timestamp_seconds" not in lines(running)


async def test_every_possible_event_has_a_series_of_0(lab):
    """`increase()` does not see the step from no line to 1."""
    lab.put("kv", value="x")

    async with lab.start(settings(lab, "kv")) as running:
        found = lines(running)

    for label in {kind.label for kind in InjectorError.__subclasses__()}:
        assert found[f'injector_errors_total{{class="{label}"}}'] == 0
    for result in ("failed", "rolled_back"):
        line = f'injector_renders_total{{destination="{lab.tmpfs / "kv"}",result="{result}"}}'
        assert found[line] == 0
    for result in ("failed", "rejected"):
        assert found[f'injector_notifications_total{{notify="tell_kv",result="{result}"}}'] == 0
    assert found["injector_unwrap_failed_total"] == 0


async def test_prometheus_finds_nothing_wrong_with_the_text(lab):
    lab.put("kv", value="x")

    async with lab.start(settings(lab, "kv")) as running:
        text, _ = exposition(running.state.metrics)

    assert linted(text) == (0, b"")


def linted(text):
    """What Prometheus' own tool finds."""
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    found = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    return found.returncode, found.stdout + found.stderr


async def test_each_secret_and_each_application_has_a_state(lab):
    lab.put("kv", value="x")
    config = settings(lab, "kv", "missing")
    nobody = {"signal": "SIGHUP", "process": {"pid_file": str(lab.tmpfs / "app.pid")}}
    config["notify"] |= {"nobody": nobody, "broken": {"command": ["false"]}}
    config["template"][0]["notify"] += ["nobody", "broken"]

    async with lab.start(config) as running:
        await lab.clock.advance(60)
        found = lines(running)

    def states(kind):
        """Those with a 1."""
        pattern = rf'injector_{kind}_state{{{kind}="(.*)",state="(.*)"}}'
        matches = ((re.fullmatch(pattern, line), value) for line, value in found.items())
        return {match[1]: match[2] for match, value in matches if match and value}

    assert states("secret") == {"kv": "ok", "missing": "failing"}
    assert states("notify") == {
        "tell_kv": "ok", "tell_missing": "ok", "nobody": "absent", "broken": "failing"
    }  # fmt: skip
    assert found['injector_secret_state{secret="kv",state="failing"}'] == 0


async def test_the_process_itself_is_measured(lab):
    async with lab.start(settings(lab, "kv")) as running:
        found = lines(running)

    assert found["injector_process_cpu_seconds_total"] > 0
    assert found["injector_process_resident_memory_bytes"] > 2**20
    assert found["injector_process_open_fds"] > 3


async def test_whoever_accepts_openmetrics_gets_that(lab):
    lab.put("kv", value="x")
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"

    async with lab.start(settings(lab, "kv")) as running:
        text, content_type = exposition(running.state.metrics, accept)
        _, plain = exposition(running.state.metrics, "*/*")

    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert plain.startswith("text/plain; version=0.0.4")
    families = {family.name for family in text_string_to_metric_families(text.decode())}
    assert {"injector_renders", "injector_rotation_seconds", "injector_build"} <= families
