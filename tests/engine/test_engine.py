"""The whole engine on a moved clock: real server, real files."""

import io
import os

import pytest
from aiohttp import web

from tests.support.engine import fresh_state

CANARY = "canary-7f3a-value"


def one_file(lab, *, blocks=None, **template):
    entry = {
        "contents": "pw={{ db.password }}\n",
        "destination": str(lab.tmpfs / "db.env"),
        **template,
    }
    secrets = {"db": {"path": lab.path("db")}}
    return lab.config(**{"secrets": secrets, "template": [entry], **(blocks or {})})


def identity(path):
    """What a write would change; the time of reading is not among it."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size


# --- the main job


async def test_a_secret_is_in_its_file_and_everything_has_settled(lab):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)) as running:
        assert lab.read("db.env") == "pw=one\n"
        assert (lab.tmpfs / "db.env").stat().st_mode & 0o7777 == 0o600
        assert running.assembly.health.settled


async def test_a_rotated_secret_is_picked_up_when_due(lab):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)):
        lab.put("db", password="two")
        await lab.clock.advance(59)
        assert lab.read("db.env") == "pw=one\n"

        await lab.clock.advance(2)
        assert lab.read("db.env") == "pw=two\n"


@pytest.mark.parametrize(("jitter", "early", "late"), [(0.0, 53, 55), (1.0, 65, 67)])
async def test_the_refresh_interval_is_spread_by_ten_percent(lab, jitter, early, late):
    lab.put("db", password="one")

    async with lab.start(one_file(lab), jitter=jitter):
        await lab.clock.advance(early)
        assert lab.proxy.count("/db") == 1
        await lab.clock.advance(late - early)
        assert lab.proxy.count("/db") == 2


async def test_kv_version_1_is_refreshed_exactly_like_version_2(lab):
    def put(value):
        lab.admin.secrets.kv.v1.create_or_update_secret(
            f"{lab.name}/db", secret={"password": value}, mount_point="kv1"
        )

    put("one")
    secrets = {"db": {"path": f"kv1/{lab.name}/db", "refresh": "2s"}}

    async with lab.start(one_file(lab, blocks={"secrets": secrets})):
        put("two")
        await lab.clock.advance(2.5)

        assert lab.read("db.env") == "pw=two\n"


async def test_equal_content_is_neither_written_nor_announced(lab):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)) as running:
        before = identity(lab.tmpfs / "db.env")
        lab.put("db", password="one")
        await lab.clock.advance(70)

        assert identity(lab.tmpfs / "db.env") == before
        assert running.log.count("file written") == 1


async def test_a_secret_is_read_once_per_refresh_however_many_templates_use_it(lab):
    lab.put("db", password="one")
    entries = [
        {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / f"file{n}")}
        for n in range(20)
    ]
    entries.append(
        {
            "contents": f'{{{{ secret("{lab.path("db")}").password }}}}',
            "destination": str(lab.tmpfs / "in-place"),
        }
    )

    async with lab.start(one_file(lab, blocks={"template": entries})):
        assert lab.read("in-place") == "one"
        assert lab.proxy.count("/db") == 1
        await lab.clock.advance(61)
        assert lab.proxy.count("/db") == 2


async def test_secrets_that_depend_on_a_value_are_fetched_in_a_second_round(lab):
    lab.put("pointer", path=lab.path("db"))
    lab.put("db", password="one")
    contents = f'{{{{ secret(secret("{lab.path("pointer")}").path).password }}}}'

    async with lab.start(one_file(lab, contents=contents)):
        assert lab.read("db.env") == "one"
        assert [r.rsplit("/", 1)[-1] for r in lab.proxy.requests[-2:]] == ["pointer", "db"]


async def test_many_secrets_are_fetched_over_a_bounded_number_of_connections(lab):
    for n in range(60):
        lab.put(f"s{n}", value=str(n))
    entry = {
        "contents": "{% for n in range(60) %}"
        f'{{{{ secret("{lab.path("s")}" ~ n).value }}}} '
        "{% endfor %}",
        "destination": str(lab.tmpfs / "all"),
    }

    async with lab.start(one_file(lab, blocks={"template": [entry]})):
        assert lab.read("all").split() == [str(n) for n in range(60)]
        assert lab.proxy.most_in_flight <= 10


async def test_an_optional_secret_that_does_not_exist_is_none_until_it_does(lab):
    secrets = {"db": {"path": lab.path("db"), "optional": True}}
    contents = "{{ db.password if db else 'no database' }}"

    async with lab.start(one_file(lab, contents=contents, blocks={"secrets": secrets})):
        assert lab.read("db.env") == "no database"
        lab.put("db", password="one")
        await lab.clock.advance(61)
        assert lab.read("db.env") == "one"


# --- what goes wrong at the server


async def test_a_deleted_version_keeps_the_file_and_an_undeleted_one_is_fresh(lab):
    lab.put("db", password="one")
    kv = lab.admin.secrets.kv.v2

    async with lab.start(one_file(lab)) as running:
        kv.delete_latest_version_of_secret(f"{lab.name}/db")
        await lab.clock.advance(61)
        assert lab.read("db.env") == "pw=one\n"
        assert "version 1 was deleted" in running.log

        kv.undelete_secret_versions(f"{lab.name}/db", versions=[1])
        lab.put("db", password="two")
        await lab.clock.advance(61)
        assert lab.read("db.env") == "pw=two\n"


def destroy(kv, name):
    kv.destroy_secret_versions(name, versions=[1])


def delete_everything(kv, name):
    kv.delete_metadata_and_all_versions(name)


@pytest.mark.parametrize(
    ("remove", "says"),
    [(destroy, "version 1 was destroyed"), (delete_everything, "nothing is there")],
)
async def test_what_was_destroyed_keeps_the_file_until_there_is_a_new_version(lab, remove, says):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)) as running:
        remove(lab.admin.secrets.kv.v2, f"{lab.name}/db")
        await lab.clock.advance(67)
        assert lab.read("db.env") == "pw=one\n"
        assert says in running.log

        lab.put("db", password="x" * 1024 * 1024)
        await lab.clock.advance(67)
        assert lab.read("db.env") == f"pw={'x' * 1024 * 1024}\n"


async def test_a_missing_key_names_template_path_and_key_and_keeps_the_file(lab):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)) as running:
        lab.put("db", pasword=CANARY)
        await lab.clock.advance(61)

        assert lab.read("db.env") == "pw=one\n"
        assert f"secret 'db' ({lab.path('db')}) has no key 'password'" in running.log
        assert CANARY not in running.log


async def test_every_odd_answer_ends_in_success_without_an_error_in_the_log(lab):
    lab.put("db", password="one")
    lab.proxy.only = "/secret/"
    odd = [
        500,
        502,
        503,
        504,
        "reset",
        web.Response(body=b'{"data": {"pass', content_type="application/json"),
        web.Response(text="<html>", content_type="text/html"),
        web.Response(),
        web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"}),
        web.Response(status=429, headers={"Retry-After": "2"}),
        [412, 412, 412],
    ]

    for answer in odd:
        lab.proxy.script = answer if isinstance(answer, list) else [answer]
        (lab.tmpfs / "db.env").unlink(missing_ok=True)
        async with lab.start(one_file(lab)) as running:
            await lab.clock.advance(5)
            assert lab.read("db.env") == "pw=one\n", answer
            assert '"level":"error"' not in running.log, answer


async def test_a_429_is_obeyed_for_as_long_as_it_says(lab):
    lab.put("db", password="one")
    lab.proxy.only = "/secret/"
    lab.proxy.script = [web.Response(status=429, headers={"Retry-After": "7"})]

    async with lab.start(one_file(lab)):
        await lab.clock.advance(6.5)
        assert lab.proxy.count("/db") == 1
        await lab.clock.advance(1)
        assert (lab.tmpfs / "db.env").exists()


async def test_one_silent_path_delays_no_other_secret(lab):
    lab.put("db", password="one")
    lab.put("slow", password="one")
    entries = [
        {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")},
        {
            "contents": f'{{{{ secret("{lab.path("slow")}").password }}}}',
            "destination": str(lab.tmpfs / "slow"),
        },
    ]
    lab.proxy.held = "/slow"

    async with lab.start(one_file(lab, blocks={"template": entries}), settle=False) as running:
        await running.log_has("file written")
        assert (lab.tmpfs / "db.env").exists()
        assert not (lab.tmpfs / "slow").exists()

        await lab.clock.advance(31, settle=False)
        await running.log_has("no answer from")
        assert "vault unreachable" not in running.log
        lab.proxy.held = ""
        await lab.clock.settled()
        await lab.clock.advance(5)
        assert (lab.tmpfs / "slow").exists()


async def test_a_revoked_token_leads_to_one_login_at_once(lab):
    lab.put("db", password="one")
    names = [f"s{n}" for n in range(5)]
    for name in names:
        lab.put(name, password="one")
    entries = [
        {
            "contents": f'{{{{ secret("{lab.path(name)}").password }}}}',
            "destination": str(lab.tmpfs / name),
        }
        for name in names
    ]

    async with lab.start(one_file(lab, blocks={"template": entries})) as running:
        token = running.token
        before = identity(lab.tmpfs / "s0")
        lab.admin.auth.token.revoke(token.value)
        lab.put("s1", password="two")
        await lab.clock.advance(61)

        assert lab.proxy.count("login") == 2
        assert running.log.count("token no longer valid") == 1
        assert lab.read("s1") == "two"
        assert identity(lab.tmpfs / "s0") == before
        assert running.assembly.health.settled


async def test_a_new_token_unknown_to_a_lagging_node_gets_a_moment(lab):
    """No second login, and no token that nobody revokes."""
    lab.put("db", password="one")
    behind = lab.clock.now() + 2

    async def lag(request):
        if "/login" not in request.path and lab.clock.now() < behind:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        return await lab.proxy._forward(request)

    lab.proxy.answer = lag
    async with lab.start(one_file(lab)) as running:
        await lab.clock.advance(4)

        assert lab.read("db.env") == "pw=one\n"
        assert lab.proxy.count("/login") == 1
        assert '"level":"error"' not in running.log


async def test_many_requests_denied_together_cause_one_lookup(lab):
    names = [f"s{n}" for n in range(8)]
    for name in names:
        lab.put(name, value="one")
    entries = [
        {
            "contents": f'{{{{ secret("{lab.path(name)}").value }}}}',
            "destination": f"{lab.tmpfs}/{name}",
        }
        for name in names
    ]

    async with lab.start(one_file(lab, blocks={"template": entries})) as running:
        await lab.clock.advance(10)
        lab.admin.auth.token.revoke(running.token.value)
        running.assembly.watch.refresh_static()
        await lab.clock.settled()

        assert lab.proxy.count("/login") == 2
        assert lab.proxy.count("lookup-self") == 2  # is it dead, and do look-ups tell?


@pytest.mark.parametrize("lookup", [200, 403, 503])
async def test_many_denying_policies_cause_one_lookup_of_the_token(lab, lookup):
    """Also if that question gets no answer: nobody waits for one after the other."""
    entries = [
        {"contents": f'{{{{ secret("secret/data/no{n}").x }}}}', "destination": f"{lab.tmpfs}/{n}"}
        for n in range(8)
    ]
    lab.proxy.only, lab.proxy.status = "lookup-self", None if lookup == 200 else lookup

    async with lab.start(one_file(lab, blocks={"template": entries})):
        assert lab.proxy.count("secret/data/no") >= 8
        assert lab.proxy.count("lookup-self") == 1


async def test_a_token_revoked_again_and_again_is_replaced_every_time(lab):
    lab.put("db", password="zero")

    async with lab.start(one_file(lab)) as running:
        for value in ("one", "two", "three"):
            lab.admin.auth.token.revoke(running.token.value)
            lab.put("db", password=value)
            await lab.clock.advance(67)
            assert lab.read("db.env") == f"pw={value}\n"

        assert lab.proxy.count("/login") == 4


async def test_a_denied_path_affects_no_other_and_starts_no_login_storm(lab):
    names = [f"s{n}" for n in range(4)]
    paths = {"never": "secret/data/forbidden", **{name: lab.path(name) for name in names}}
    entries = [
        {"contents": f'{{{{ secret("{path}").value }}}}', "destination": str(lab.tmpfs / name)}
        for name, path in paths.items()
    ]
    for name in names:
        lab.put(name, value="one")

    async with lab.start(one_file(lab, blocks={"template": entries})) as running:
        await lab.clock.advance(600)
        assert lab.proxy.count("login") <= 3
        assert lab.proxy.count("forbidden") <= 30
        assert [lab.proxy.count(f"/{name}") for name in names] == [10 + 1] * 4
        assert "has to allow read on 'secret/data/forbidden'" in running.log

        for name in names:
            lab.put(name, value="two")
        await lab.clock.advance(61)
        assert [lab.read(name) for name in names] == ["two"] * 4


async def test_a_granted_policy_is_noticed_within_a_minute(lab):
    secrets = {"db": {"path": f"kv1/granted-{lab.name}"}}
    lab.admin.secrets.kv.v1.create_or_update_secret(
        f"granted-{lab.name}", secret={"password": "one"}, mount_point="kv1"
    )

    async with lab.start(one_file(lab, blocks={"secrets": secrets})):
        await lab.clock.advance(300)
        assert not (lab.tmpfs / "db.env").exists()
        lab.allow(f"kv1/granted-{lab.name}")
        await lab.clock.advance(60)
        assert (lab.tmpfs / "db.env").exists()


def give_another_policy(app, *paths):
    """Let the role give one more policy to tokens that are made from now on."""
    more = f"{app.name}-more"
    rules = "".join(f'path "{path}" {{ capabilities = ["read"] }}\n' for path in paths)
    app.admin.sys.create_or_update_policy(more, rules)
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name, more], token_ttl="1h"
    )


@pytest.mark.parametrize("token_ttl", ["1h", "4m"])
@pytest.mark.parametrize("granted_after", [1, 299, 301])
async def test_a_roles_new_policy_list_is_noticed_within_five_minutes(
    lab, granted_after, token_ttl
):
    """A token that is renewed is none the fresher for it: its policies are those of its login."""
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl=token_ttl
    )
    secrets = {"db": {"path": f"kv1/granted-{lab.name}"}}
    lab.admin.secrets.kv.v1.create_or_update_secret(
        f"granted-{lab.name}", secret={"password": "one"}, mount_point="kv1"
    )

    async with lab.start(one_file(lab, blocks={"secrets": secrets}), jitter=1.0) as running:
        first = running.token
        await lab.clock.advance(granted_after)
        give_another_policy(lab.app, f"kv1/granted-{lab.name}")
        await lab.clock.advance(300)

        assert (lab.tmpfs / "db.env").exists()
        assert not running.token.is_same(first)
        assert lab.proxy.count("/login") <= 3
        assert running.assembly.health.settled


async def test_a_fresh_login_that_fails_leaves_the_valid_token_as_it_was(lab):
    """A secret id of one use cannot log in again: no reason to stop, and none to repeat it."""
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_type="batch", token_ttl="2h",
        secret_id_num_uses=1,
    )  # fmt: skip
    lab.app.new_secret_id()
    entries = [
        {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")},
        {"contents": '{{ secret("secret/data/no").x }}', "destination": str(lab.tmpfs / "no")},
    ]
    config = one_file(lab, blocks={"template": entries})
    config["auto_auth"]["method"]["exit_on_err"] = True

    async with lab.start(config) as running:
        first = running.token
        await lab.clock.advance(3600)

        assert running.token is first
        assert 2 <= lab.proxy.count("/login") <= 1 + 4
        assert "token" not in [report.kind for report in running.assembly.health.failures()]
        lab.put("db", password="two")
        await lab.clock.advance(67)
        assert lab.read("db.env") == "two"


# --- outages


@pytest.mark.parametrize(("seconds", "fresh_within"), [(60, 3), (150, 3), (600, 12.5)])
async def test_an_outage_causes_only_probes_and_ends_within_seconds(lab, seconds, fresh_within):
    for n in range(20):
        lab.put(f"s{n}", password="one")
    entries = [
        {
            "contents": f'{{{{ secret("{lab.path(f"s{n}")}").password }}}}',
            "destination": str(lab.tmpfs / f"s{n}"),
        }
        for n in range(20)
    ]

    async with lab.start(one_file(lab, blocks={"template": entries}), jitter=1.0) as running:
        token = running.assembly.tokens.held
        await lab.clock.advance(30)
        lab.proxy.status = 503
        lab.proxy.requests.clear()
        await lab.clock.advance(seconds)
        probes = lab.proxy.count("sys/health")
        assert len(lab.proxy.requests) - probes <= 60
        assert probes <= seconds / 2 + 1

        lab.put("s3", password="two")
        lab.proxy.status = None
        await lab.clock.advance(fresh_within)

        assert lab.read("s3") == "two"
        assert running.log.count("vault unreachable") == 1
        assert running.log.count("vault reachable again") == 1
        assert running.assembly.tokens.held is token
        assert running.assembly.health.settled


@pytest.mark.parametrize("jitter", [0.0, 1.0])
async def test_a_token_that_expired_during_an_outage_is_not_used_again(lab, jitter):
    lab.put("db", password="one")

    async with lab.start(one_file(lab), jitter=jitter) as running:
        first = running.token
        lab.proxy.status = 503
        await lab.clock.advance(2 * 3600)
        lab.proxy.status = None
        lab.proxy.requests.clear()
        lab.proxy.tokens.clear()
        await lab.clock.advance(25)

        assert not running.token.is_same(first)
        assert first.value not in lab.proxy.tokens
        assert lab.proxy.count("/login") == 1
        assert lab.proxy.count("/db") == 1
        assert running.log.count("token no longer valid") == 1


# --- the token


async def test_a_token_is_renewed_before_it_ends(lab):
    lab.put("db", password="one")

    async with lab.start(one_file(lab)):
        await lab.clock.advance(2300)
        assert lab.proxy.count("renew-self") == 0
        await lab.clock.advance(200)
        assert lab.proxy.count("renew-self") == 1
        assert lab.proxy.count("login") == 1


async def test_a_token_near_its_max_ttl_is_replaced_before_it_ends(lab):
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl="20s", token_max_ttl="21s"
    )

    async with lab.start(one_file(lab)) as running:
        first = running.assembly.tokens.held
        await lab.clock.advance(
            19
        )  # the renewal at 13.5 s is granted in full by a server that is young
        await lab.clock.advance(19)

        assert lab.proxy.count("login") >= 1
        assert running.assembly.tokens.held is not None
        assert running.assembly.tokens.held is not first


async def test_a_token_that_may_not_be_renewed_is_replaced(lab):
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_no_default_policy=True, token_ttl="1h"
    )

    async with lab.start(one_file(lab)) as running:
        await lab.clock.advance(3600)

        assert lab.proxy.count("renew-self") <= 2
        assert lab.proxy.count("login") == 2
        assert running.assembly.health.settled


async def test_the_token_goes_to_a_sink_only_if_asked(lab):
    lab.put("db", password="one")
    config = one_file(lab)
    config["auto_auth"]["sinks"] = [{"type": "file", "config": {"path": str(lab.tmpfs / "token")}}]

    async with lab.start(config) as running:
        token = running.token
        assert lab.read("token") == token.value
        assert (lab.tmpfs / "token").stat().st_mode & 0o7777 == 0o600
        assert token.value not in running.log


# --- what goes wrong on disk, and a reload


async def test_a_failing_write_is_retried_alone_without_requests_to_vault(lab):
    lab.put("db", password="one")
    folder = lab.tmpfs / "sub"

    async with lab.start(
        one_file(lab, destination=str(folder / "db.env"), create_dest_dirs=True)
    ) as running:
        (folder / "db.env").unlink()
        folder.rmdir()
        folder.write_text("in the way")
        lab.put("db", password="two")
        await lab.clock.advance(61)
        requests = len(lab.proxy.requests)
        assert '"error_class":"write"' in running.log

        await lab.clock.advance(30)
        assert len(lab.proxy.requests) == requests
        folder.unlink()
        await lab.clock.advance(20)
        assert (folder / "db.env").read_text() == "pw=two\n"


async def test_a_file_that_can_be_rendered_again_says_so_although_nothing_is_written(lab):
    lab.put("db", password="one")
    async with lab.start(one_file(lab)) as running:
        lab.put("db", pasword="one")
        await lab.clock.advance(67)
        assert running.log.count('"file not written"') == 1

        lab.put("db", password="one")
        await lab.clock.advance(67)
        assert running.log.count('"file recovered"') == 1
        assert running.log.count('"file written"') == 1


async def test_a_reload_that_cannot_be_rendered_leaves_us_ready(lab):
    lab.put("db", password="one")
    log = io.StringIO()
    state = fresh_state(lab.clock, log)
    async with lab.start(one_file(lab), state=state):
        pass
    misspelled = one_file(lab)
    misspelled["template"][0]["contents"] = "{{ db.pasword }}"

    async with lab.start(misspelled, state=state) as running:
        assert lab.read("db.env") == "pw=one\n"
        readiness = running.assembly.readiness
        assert readiness.reasons() == []
        [lacking] = readiness.lacking()  # for a command that is to be started
        still = f"{lab.tmpfs}/db.env is still what an earlier configuration or run has made it: "
        assert lacking.startswith(still)
        assert "did you mean 'password'" in lacking
        [failure] = running.assembly.health.failures()
        assert failure.name == f"{lab.tmpfs}/db.env"

    async with lab.start(one_file(lab), state=state):
        assert log.getvalue().count('"file recovered"') == 1
        assert log.getvalue().count('"file written"') == 1


async def test_a_file_that_is_gone_when_a_reload_fails_is_not_in_place(lab):
    lab.put("db", password="one")
    state = lab.fresh_state()
    async with lab.start(one_file(lab), state=state):
        (lab.tmpfs / "db.env").unlink()
    misspelled = one_file(lab)
    misspelled["template"][0]["contents"] = "{{ db.pasword }}"

    async with lab.start(misspelled, state=state) as running:
        assert len(running.assembly.readiness.reasons()) == 1


async def test_a_reload_requests_nothing_that_is_known(lab):
    lab.put("db", password="one")
    config = one_file(lab)
    state = lab.fresh_state()

    async with lab.start(config, state=state):
        before = identity(lab.tmpfs / "db.env")
    requests = len(lab.proxy.requests)
    async with lab.start(config, state=state) as running:
        assert running.assembly.health.settled
        assert identity(lab.tmpfs / "db.env") == before
        assert len(lab.proxy.requests) == requests
        await lab.clock.advance(61)
        assert len(lab.proxy.requests) == requests + 1
