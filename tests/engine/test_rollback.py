"""A change that the application does not take, in the whole engine: back to what it had."""

import json
import shutil
import signal
import sys

import pytest
import yaml

from injector.engine.store import Phase
from tests.support.engine import configuration
from tests.support.processes import result, running, write_config

CANARY = "canary-9c4b-value"


def application(tmpfs, *paths):
    """An application that appends what it reads to its journal, and is well unless that is bad."""
    journal = tmpfs / "journal"
    read = f"open({str(journal)!r}, 'a').write(' '.join(open(p).read() for p in {paths!r}) + ';')"
    well = f"import sys; sys.exit('{CANARY}' in open({str(journal)!r}).read().split(';')[-2])"
    return {
        "command": [sys.executable, "-c", read],
        "verify": {"command": [sys.executable, "-c", well], "timeout": "2s"},
        "on_failure": "rollback",
        "wait": {"min": "2s", "max": "4s"},
    }


def journal(tmpfs, name="journal"):
    return (tmpfs / name).read_text().split(";")[:-1]


def configured(lab, **blocks):
    defaults = {
        "secrets": {"a": {"path": lab.path("a")}},
        "template": [
            {"contents": "{{ a.value }}", "destination": str(lab.tmpfs / "file"), "notify": ["app"]}
        ],
        "notify": {"app": application(lab.tmpfs, str(lab.tmpfs / "file"))},
    }
    return lab.config(**(defaults | blocks))


def bundled(tmpfs, names="a"):
    members = [{"contents": f"{{{{ {name}.value }}}}", "destination": name} for name in names]
    return [{"name": "both", "directory": str(tmpfs / "b"), "template": members, "notify": ["app"]}]


@pytest.mark.parametrize("kind", ["file", "bundle"])
async def test_what_the_application_rejects_is_rolled_back_and_it_is_notified_again(lab, kind):
    lab.put("a", value="good")
    path = lab.tmpfs / ("file" if kind == "file" else "b/a")
    blocks = {} if kind == "file" else {"template": [], "bundle": bundled(lab.tmpfs)}
    blocks["notify"] = {"app": application(lab.tmpfs, str(path))}

    async with lab.start(configured(lab, **blocks)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)

        assert path.read_text() == "good"
        assert journal(lab.tmpfs) == ["good", CANARY, "good"]
        [alarm] = running.assembly.health.failures()
        assert alarm.kind == kind
        assert "rolled back, since app did not accept the change" in str(alarm.error)
        assert alarm.error is not None
        assert alarm.error.exit_code == 8
        metrics = running.state.metrics
        name = str(path) if kind == "file" else "both"
        assert metrics.renders.values[name, "rolled_back"] == 1
        assert metrics.file_stale.values[name,] == 1
        assert metrics.notifications.values["app", "rejected"] == 1
        assert CANARY not in running.log
        assert CANARY not in str(alarm.error)


async def test_a_rollback_is_announced_at_once_whatever_min_interval_says(lab):
    lab.put("a", value="good")
    notify = application(lab.tmpfs, str(lab.tmpfs / "file")) | {"min_interval": "10m"}

    async with lab.start(configured(lab, notify={"app": notify})):
        lab.put("a", value=CANARY)
        await lab.clock.advance(610)

        assert journal(lab.tmpfs) == ["good", CANARY, "good"]


async def test_the_rejected_content_is_not_tried_again_until_it_changes(lab):
    lab.put("a", value="good")

    async with lab.start(configured(lab)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)
        lab.put("a", value=CANARY)
        await lab.clock.advance(600)
        assert journal(lab.tmpfs) == ["good", CANARY, "good"]

        lab.put("a", value="better")
        await lab.clock.advance(75)

        assert lab.read("file") == "better"
        assert journal(lab.tmpfs) == ["good", CANARY, "good", "better"]
        assert running.assembly.health.settled


async def test_the_rejected_content_is_tried_again_when_somebody_asks(lab):
    lab.put("a", value="good")

    async with lab.start(configured(lab)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)

        running.assembly.delivery.retry_rejected()
        await lab.clock.settled()
        await lab.clock.advance(30)

        assert journal(lab.tmpfs) == ["good", CANARY, "good", CANARY, "good"]


async def test_a_rejection_is_remembered_by_the_next_configuration(lab):
    lab.put("a", value="good")
    config = configured(lab)

    async with lab.start(config) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)
        state = running.state
    async with lab.start(config, state=state) as running:
        await lab.clock.advance(200)

        assert lab.read("file") == "good"
        assert journal(lab.tmpfs) == ["good", CANARY, "good"]
        assert running.assembly.delivery.unsettled() == []
        assert len(running.assembly.health.failures()) == 1


