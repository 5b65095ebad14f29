"""What a value, an answer or a fault of ours breaks is the state of one thing, and ends nothing."""

from typing import Any

import pytest

from injector.base.errors import InjectorError
from injector.engine.auth.approle import AppRole
from injector.sources.vault import Vault
from tests.support.engine import Engine

CANARY = "canary-7f3a-value"


class Broken(Exception):
    """A fault of ours, with a value in its message: one that is known would be mended."""


def raising(*_args, **_more):
    raise Broken(CANARY)


def two_files(lab, **odd):
    """A file that is at risk, and one that must not notice."""
    entries = [
        {"destination": f"{lab.tmpfs}/odd", **odd},
        {"contents": "{{ fine.value }}", "destination": f"{lab.tmpfs}/fine"},
    ]
    secrets = {"odd": {"path": lab.path("odd")}, "fine": {"path": lab.path("fine")}}
    return lab.config(secrets=secrets, template=entries)


def error_of(engine: Engine, kind: str, name: str) -> InjectorError:
    report = engine.assembly.health.of(kind, name)
    assert report is not None
    assert report.error is not None
    return report.error


async def goes_on(lab):
    """The other file follows its secret."""
    lab.put("fine", value="new")
    await lab.clock.advance(70)
    await lab.clock.settled()
    return lab.read("fine") == "new"


@pytest.mark.parametrize("kind", ["yaml", "json", "dotenv"])
async def test_a_value_that_is_nested_too_deeply_is_refused_and_ends_nothing(lab, kind):
    deep: Any = "x"
    for _ in range(480):
        deep = {"a": deep}
    lab.put("odd", value=deep)
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format=kind)

    async with lab.start(config) as running:
        error = error_of(running, "secret", "odd")
        assert "nested deeper than 100 levels" in str(error)
        assert await goes_on(lab)

        lab.put("odd", value="flat")
        await lab.clock.advance(70)
        await lab.clock.settled()
        assert "flat" in lab.read("odd")


async def test_a_value_of_bytes_in_the_path_of_another_secret_ends_nothing(lab):
    lab.put("odd", value="//4=")  # bytes ff fe, in base64
    lab.put("fine", value="old")
    go = (
        f'{{{{ with secret "{lab.path("odd")}" }}}}'
        "{{ with secret (base64Decode .Data.data.value) }}{{ . }}{{ end }}{{ end }}"
    )
    config = two_files(lab, contents=go, language="go")

    async with lab.start(config) as running:
        error = error_of(running, "file", f"{lab.tmpfs}/odd")
        assert "is not UTF-8 text" in str(error)
        assert await goes_on(lab)


async def test_a_fault_while_rendering_is_the_state_of_that_file(lab, monkeypatch):
    lab.put("odd", value="one")
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format="json")
    monkeypatch.setattr("injector.engine.delivery.renderers.render_format", raising)

    async with lab.start(config) as running:
        error = error_of(running, "file", f"{lab.tmpfs}/odd")
        assert error.label == "internal"
        assert "unexpected Broken in" in str(error)
        assert await goes_on(lab)

        [line, *_] = running.events("file not written")
        assert "delivery/renderers.py:" in "".join(line["trace"])
        assert CANARY not in running.log


async def test_a_fault_in_an_answer_is_the_state_of_that_secret(lab, monkeypatch):
    lab.put("odd", value="one")
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format="json")
    fetch = Vault.fetch

    async def one_breaks(vault, ref, *args, **more):
        return raising() if ref.path.endswith("odd") else await fetch(vault, ref, *args, **more)

    monkeypatch.setattr(Vault, "fetch", one_breaks)
    async with lab.start(config) as running:
        error = error_of(running, "secret", "odd")
        assert "please report this" in str(error)
        assert await goes_on(lab)
        assert CANARY not in running.log

        monkeypatch.setattr(Vault, "fetch", fetch)
        await lab.clock.advance(70)
        await lab.clock.settled()
        assert (lab.tmpfs / "odd").exists()


async def test_a_fault_while_notifying_is_the_state_of_that_target(lab, monkeypatch):
    lab.put("odd", value="one")
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format="json", notify=["it"])
    config["notify"] = {"it": {"command": ["true"]}}
    monkeypatch.setattr("injector.targets.notify.command.CommandTarget.notify", raising)

    async with lab.start(config) as running:
        await lab.clock.advance(20)
        await lab.clock.settled()
        error = error_of(running, "notify", "it")
        assert "please report this" in str(error)
        assert await goes_on(lab)
        assert CANARY not in running.log


async def test_a_fault_while_logging_in_is_the_state_of_the_token(lab, monkeypatch):
    lab.put("odd", value="one")
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format="json")
    log_in = AppRole.log_in
    monkeypatch.setattr(AppRole, "log_in", raising)

    async with lab.start(config) as running:
        assert "please report this" in str(error_of(running, "token", "token"))
        assert CANARY not in running.log

        monkeypatch.setattr(AppRole, "log_in", log_in)
        await lab.clock.advance(400)
        await lab.clock.settled()
        assert (lab.tmpfs / "odd").exists()


async def test_a_fault_while_probing_in_an_outage_ends_nothing(lab, monkeypatch):
    lab.put("odd", value="one")
    lab.put("fine", value="old")
    config = two_files(lab, secret="odd", format="json")
    async with lab.start(config) as running:
        monkeypatch.setattr(running.assembly.availability, "_probe", raising)
        lab.proxy.status = 503
        await lab.clock.advance(100)
        await lab.clock.settled()
        lab.proxy.status = None

        assert await goes_on(lab)
