import asyncio
import json
import os

import pytest
from aiohttp import web

from injector.agent import build
from injector.agent.plan import plan
from injector.errors import AuthError, InjectorError, TransientError
from injector.secret import Ref
from tests.engine import configuration, engine, kept_parts, load_from
from tests.test_engine import one_file
import io


async def test_probe_403(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    async with engine(loaded, clock) as running:
        proxy.script = [503, 403, 403]
        await clock.advance(70)
        assert "unreachable" in running.log
        await clock.advance(70)
        assert running.assembly.health.settled


@pytest.mark.parametrize("status", [403, 404])
async def test_gateway(app, proxy, clock, tmpfs, tmp_path, status):
    app.put("db", password="one")
    blocks = {"secrets": {"db": {"path": app.path("db"), "on_missing": "remove"}}}
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks=blocks))
    async with engine(loaded, clock) as running:
        before = running.token
        proxy.script = [web.json_response({"message": "no Route matched"}, status=status) for _ in range(3)]
        await clock.advance(62)
        assert (tmpfs / "db.env").exists()
        await clock.advance(70)
        assert running.token is before


@pytest.mark.parametrize(
    "auth", [{}, {"client_token": ""}, {"client_token": "x", "lease_duration": "1h"}, {"client_token":"x","lease_duration": 10**400}, [], None]
)
async def test_odd_login(app, proxy, clock, tmpfs, tmp_path, auth):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/login"
    proxy.script = [web.Response(text=json.dumps({"auth": auth}), content_type="application/json")]
    async with engine(loaded, clock) as running:
        assert "logged in" not in running.log
        await clock.advance(70)
        assert running.assembly.health.settled


@pytest.mark.parametrize("body", ["{}", '{"auth": null}', '{"auth": []}', '{"auth": {"lease_duration": "x"}}'])
async def test_odd_renew(app, proxy, clock, tmpfs, tmp_path, body):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/renew-self"
    async with engine(loaded, clock) as running:
        proxy.script = [web.Response(text=body, content_type="application/json")]
        await clock.advance(3000)
        assert running.assembly.health.settled


@pytest.mark.parametrize("raw", [b'{"data": {"a": "\xff"}}', b"[" * 200000, b'{"data": [1]}', b'{"data": {"data": {}, "metadata": {"version": []}}}'])
async def test_odd_read(app, proxy, clock, tmpfs, tmp_path, raw):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/db"
    proxy.script = [web.Response(body=raw, content_type="application/json")]
    async with engine(loaded, clock) as running:
        await clock.advance(70)
        assert running.assembly.health.settled


async def test_odd_error_body(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/db"
    proxy.script = [web.Response(status=500, body=b'{"errors": ["\xff"]}', content_type="application/json")]
    async with engine(loaded, clock) as running:
        await clock.advance(70)
        assert running.assembly.health.settled


async def test_policy_403_with_one_use_secret_id(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl="1h", token_max_ttl="4h", secret_id_num_uses=1
    )
    app.new_secret_id()
    config = one_file(app, proxy, tmpfs)
    config["template"].append(
        {"contents": '{{ secret("secret/data/other").x }}', "destination": str(tmpfs / "other")}
    )
    loaded = load_from(tmp_path, config)
    async with engine(loaded, clock) as running:
        await clock.advance(600)
        assert running.assembly.tokens.held is not None
        app.put("db", password="two")
        await clock.advance(70)
        assert (tmpfs / "db.env").read_text() == "pw=two\n"


def test_two_commands_that_begin_alike(app, tmpfs, tmp_path):
    prefix = "/usr/local/bin/reload-the-application-whose-name-is-long-enough-for-it"
    entries = [
        {"contents": "x", "destination": str(tmpfs / n), "command": [prefix, n]} for n in "ab"
    ]
    loaded = load_from(tmp_path, configuration(app, "http://127.0.0.1:1", template=entries))
    assert len(build.targets(loaded.config)) == 2


def test_command_like_notify(app, tmpfs, tmp_path):
    entries = [
        {"contents": "x", "destination": str(tmpfs / "a"), "command": ["reload"], "notify": ["reload"]}
    ]
    notify = {"reload": {"command": ["other"]}}
    loaded = load_from(tmp_path, configuration(app, "http://127.0.0.1:1", template=entries, notify=notify))
    assert len(build.targets(loaded.config)) == 2


def test_plan_odd_params(app, tmpfs, tmp_path):
    path = tmp_path / "c.yaml"
    for params in ("{a: 2024-01-01}", "{1: x, a: y}", "{a: .nan}", "{a: !!binary aGk=}", "{a: !!set {x}}"):
        path.write_text(f"vault: {{address: 'http://127.0.0.1:1'}}\nauto_auth: {{method: {{type: kubernetes, config: {{role: a}}}}}}\nsecrets: {{db: {{path: pki/issue/x, params: {params}}}}}\ntemplate: [{{contents: '{{{{ db.x }}}}', destination: {tmpfs}/x}}]\n")
        try:
            plan(str(path), {})
        except InjectorError as exc:
            print(params, exc)


async def test_two_param_sets_in_place(app, proxy, clock, tmpfs, tmp_path):
    contents = '{{ secret("sys/x", a=1).x }}{{ secret("sys/x", a=2).x }}'
    config = configuration(app, proxy.address, template=[{"contents": contents, "destination": str(tmpfs / "f")}])
    loaded = load_from(tmp_path, config)
    proxy.only = "/sys/x"
    proxy.script = [web.json_response({"errors": ["no"]}, status=400), web.json_response({"data": {"x": "1"}})]
    async with engine(loaded, clock) as running:
        print(running.assembly.health.all())
        assert len(running.assembly.health.all("secret")) == 2


async def test_reset_cuts_others(app, proxy, clock, tmpfs, tmp_path):
    for n in "ab":
        app.put(n, password="one")
    template = [{"contents": "{{ a.password }}{{ b.password }}", "destination": str(tmpfs / "f")}]
    secrets = {n: {"path": app.path(n)} for n in "ab"}
    loaded = load_from(tmp_path, configuration(app, proxy.address, secrets=secrets, template=template))
    proxy.held = "/a"
    proxy.only = "/b"
    proxy.script = ["reset"]
    async with engine(loaded, clock, settle=False) as running:
        await running.log_has("vault unreachable")
        for _ in range(300):
            await asyncio.sleep(0.001)
        print(running.log)
        assert proxy.in_flight == 1


async def test_reload_to_other_server(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    kept = kept_parts(clock, io.StringIO())
    async with engine(loaded, clock, kept=kept) as running:
        running.assembly.tokens.bad.ring()
        await clock.settled()
    print(kept.retiring)
    config = one_file(app, proxy, tmpfs)
    other = load_from(tmp_path, {**config, "vault": {"address": "http://127.0.0.1:9"}})
    kept.retiring.append(kept.token)
    kept.outgrow(loaded.config, other.config)
    assert kept.retiring == []


async def test_reload_with_other_backoff_keeps_secret_id(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    config = one_file(app, proxy, tmpfs)
    config["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"] = True
    loaded = load_from(tmp_path, config)
    kept = kept_parts(clock, io.StringIO())
    async with engine(loaded, clock, kept=kept) as running:
        assert not app.secret_id.exists()
    config["auto_auth"]["method"]["max_backoff"] = "10s"
    other = load_from(tmp_path, config)
    kept.outgrow(loaded.config, other.config)
    async with engine(other, clock, kept=kept) as running:
        assert running.assembly.health.settled