async def test_content_that_can_no_longer_be_rejected_is_delivered(lab):
    lab.put("a", value="good")
    loaded = lab.load(configured(lab))

    async with lab.start(loaded) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)
        state = running.state
    trusting = {"command": ["true"]}
    loaded = lab.load(configured(lab, notify={"app": trusting}))
    async with lab.start(loaded, state=state) as running:
        await lab.clock.advance(10)

        assert lab.read("file") == CANARY
        assert running.assembly.health.settled


async def test_the_first_content_ever_stays_and_the_application_is_notified_again(lab):
    lab.put("a", value=CANARY)

    async with lab.start(configured(lab)) as running:
        await lab.clock.advance(40)

        assert lab.read("file") == CANARY
        assert len(journal(lab.tmpfs)) >= 2
        [alarm] = running.assembly.health.failures()
        assert (alarm.kind, alarm.name) == ("notify", "app")
        assert "no earlier content is known" in running.log


async def test_every_file_of_the_change_is_rolled_back_and_all_its_users_are_notified(lab):
    lab.put("a", value="a1")
    lab.put("b", value="b1")
    files = [
        {
            "contents": "{{ a.value }}",
            "destination": str(lab.tmpfs / "a"),
            "notify": ["app", "other"],
        },
        {"contents": "{{ b.value }}", "destination": str(lab.tmpfs / "b"), "notify": ["app"]},
    ]
    other = [sys.executable, "-c", f"open('{lab.tmpfs}/other', 'a').write('x')"]
    config = configured(
        lab,
        secrets={name: {"path": lab.path(name)} for name in "ab"},
        template=files,
        notify={
            "app": application(lab.tmpfs, str(lab.tmpfs / "a"), str(lab.tmpfs / "b")),
            "other": {"command": other},
        },
    )

    async with lab.start(config) as running:
        lab.put("a", value="a2")
        lab.put("b", value=CANARY)
        await lab.clock.advance(90)

        assert (lab.read("a"), lab.read("b")) == ("a1", "b1")
        assert journal(lab.tmpfs) == ["a1 b1", f"a2 {CANARY}", "a1 b1"]
        assert lab.read("other") == "xxx"
        assert len(running.assembly.health.failures()) == 2


async def test_a_new_file_that_cannot_be_rolled_back_is_retried_with_those_that_were(lab):
    """A file of the change that is new has nothing to go back to, and may yet be taken."""
    lab.put("a", value="a1")
    lab.put("b", value="b1")
    notify = {"app": application(lab.tmpfs, str(lab.tmpfs / "a"))}
    files = [
        {
            "contents": f"{{{{ {name}.value }}}}",
            "destination": f"{lab.tmpfs}/{name}",
            "notify": ["app"],
        }
        for name in "ab"
    ]
    secrets = {name: {"path": lab.path(name)} for name in "ab"}

    def plan(*template):
        blocks = {"secrets": secrets, "template": template, "notify": notify}
        return lab.load(configured(lab, **blocks))

    async with lab.start(plan(files[0])) as running:
        state = running.state
    lab.put("a", value=CANARY)
    async with lab.start(plan(*files), state=state) as running:
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(20)

        assert journal(lab.tmpfs) == ["a1", CANARY, "a1"]
        phases = {g.ref.path[-1]: g.phase for g in running.state.store.all()}
        assert phases == {"a": Phase.PUBLISHED, "b": Phase.DELIVERED}


async def test_content_rejected_together_is_retried_together(lab):
    lab.put("a", value="a1")
    lab.put("b", value="b1")
    files = [
        {
            "contents": f"{{{{ {name}.value }}}}",
            "destination": f"{lab.tmpfs}/{name}",
            "notify": ["app"],
        }
        for name in "ab"
    ]
    config = configured(
        lab,
        secrets={name: {"path": lab.path(name)} for name in "ab"},
        template=files,
        notify={"app": application(lab.tmpfs, f"{lab.tmpfs}/a", f"{lab.tmpfs}/b")},
    )

    async with lab.start(config) as running:
        lab.put("a", value="a2")
        lab.put("b", value=CANARY)
        await lab.clock.advance(90)
        lab.put("b", value="b3")
        await lab.clock.advance(75)

        assert journal(lab.tmpfs) == ["a1 b1", f"a2 {CANARY}", "a1 b1", "a2 b3"]
        assert running.assembly.health.settled


