"""A source that is not Vault, with the whole product around it."""

import io
import json

import pytest

from injector.engine.store import Phase
from injector.runtime import sources
from injector.runtime.assembly import take_over
from tests.engine.test_rollback import application, bundled, journal
from tests.support.engine import configuration, engine, fresh_state, load_from
from tests.support.folder import Folder

CANARY = "canary-9c4b-value"


@pytest.fixture
def folder(tmpfs, monkeypatch):
    """A second source beside Vault; nothing but the list of sources is touched."""
    root = tmpfs / "folder"
    root.mkdir()
    folder = Folder(root)
    monkeypatch.setitem(sources.OTHERS, "folder", folder)
    return folder


def files(app, proxy, tmpfs, *names, **blocks):
    """One file for each secret: `a` is Vault's, everything else the folder's."""
    paths = {name: app.path(name) if name == "a" else f"folder/{name}" for name in names}
    entries = [
        {"contents": f"{{{{ {name}.value or {name}.user }}}}", "destination": str(tmpfs / name)}
        for name in names
    ]
    secrets = {name: {"path": path, "refresh": "20s"} for name, path in paths.items()}
    return configuration(app, proxy.address, secrets=secrets, **({"template": entries} | blocks))


def user(tmpfs, name="db"):
    return (tmpfs / name).read_text()


def leased(app, proxy, tmpfs, **blocks):
    entry = {"contents": "{{ db.user }}", "destination": str(tmpfs / "db")}
    secrets = {"db": {"path": "folder/db", "overlap": "5s"}}
    return configuration(app, proxy.address, secrets=secrets, template=[entry], **blocks)


