"""`refresh`: what is asked of Vault, and what the answer says, on a moved clock."""

import asyncio
import contextlib

import pytest

from injector.base.errors import MissingError, Unreachable
from injector.runtime.refresh import Refresh
from injector.sources.vault.ref import VaultRef
from injector.status.refreshed import Result, http_status
from tests.engine.test_rollback import CANARY, application, journal
from tests.support.fakes import LIMIT


def settings(lab, creds, **blocks):
    """A KV secret and a lease, each in a file; `both` has both of them."""
    defaults = {
        "secrets": {"kv": {"path": lab.path("kv")}, "db": {"path": creds}},
        "template": [
            {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv")},
            {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db")},
        ],
    }
    return lab.config(**(defaults | blocks))


@contextlib.asynccontextmanager
async def asking(running, clock, *names, within=30.0):
    """Ask in the background; the task has the answers by name."""

    async def ask():
        answers = await Refresh(running.assembly, running.state)(names, within)
        return {answer.secret: answer for answer in answers}

    task = asyncio.create_task(ask())
    try:
        await clock.settled()
        yield task
    finally:
        task.cancel()


async def asked(running, clock, *names, within=30.0):
    """Ask, and return the answers, which have to come at once."""
    async with asking(running, clock, *names, within=within) as task:
        await clock.advance(0.3)
        assert task.done()
        return task.result()


async def test_a_value_that_was_written_is_in_its_file_when_the_answer_comes(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        lab.put("kv", value="two")
        answer = (await asked(running, lab.clock, "kv"))["kv"]

        assert answer.result is Result.CHANGED
        assert (answer.generation, answer.version) == (2, "2")
        assert answer.files == (str(lab.tmpfs / "kv"),)
        assert lab.read("kv") == "two"


async def test_a_value_that_is_the_same_is_unchanged(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        answer = (await asked(running, lab.clock, "kv"))["kv"]

        assert answer.result is Result.UNCHANGED
        assert lab.proxy.count("/kv") == 2


async def test_a_lease_is_reissued_only_when_it_is_named(lab, creds, database):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        assert (await asked(running, lab.clock)).keys() == {"kv"}
        assert lab.proxy.count(creds) == 1

        before = lab.read("db")
        answer = (await asked(running, lab.clock, "db"))["db"]

        assert answer.result is Result.CHANGED
        assert lab.proxy.count(creds) == 2
        assert lab.read("db") != before
        await lab.clock.advance(61)  # its overlap
        assert lab.proxy.count("leases/revoke") == 1


async def test_concurrent_requests_for_a_lease_share_one(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        refresh = Refresh(running.assembly, running.state)
        tasks = [asyncio.create_task(refresh(["db"], 30.0)) for _ in range(3)]
        async with asyncio.timeout(LIMIT):
            while lab.proxy.count(creds) < 2:  # noqa: ASYNC110 - the request is under way
                await asyncio.sleep(0)
        tasks += [asyncio.create_task(refresh(["db"], 30.0)) for _ in range(3)]
        await lab.clock.settled()
        await lab.clock.advance(0.3)

        answers = [answer for task in tasks for answer in task.result()]
        assert [answer.result for answer in answers] == [Result.CHANGED] * 6
        assert lab.proxy.count(creds) == 2


async def test_a_value_written_while_another_refresh_reads_is_read_as_well(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        refresh = Refresh(running.assembly, running.state)
        later = []

        def write(request):
            """Vault has read the old value; its answer is on the way."""
            lab.proxy.meanwhile = lambda _: None
            lab.put("kv", value="two")
            later.append(asyncio.create_task(refresh(["kv"], 30.0)))

        lab.proxy.meanwhile = write
        earlier = asyncio.create_task(refresh(["kv"], 30.0))
        await lab.clock.settled()
        await lab.clock.advance(0.3)

        [before], [after] = earlier.result(), later[0].result()
        assert before.generation == after.generation == 2
        assert after.result is Result.CHANGED
        assert lab.read("kv") == "two"


async def test_a_refusal_is_the_answer_and_changes_nothing(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        step = running.assembly.watch.step(running.assembly.watch.named()["db"])
        lab.proxy.only, lab.proxy.status = creds, 400
        answer = (await asked(running, lab.clock, "db"))["db"]

        assert answer.result is Result.FAILED
        assert answer.error_class == "denied"
        assert creds in answer.reason
        assert http_status([answer]) == 502
        assert running.assembly.health.settled
        assert running.assembly.watch.step(running.assembly.watch.named()["db"]) == step


async def test_in_an_outage_the_answer_comes_at_once_and_only_reads_are_made_up_for(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        lab.proxy.status = 503
        answers = await asked(running, lab.clock, "kv", "db")

        assert {answer.result for answer in answers.values()} == {Result.FAILED}
        assert {answer.error_class for answer in answers.values()} == {"transient"}
        answers = await asked(running, lab.clock, "kv", "db")
        assert {answer.result for answer in answers.values()} == {Result.FAILED}
        lab.put("kv", value="two")
        lab.proxy.status = None
        await lab.clock.advance(4)
        assert lab.read("kv") == "two"
        assert lab.proxy.count(creds) == 2  # the one that found the outage


async def test_a_token_that_comes_with_a_refresh_in_an_outage_is_followed_after_it(lab, creds):
    """Both ring at once, and the refresh is answered: the lease must not die with its token."""
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        vault, watch = running.assembly.vault, running.assembly.watch
        body = {
            "role_id": lab.app.role_id.read_text(),
            "secret_id": lab.app.secret_id.read_text().strip(),
        }
        another = await vault.log_in("auth/approle", body)
        running.assembly.availability.report(Unreachable("made up"))
        running.assembly.tokens.put(another)
        watch.refresh([VaultRef.of(creds)])
        await lab.clock.settled()
        await lab.clock.advance(4)

        lease = running.state.store.current(VaultRef.of(creds))
        assert lease is not None
        assert lease.token is not None
        assert lease.token.is_same(another)
        assert lab.proxy.count(creds) == 2


async def test_a_request_for_a_secret_that_is_no_longer_wanted_is_answered(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        watch, ref = running.assembly.watch, VaultRef.of(lab.path("kv"))
        lab.proxy.held = "/kv"
        in_flight = watch.refresh([ref])[ref]
        await lab.proxy.holding.wait()
        waiting = watch.refresh([ref])[ref]
        running.state.store.want_nothing_but([])
        lab.proxy.held = ""
        await lab.clock.settled()

        assert in_flight.cancelled()
        assert waiting.cancelled()


async def test_an_unknown_name_is_an_error_that_suggests_the_nearest(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        with pytest.raises(MissingError, match="a secret 'kvs'; did you mean 'kv'"):
            await Refresh(running.assembly, running.state)(["kvs"], 30.0)


async def test_the_answer_waits_for_the_application(lab, creds):
    lab.put("kv", value="one")
    entry = {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv"), "notify": ["app"]}
    blocks = {
        "template": [entry],
        "notify": {"app": {"command": ["true"], "wait": {"min": "2s", "max": "15s"}}},
    }

    async with lab.start(settings(lab, creds, **blocks)) as running:
        lab.put("kv", value="two")
        async with asking(running, lab.clock, "kv") as task:
            assert lab.read("kv") == "two"
            assert not task.done()
            await lab.clock.advance(2.2)

            answer = task.result()["kv"]
            assert answer.result is Result.CHANGED
            assert answer.notify == ("app",)


async def test_a_request_that_waits_for_an_application_is_answered_at_a_reload(lab, creds):
    lab.put("kv", value="one")
    entry = {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv"), "notify": ["app"]}
    blocks = {
        "template": [entry],
        "notify": {"app": {"command": ["true"], "wait": {"min": "2s", "max": "15s"}}},
    }

    async with lab.start(settings(lab, creds, **blocks)) as running:
        lab.put("kv", value="two")
        async with asking(running, lab.clock, "kv") as task:
            await running.assembly.vault.unrepeatable.finish(lab.clock, 30.0)
            await lab.clock.advance(0.1)

            answer = task.result()["kv"]
            assert answer.result is Result.PENDING
            assert answer.reason == (
                "not yet there: app; the injector is reloading or stopping: see its status, or "
                "try again"
            )


async def test_the_wait_is_bounded_and_the_answer_says_what_is_missing(lab, creds):
    lab.put("kv", value="one")
    entry = {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv"), "notify": ["app"]}
    blocks = {
        "template": [entry],
        "notify": {"app": {"command": ["true"], "wait": {"min": "10s", "max": "15s"}}},
    }

    async with lab.start(settings(lab, creds, **blocks)) as running:
        lab.put("kv", value="two")
        async with asking(running, lab.clock, "kv", within=5.0) as task:
            await lab.clock.advance(5)

            answer = task.result()["kv"]
            assert answer.result is Result.PENDING
            assert answer.reason == "not yet there: app"
            assert http_status([answer]) == 202


async def test_an_application_that_is_not_running_is_not_waited_for(lab, creds):
    lab.put("kv", value="one")
    entry = {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv"), "notify": ["app"]}
    absent = {
        "signal": "SIGHUP",
        "process": {"pid_file": str(lab.tmpfs / "app.pid")},
        "wait": {"min": "1s", "max": "1s"},
    }
    blocks = {"template": [entry], "notify": {"app": absent}}

    async with lab.start(settings(lab, creds, **blocks)) as running:
        await lab.clock.advance(40)
        lab.put("kv", value="two")
        async with asking(running, lab.clock, "kv") as task:
            await lab.clock.advance(2)

            answer = task.result()["kv"]
            assert answer.result is Result.CHANGED
            assert answer.absent == ("app",)


async def test_a_file_that_cannot_be_rendered_is_reported(lab, creds):
    lab.put("kv", value="one")

    async with lab.start(settings(lab, creds)) as running:
        lab.put("kv", other=CANARY)
        answer = (await asked(running, lab.clock, "kv"))["kv"]

        assert answer.result is Result.FAILED
        assert answer.error_class == "missing"
        assert "value" in answer.reason
        assert CANARY not in answer.reason
        again = (await asked(running, lab.clock, "kv"))["kv"]
        assert again == answer


async def test_rejected_content_is_retried_and_the_result_is_reported(lab, creds):
    lab.put("kv", value="good")
    entry = {"contents": "{{ kv.value }}", "destination": str(lab.tmpfs / "kv"), "notify": ["app"]}
    blocks = {"template": [entry], "notify": {"app": application(lab.tmpfs, str(lab.tmpfs / "kv"))}}

    async with lab.start(settings(lab, creds, **blocks)) as running:
        lab.put("kv", value=CANARY)
        await lab.clock.advance(90)
        assert journal(lab.tmpfs) == ["good", CANARY, "good"]

        async with asking(running, lab.clock, "kv") as task:
            assert not task.done()
            await lab.clock.advance(10)

            answer = task.result()["kv"]
            assert journal(lab.tmpfs) == ["good", CANARY, "good", CANARY, "good"]
            assert answer.result is Result.FAILED
            assert "rolled back, since app did not accept the change" in answer.reason
            assert CANARY not in answer.reason


async def test_a_secret_that_waits_for_its_publish_delay_is_reported(lab, creds):
    lab.put("kv", value="one")
    secrets = {"kv": {"path": lab.path("kv"), "publish_delay": "10s"}, "db": {"path": creds}}

    async with lab.start(settings(lab, creds, secrets=secrets)) as running:
        lab.put("kv", value="two")
        async with asking(running, lab.clock, "kv", within=5.0) as task:
            await lab.clock.advance(5)
            assert task.result()["kv"].reason == "a new value waits for its publish_delay"

        async with asking(running, lab.clock, "kv") as task:
            await lab.clock.advance(5.2)
            assert task.result()["kv"].result is Result.CHANGED
        assert lab.read("kv") == "two"


async def test_a_refresh_counts_against_the_issuance_budget(lab, creds):
    lab.put("kv", value="one")
    secrets = {"kv": {"path": lab.path("kv")}, "db": {"path": creds, "issuance_budget": 3}}

    async with lab.start(settings(lab, creds, secrets=secrets)) as running:
        results = [(await asked(running, lab.clock, "db"))["db"] for _ in range(4)]

        assert [answer.result for answer in results][:2] == [Result.CHANGED] * 2
        assert results[-1].error_class == "denied"
        assert "issuance_budget" in results[-1].reason
        assert lab.proxy.count(creds) == 3