async def test_changes_during_the_verification_are_announced_before_any_rollback(lab):
    lab.put("a", value="good")

    async with lab.start(configured(lab)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(62.1)  # notified, and being asked
        assert journal(lab.tmpfs) == ["good", CANARY]
        lab.put("a", value="mended")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(2.1)  # the quiet time, not the two seconds of asking as well

        assert lab.read("file") == "mended"
        assert journal(lab.tmpfs) == ["good", CANARY, "mended"]
        assert running.assembly.health.settled
        assert "notification failed" not in running.log


async def test_without_rollback_the_change_stays_and_is_announced_again(lab):
    lab.put("a", value="good")
    keep = application(lab.tmpfs, str(lab.tmpfs / "file")) | {"on_failure": "keep"}

    async with lab.start(configured(lab, notify={"app": keep})) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)

        assert lab.read("file") == CANARY
        assert journal(lab.tmpfs)[:3] == ["good", CANARY, CANARY]
        [alarm] = running.assembly.health.failures()
        assert "hook 'app': not confirmed within 2 s" in str(alarm.error)


async def test_a_reload_between_the_change_and_its_rejection_still_knows_what_to_roll_back_to(lab):
    lab.put("a", value="good")
    config = configured(lab)

    async with lab.start(config) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(61)
        assert lab.read("file") == CANARY
        assert journal(lab.tmpfs) == ["good"]
        state = running.state
    async with lab.start(config, state=state):
        await lab.clock.advance(30)

        assert lab.read("file") == "good"
        assert journal(lab.tmpfs) == ["good", CANARY, "good"]


async def test_what_somebody_did_to_a_file_that_was_rolled_back_is_undone(lab):
    lab.put("a", value="good")

    async with lab.start(configured(lab)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)
        (lab.tmpfs / "file").write_text("mallory")
        await lab.clock.advance(75)

        assert lab.read("file") == "good"
        assert journal(lab.tmpfs) == ["good", CANARY, "good", "good"]
        assert len(running.assembly.health.failures()) == 1


async def test_what_was_rejected_is_better_than_a_bundle_that_somebody_has_removed(lab):
    lab.put("a", value="good")
    blocks = {"template": [], "bundle": bundled(lab.tmpfs)}
    blocks["notify"] = {"app": application(lab.tmpfs, str(lab.tmpfs / "b/a"))}

    async with lab.start(configured(lab, **blocks)) as running:
        lab.put("a", value=CANARY)
        await lab.clock.advance(75)
        assert lab.read("b/a") == "good"
        shutil.rmtree(lab.tmpfs / "b")
        await lab.clock.advance(75)

        assert lab.read("b/a") == CANARY
        assert "not restored" in running.log


async def test_an_application_that_does_not_confirm_the_old_content_either_changes_nothing(lab):
    """It is ill for a reason of its own: going back again would not help, nor would haste."""
    lab.put("a", value="good")
    notify = application(lab.tmpfs, str(lab.tmpfs / "file"))
    ill = lab.tmpfs / "ill"
    notify["verify"]["command"] = ["test", "!", "-e", str(ill)]

    async with lab.start(configured(lab, notify={"app": notify})) as running:
        ill.touch()
        lab.put("a", value="better")
        await lab.clock.advance(300)

        assert lab.read("file") == "good"
        assert journal(lab.tmpfs)[:3] == ["good", "better", "good"]
        assert len(journal(lab.tmpfs)) < 20
        assert set(journal(lab.tmpfs)[3:]) == {"good"}
        assert running.log.count('"rolled back"') == 1

        ill.unlink()
        await lab.clock.advance(40)
        assert [report.kind for report in running.assembly.health.failures()] == ["file"]
        running.assembly.delivery.retry_rejected()
        await lab.clock.settled()
        await lab.clock.advance(20)
        assert lab.read("file") == "better"
        assert running.assembly.health.settled


def test_rejected_content_is_retried_when_verify_is_corrected(app, tmpfs, tmp_path):
    def configure(question):
        config = yaml.safe_load(persistent(app, tmpfs, tmp_path).read_text())
        config["notify"]["app"]["verify"]["command"] = ["sh", "-c", question]
        return write_config(tmp_path, config)

    app.put("a", value="good")
    with running("run", "-c", configure(f"grep -q good {tmpfs}/file")) as injector:
        injector.wait_for('"notified"')
        app.put("a", value="better")
        injector.send(signal.SIGUSR1)
        injector.wait_for('"rolled back"')
        injector.wait_for('"notified"', times=2)

        configure(f"grep -q better {tmpfs}/file")
        injector.wait_for('"notified"', times=3)
        assert (tmpfs / "file").read_text() == "better"
        assert injector.end() == 0