async def test_a_bundle_of_two_sources_changes_as_a_whole(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    app.put("a", value="vault-1")
    folder.put("b", value="folder-1", version="7")
    config = files(app, proxy, tmpfs, "a", "b", template=[], bundle=bundled(tmpfs, "ab"))
    config["notify"] = {"app": application(tmpfs, str(tmpfs / "b/a"), str(tmpfs / "b/b"))}

    async with engine(load_from(tmp_path, config), clock) as running:
        assert journal(tmpfs) == ["vault-1 folder-1"]
        folder.put("b", value="folder-2", version="8")
        await clock.advance(30)

        assert journal(tmpfs) == ["vault-1 folder-1", "vault-1 folder-2"]
        current = {found.ref.source: found for found in running.state.store.all()}
        assert current["folder"].rotation.version == "8"
        assert current["folder"].phase is Phase.DELIVERED


async def test_what_the_application_rejects_is_rolled_back_whatever_its_source(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    app.put("a", value="good")
    folder.put("b", value="good")
    config = files(app, proxy, tmpfs, "a", "b", template=[], bundle=bundled(tmpfs, "ab"))
    config["notify"] = {"app": application(tmpfs, str(tmpfs / "b/a"), str(tmpfs / "b/b"))}

    async with engine(load_from(tmp_path, config), clock) as running:
        folder.put("b", value=CANARY)
        await clock.advance(40)

        assert (tmpfs / "b" / "b").read_text() == "good"
        assert running.events("rolled back")
        assert CANARY not in running.log


async def test_a_source_that_is_down_affects_no_secret_of_another(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    app.put("a", value="vault-1")
    folder.put("b", value="folder-1")
    loaded = load_from(tmp_path, files(app, proxy, tmpfs, "a", "b"))

    async with engine(loaded, clock) as running:
        folder.go_down()
        app.put("a", value="vault-2")
        await clock.advance(60)
        assert (user(tmpfs, "a"), user(tmpfs, "b")) == ("vault-2", "folder-1")
        assert running.events("source unreachable")[0]["source"] == "folder"
        assert not running.assembly.availability.down

        folder.put("b", value="folder-2")
        folder.come_back()
        await clock.advance(40)
        assert user(tmpfs, "b") == "folder-2"
        assert running.events("source reachable again")

        proxy.status = 503
        folder.put("b", value="folder-3")
        app.put("a", value="vault-3")
        await clock.advance(60)
        assert (user(tmpfs, "a"), user(tmpfs, "b")) == ("vault-2", "folder-3")


async def test_each_error_of_a_source_is_one_of_ours(app, proxy, clock, tmpfs, tmp_path, folder):
    folder.lock("locked")
    loaded = load_from(tmp_path, files(app, proxy, tmpfs, "locked", "missing"))

    async with engine(loaded, clock) as running:
        failed = {event["secret"]: event for event in running.events("secret failed")}

        assert failed["locked"]["error_class"] == "denied"
        assert failed["missing"]["error_class"] == "missing"
        assert running.assembly.tokens.held is not None  # nobody doubted Vault's token


async def test_a_lease_of_any_source_is_renewed_reissued_and_given_back(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    folder.put("db", ttl=100.0)
    proxy.requests.clear()

    async with engine(load_from(tmp_path, leased(app, proxy, tmpfs)), clock):
        assert user(tmpfs) == "db-1"
        await clock.advance(200)
        assert folder.journal[:2] == ["issued db", "renewed db-1"]

        folder.log_in("second")  # what the first one has made would end with it
        await clock.advance(100)
        assert user(tmpfs) == "db-2"
        assert folder.journal.count("issued db") == 2
        assert "revoked db-1" in folder.journal


async def test_another_token_of_a_source_reissues_its_leases_and_those_of_no_other(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    folder.put("db", ttl=1000.0)

    async with engine(load_from(tmp_path, leased(app, proxy, tmpfs)), clock) as running:
        running.assembly.tokens.report_bad(running.token)  # of Vault: another one comes
        await clock.advance(20)
        assert folder.journal == ["issued db"]

        folder.log_in("second")
        folder.source.token_changed(folder.source.token)
        await clock.advance(2)
        store = running.state.store
        assert [found.number for found in store.superseded("folder", clock.now())] == [1]
        assert store.superseded("vault", clock.now()) == []
        await clock.advance(20)

        assert folder.journal == ["issued db", "issued db", "revoked db-1"]
        assert user(tmpfs) == "db-2"


async def test_a_budget_limits_what_any_source_issues(app, proxy, clock, tmpfs, tmp_path, folder):
    folder.put("db", ttl=1000.0)
    config = leased(app, proxy, tmpfs)
    config["secrets"]["db"]["issuance_budget"] = 3

    async with engine(load_from(tmp_path, config), clock) as running:
        for _ in range(6):
            [ref] = running.assembly.watch.named().values()
            running.assembly.watch.refresh([ref])
            await clock.settled()

        assert folder.journal.count("issued db") == 3


async def test_what_a_source_has_issued_is_given_back_at_the_end(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    folder.put("db", ttl=1000.0)
    loaded = load_from(tmp_path, leased(app, proxy, tmpfs, revoke_on_shutdown="token"))

    async with engine(loaded, clock) as running:
        await running.assembly.release()

    assert folder.journal == ["issued db", "revoked db-1", "logged out"]
    assert proxy.count("revoke-self") == 1


async def test_what_a_source_has_issued_is_handed_over(app, proxy, clock, tmpfs, tmp_path, folder):
    folder.put("db", ttl=1000.0)
    persist = {"cache": {"persist": {"path": str(tmpfs / "handover" / "state")}}}
    loaded = load_from(tmp_path, leased(app, proxy, tmpfs, **persist))
    for _ in range(2):
        state = fresh_state(clock, io.StringIO())
        with take_over(loaded, state):
            async with engine(loaded, clock, state=state) as running:
                await clock.advance(2)
                [lease] = state.store.all()
                assert lease.token is not None
                assert lease.token.is_same(running.assembly.sources["folder"].token)

    assert folder.journal == ["issued db"]
    assert user(tmpfs) == "db-1"


async def test_a_reload_asks_no_source_for_another_credential(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    folder.put("db", ttl=1000.0)
    loaded = load_from(tmp_path, leased(app, proxy, tmpfs))
    state = fresh_state(clock, io.StringIO())
    for _ in range(2):
        async with engine(loaded, clock, state=state):
            await clock.advance(2)

    assert folder.journal == ["issued db"]


async def test_the_status_shows_secrets_of_every_source(app, proxy, clock, tmpfs, tmp_path, folder):
    from injector.runtime.listeners import status_report

    folder.put("db", ttl=1000.0)
    loaded = load_from(tmp_path, leased(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        status = status_report(running.assembly, running.state).as_json()

        [secret] = status["secrets"]
        assert (secret["path"], secret["kind"]) == ("folder/db", "lease")
        assert secret["next"]["act"] == "renew"
        assert status["ready"]
        folder.go_down()
        await clock.advance(900)
        [secret] = status_report(running.assembly, running.state).as_json()["secrets"]
        assert secret["error_class"] == "transient"
        assert json.dumps(secret).count("Vault") == 0


async def test_what_a_file_waits_for_names_its_own_source(
    app, proxy, clock, tmpfs, tmp_path, folder
):
    folder.go_down()
    proxy.status = 503
    loaded = load_from(tmp_path, files(app, proxy, tmpfs, "b"))

    async with engine(loaded, clock) as running:
        await clock.advance(10)
        running.assembly.health.waiting("secret", "b")  # as long as nothing was asked

        [reason] = running.assembly.readiness.reasons()
        assert "the folder is down" in reason
        assert "Vault" not in reason