# --- over a restart


def persistent(app, tmpfs, tmp_path, kind="file"):
    """A daemon that hands over, and whose application rejects what says "bad".

    If there is a file `once`, the first question is preceded by what it says.
    """
    path = tmpfs / ("file" if kind == "file" else "b/a")
    first = f"mv {tmpfs}/once {tmpfs}/now 2> {tmpfs}/none && . {tmpfs}/now"
    notify = {
        "command": ["sh", "-c", f"cat {path} >> {tmpfs}/journal; echo >> {tmpfs}/journal"],
        "verify": {"command": ["sh", "-c", f"{first}; ! grep -q bad {path}"], "timeout": "1s"},
        "on_failure": "rollback",
        "wait": {"min": "50ms", "max": "1s"},
    }
    entry = {"contents": "{{ a.value }}", "destination": str(path), "notify": ["app"]}
    settings = configuration(
        app,
        app.bao.address,
        secrets={"a": {"path": app.path("a")}},
        notify={"app": notify},
        cache={"persist": {"path": str(tmpfs / "handover")}},
        listener=[{"type": "unix", "address": str(tmpfs / "socket")}],
        **({"template": [entry]} if kind == "file" else {"bundle": bundled(tmpfs)}),
    )
    return write_config(tmp_path, settings)


@pytest.mark.parametrize("kind", ["file", "bundle"])
def test_a_rejection_is_remembered_over_a_restart_until_somebody_asks(app, tmpfs, tmp_path, kind):
    app.put("a", value="good")
    config = persistent(app, tmpfs, tmp_path, kind)
    with running("run", "-c", config) as injector:
        injector.wait_for('"notified"')
        injector.wait_for("listening")
        app.put("a", value="bad")
        assert result("refresh", "-c", config).returncode == 8
        injector.wait_for('"notified"', times=2)
        assert injector.end(signal.SIGKILL) == -9
    before = (tmpfs / "journal").read_text().split()
    assert before == ["good", "bad", "good"]

    with running("run", "-c", config) as injector:
        injector.wait_for("listening")
        shown = json.loads(result("status", "-c", config, "--json").stdout)
        [output] = shown["files"] + shown["bundles"]
        assert (output["state"], output["error_class"], shown["ready"]) == ("failing", "hook", True)
        assert (tmpfs / ("file" if kind == "file" else "b/a")).read_text() == "good"
        assert (tmpfs / "journal").read_text().split() == before

        assert result("refresh", "a", "-c", config).returncode == 8
        injector.wait_for('"rolled back"', limit=5)
        assert (tmpfs / "journal").read_text().split()[3] == "bad"
        assert injector.end() == 0


@pytest.mark.parametrize(
    ("kind", "end", "code"), [("file", signal.SIGKILL, -9), ("bundle", signal.SIGTERM, 0)]
)
def test_what_was_not_confirmed_before_a_restart_is_verified_and_rolled_back_after_it(
    app, tmpfs, tmp_path, kind, end, code
):
    app.put("a", value="good")
    config = persistent(app, tmpfs, tmp_path, kind)
    with running("run", "-c", config) as injector:
        injector.wait_for('"notified"')
        app.put("a", value="bad")
        (tmpfs / "once").write_text(f"kill -{end.value} {injector.popen.pid}; sleep 60")
        injector.send(signal.SIGUSR1)
        assert injector.wait() == code  # while it waits for the answer
    path = tmpfs / ("file" if kind == "file" else "b/a")
    assert path.read_text() == "bad"

    with running("run", "-c", config) as injector:
        injector.wait_for('"rolled back"')
        injector.wait_for('"notified"')
        assert path.read_text() == "good"
        assert (tmpfs / "journal").read_text().split() == ["good", "bad", "bad", "good"]
        assert injector.end() == 0
    assert b"good" not in (tmpfs / "handover").read_bytes()
    assert len(list(tmpfs.glob("b/..vault-injector.*"))) == (kind == "bundle")


def test_a_rejected_content_is_better_than_none(app, tmpfs, tmp_path):
    app.put("a", value="good")
    config = persistent(app, tmpfs, tmp_path)
    with running("run", "-c", config) as injector:
        injector.wait_for('"notified"')
        injector.wait_for("listening")
        app.put("a", value="bad")
        result("refresh", "-c", config)
        injector.wait_for('"notified"', times=2)
        assert injector.end() == 0
    (tmpfs / "file").unlink()

    with running("run", "-c", config) as injector:
        injector.wait_for("file written")
        assert (tmpfs / "file").read_text() == "bad"
        assert injector.end() == 0
