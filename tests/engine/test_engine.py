"""The whole engine on a moved clock: real server, real files."""

import io
import os

import pytest
from aiohttp import web

from tests.support.engine import configuration, engine, fresh_state, load_from

CANARY = "canary-7f3a-value"


def one_file(app, proxy, tmpfs, *, blocks=None, **template):
    entry = {"contents": "pw={{ db.password }}\n", "destination": str(tmpfs / "db.env"), **template}
    secrets = {"db": {"path": app.path("db")}}
    return configuration(
        app, proxy.address, **{"secrets": secrets, "template": [entry], **(blocks or {})}
    )


def identity(path):
    """What a write would change; the time of reading is not among it."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size


# --- the main job


async def test_a_secret_is_in_its_file_and_everything_has_settled(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert (tmpfs / "db.env").stat().st_mode & 0o7777 == 0o600
        assert running.assembly.health.settled


async def test_a_rotated_secret_is_picked_up_when_due(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock):
        app.put("db", password="two")
        await clock.advance(59)
        assert (tmpfs / "db.env").read_text() == "pw=one\n"

        await clock.advance(2)
        assert (tmpfs / "db.env").read_text() == "pw=two\n"


@pytest.mark.parametrize(("jitter", "early", "late"), [(0.0, 53, 55), (1.0, 65, 67)])
async def test_the_refresh_interval_is_spread_by_ten_percent(
    app, proxy, clock, tmpfs, tmp_path, jitter, early, late
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock, jitter=jitter):
        await clock.advance(early)
        assert proxy.count("/db") == 1
        await clock.advance(late - early)
        assert proxy.count("/db") == 2


async def test_kv_version_1_is_refreshed_exactly_like_version_2(app, proxy, clock, tmpfs, tmp_path):
    def put(value):
        app.admin.secrets.kv.v1.create_or_update_secret(
            f"{app.name}/db", secret={"password": value}, mount_point="kv1"
        )

    put("one")
    secrets = {"db": {"path": f"kv1/{app.name}/db", "refresh": "2s"}}
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"secrets": secrets}))

    async with engine(loaded, clock):
        put("two")
        await clock.advance(2.5)

        assert (tmpfs / "db.env").read_text() == "pw=two\n"


async def test_equal_content_is_neither_written_nor_announced(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        before = identity(tmpfs / "db.env")
        app.put("db", password="one")
        await clock.advance(70)

        assert identity(tmpfs / "db.env") == before
        assert running.log.count("file written") == 1


async def test_a_secret_is_read_once_per_refresh_however_many_templates_use_it(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    entries = [
        {"contents": "{{ db.password }}", "destination": str(tmpfs / f"file{n}")} for n in range(20)
    ]
    entries.append(
        {
            "contents": f'{{{{ secret("{app.path("db")}").password }}}}',
            "destination": str(tmpfs / "in-place"),
        }
    )
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))

    async with engine(loaded, clock):
        assert (tmpfs / "in-place").read_text() == "one"
        assert proxy.count("/db") == 1
        await clock.advance(61)
        assert proxy.count("/db") == 2


async def test_secrets_that_depend_on_a_value_are_fetched_in_a_second_round(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("pointer", path=app.path("db"))
    app.put("db", password="one")
    contents = f'{{{{ secret(secret("{app.path("pointer")}").path).password }}}}'
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, contents=contents))

    async with engine(loaded, clock):
        assert (tmpfs / "db.env").read_text() == "one"
        assert [r.rsplit("/", 1)[-1] for r in proxy.requests[-2:]] == ["pointer", "db"]


async def test_many_secrets_are_fetched_over_a_bounded_number_of_connections(
    app, proxy, clock, tmpfs, tmp_path
):
    for n in range(60):
        app.put(f"s{n}", value=str(n))
    entry = {
        "contents": "{% for n in range(60) %}"
        f'{{{{ secret("{app.path("s")}" ~ n).value }}}} '
        "{% endfor %}",
        "destination": str(tmpfs / "all"),
    }
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": [entry]}))

    async with engine(loaded, clock):
        assert (tmpfs / "all").read_text().split() == [str(n) for n in range(60)]
        assert proxy.most_in_flight <= 10


async def test_an_optional_secret_that_does_not_exist_is_none_until_it_does(
    app, proxy, clock, tmpfs, tmp_path
):
    secrets = {"db": {"path": app.path("db"), "optional": True}}
    contents = "{{ db.password if db else 'no database' }}"
    loaded = load_from(
        tmp_path, one_file(app, proxy, tmpfs, contents=contents, blocks={"secrets": secrets})
    )

    async with engine(loaded, clock):
        assert (tmpfs / "db.env").read_text() == "no database"
        app.put("db", password="one")
        await clock.advance(61)
        assert (tmpfs / "db.env").read_text() == "one"


# --- what goes wrong at the server


async def test_a_deleted_version_keeps_the_file_and_an_undeleted_one_is_fresh(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    kv = app.admin.secrets.kv.v2

    async with engine(loaded, clock) as running:
        kv.delete_latest_version_of_secret(f"{app.name}/db")
        await clock.advance(61)
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert "version 1 was deleted" in running.log

        kv.undelete_secret_versions(f"{app.name}/db", versions=[1])
        app.put("db", password="two")
        await clock.advance(61)
        assert (tmpfs / "db.env").read_text() == "pw=two\n"


def destroy(kv, name):
    kv.destroy_secret_versions(name, versions=[1])


def delete_everything(kv, name):
    kv.delete_metadata_and_all_versions(name)


@pytest.mark.parametrize(
    ("remove", "says"),
    [(destroy, "version 1 was destroyed"), (delete_everything, "nothing is there")],
)
async def test_what_was_destroyed_keeps_the_file_until_there_is_a_new_version(
    app, proxy, clock, tmpfs, tmp_path, remove, says
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        remove(app.admin.secrets.kv.v2, f"{app.name}/db")
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert says in running.log

        app.put("db", password="x" * 1024 * 1024)
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == f"pw={'x' * 1024 * 1024}\n"


async def test_a_missing_key_names_template_path_and_key_and_keeps_the_file(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        app.put("db", pasword=CANARY)
        await clock.advance(61)

        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert f"secret 'db' ({app.path('db')}) has no key 'password'" in running.log
        assert CANARY not in running.log


async def test_every_odd_answer_ends_in_success_without_an_error_in_the_log(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/secret/"
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
        proxy.script = answer if isinstance(answer, list) else [answer]
        (tmpfs / "db.env").unlink(missing_ok=True)
        async with engine(loaded, clock) as running:
            await clock.advance(5)
            assert (tmpfs / "db.env").read_text() == "pw=one\n", answer
            assert '"level":"error"' not in running.log, answer


async def test_a_429_is_obeyed_for_as_long_as_it_says(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    proxy.only = "/secret/"
    proxy.script = [web.Response(status=429, headers={"Retry-After": "7"})]

    async with engine(loaded, clock):
        await clock.advance(6.5)
        assert proxy.count("/db") == 1
        await clock.advance(1)
        assert (tmpfs / "db.env").exists()


async def test_one_silent_path_delays_no_other_secret(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    app.put("slow", password="one")
    entries = [
        {"contents": "{{ db.password }}", "destination": str(tmpfs / "db.env")},
        {
            "contents": f'{{{{ secret("{app.path("slow")}").password }}}}',
            "destination": str(tmpfs / "slow"),
        },
    ]
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))
    proxy.held = "/slow"

    async with engine(loaded, clock, settle=False) as running:
        await running.log_has("file written")
        assert (tmpfs / "db.env").exists()
        assert not (tmpfs / "slow").exists()

        await clock.advance(31, settle=False)
        await running.log_has("no answer from")
        assert "vault unreachable" not in running.log
        proxy.held = ""
        await clock.settled()
        await clock.advance(5)
        assert (tmpfs / "slow").exists()


async def test_a_revoked_token_leads_to_one_login_at_once(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    names = [f"s{n}" for n in range(5)]
    for name in names:
        app.put(name, password="one")
    entries = [
        {
            "contents": f'{{{{ secret("{app.path(name)}").password }}}}',
            "destination": str(tmpfs / name),
        }
        for name in names
    ]
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))

    async with engine(loaded, clock) as running:
        token = running.token
        before = identity(tmpfs / "s0")
        app.admin.auth.token.revoke(token.value)
        app.put("s1", password="two")
        await clock.advance(61)

        assert proxy.count("login") == 2
        assert running.log.count("token no longer valid") == 1
        assert (tmpfs / "s1").read_text() == "two"
        assert identity(tmpfs / "s0") == before
        assert running.assembly.health.settled


async def test_a_new_token_unknown_to_a_lagging_node_gets_a_moment(
    app, proxy, clock, tmpfs, tmp_path
):
    """No second login, and no token that nobody revokes."""
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    behind = clock.now() + 2

    async def lag(request):
        if "/login" not in request.path and clock.now() < behind:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        return await proxy._forward(request)

    proxy.answer = lag
    async with engine(loaded, clock) as running:
        await clock.advance(4)

        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert proxy.count("/login") == 1
        assert '"level":"error"' not in running.log


async def test_many_requests_denied_together_cause_one_lookup(app, proxy, clock, tmpfs, tmp_path):
    names = [f"s{n}" for n in range(8)]
    for name in names:
        app.put(name, value="one")
    entries = [
        {
            "contents": f'{{{{ secret("{app.path(name)}").value }}}}',
            "destination": f"{tmpfs}/{name}",
        }
        for name in names
    ]
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))

    async with engine(loaded, clock) as running:
        await clock.advance(10)
        app.admin.auth.token.revoke(running.token.value)
        running.assembly.watch.refresh_static()
        await clock.settled()

        assert proxy.count("/login") == 2
        assert proxy.count("lookup-self") == 2  # is it dead, and do look-ups tell?


@pytest.mark.parametrize("lookup", [200, 403, 503])
async def test_many_denying_policies_cause_one_lookup_of_the_token(
    app, proxy, clock, tmpfs, tmp_path, lookup
):
    """Also if that question gets no answer: nobody waits for one after the other."""
    entries = [
        {"contents": f'{{{{ secret("secret/data/no{n}").x }}}}', "destination": f"{tmpfs}/{n}"}
        for n in range(8)
    ]
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))
    proxy.only, proxy.status = "lookup-self", None if lookup == 200 else lookup

    async with engine(loaded, clock):
        assert proxy.count("secret/data/no") >= 8
        assert proxy.count("lookup-self") == 1


async def test_a_token_revoked_again_and_again_is_replaced_every_time(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="zero")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        for value in ("one", "two", "three"):
            app.admin.auth.token.revoke(running.token.value)
            app.put("db", password=value)
            await clock.advance(67)
            assert (tmpfs / "db.env").read_text() == f"pw={value}\n"

        assert proxy.count("/login") == 4


async def test_a_denied_path_affects_no_other_and_starts_no_login_storm(
    app, proxy, clock, tmpfs, tmp_path
):
    names = [f"s{n}" for n in range(4)]
    paths = {"never": "secret/data/forbidden", **{name: app.path(name) for name in names}}
    entries = [
        {"contents": f'{{{{ secret("{path}").value }}}}', "destination": str(tmpfs / name)}
        for name, path in paths.items()
    ]
    for name in names:
        app.put(name, value="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))

    async with engine(loaded, clock) as running:
        await clock.advance(600)
        assert proxy.count("login") <= 3
        assert proxy.count("forbidden") <= 30
        assert [proxy.count(f"/{name}") for name in names] == [10 + 1] * 4
        assert "has to allow read on 'secret/data/forbidden'" in running.log

        for name in names:
            app.put(name, value="two")
        await clock.advance(61)
        assert [(tmpfs / name).read_text() for name in names] == ["two"] * 4


async def test_a_granted_policy_is_noticed_within_a_minute(app, proxy, clock, tmpfs, tmp_path):
    secrets = {"db": {"path": f"kv1/granted-{app.name}"}}
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"granted-{app.name}", secret={"password": "one"}, mount_point="kv1"
    )
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"secrets": secrets}))

    async with engine(loaded, clock):
        await clock.advance(300)
        assert not (tmpfs / "db.env").exists()
        app.allow(f"kv1/granted-{app.name}")
        await clock.advance(60)
        assert (tmpfs / "db.env").exists()


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
    app, proxy, clock, tmpfs, tmp_path, granted_after, token_ttl
):
    """A token that is renewed is none the fresher for it: its policies are those of its login."""
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl=token_ttl
    )
    secrets = {"db": {"path": f"kv1/granted-{app.name}"}}
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"granted-{app.name}", secret={"password": "one"}, mount_point="kv1"
    )
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"secrets": secrets}))

    async with engine(loaded, clock, jitter=1.0) as running:
        first = running.token
        await clock.advance(granted_after)
        give_another_policy(app, f"kv1/granted-{app.name}")
        await clock.advance(300)

        assert (tmpfs / "db.env").exists()
        assert not running.token.is_same(first)
        assert proxy.count("/login") <= 3
        assert running.assembly.health.settled


async def test_a_fresh_login_that_fails_leaves_the_valid_token_as_it_was(
    app, proxy, clock, tmpfs, tmp_path
):
    """A secret id of one use cannot log in again: no reason to stop, and none to repeat it."""
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_type="batch", token_ttl="2h",
        secret_id_num_uses=1,
    )  # fmt: skip
    app.new_secret_id()
    entries = [
        {"contents": "{{ db.password }}", "destination": str(tmpfs / "db.env")},
        {"contents": '{{ secret("secret/data/no").x }}', "destination": str(tmpfs / "no")},
    ]
    config = one_file(app, proxy, tmpfs, blocks={"template": entries})
    config["auto_auth"]["method"]["exit_on_err"] = True

    async with engine(load_from(tmp_path, config), clock) as running:
        first = running.token
        await clock.advance(3600)

        assert running.token is first
        assert 2 <= proxy.count("/login") <= 1 + 4
        assert "token" not in [report.kind for report in running.assembly.health.failures()]
        app.put("db", password="two")
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == "two"


# --- outages


@pytest.mark.parametrize(("seconds", "fresh_within"), [(60, 3), (150, 3), (600, 12.5)])
async def test_an_outage_causes_only_probes_and_ends_within_seconds(
    app, proxy, clock, tmpfs, tmp_path, seconds, fresh_within
):
    for n in range(20):
        app.put(f"s{n}", password="one")
    entries = [
        {
            "contents": f'{{{{ secret("{app.path(f"s{n}")}").password }}}}',
            "destination": str(tmpfs / f"s{n}"),
        }
        for n in range(20)
    ]
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"template": entries}))

    async with engine(loaded, clock, jitter=1.0) as running:
        token = running.assembly.tokens.held
        await clock.advance(30)
        proxy.status = 503
        proxy.requests.clear()
        await clock.advance(seconds)
        probes = proxy.count("sys/health")
        assert len(proxy.requests) - probes <= 60
        assert probes <= seconds / 2 + 1

        app.put("s3", password="two")
        proxy.status = None
        await clock.advance(fresh_within)

        assert (tmpfs / "s3").read_text() == "two"
        assert running.log.count("vault unreachable") == 1
        assert running.log.count("vault reachable again") == 1
        assert running.assembly.tokens.held is token
        assert running.assembly.health.settled


@pytest.mark.parametrize("jitter", [0.0, 1.0])
async def test_a_token_that_expired_during_an_outage_is_not_used_again(
    app, proxy, clock, tmpfs, tmp_path, jitter
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock, jitter=jitter) as running:
        first = running.token
        proxy.status = 503
        await clock.advance(2 * 3600)
        proxy.status = None
        proxy.requests.clear()
        proxy.tokens.clear()
        await clock.advance(25)

        assert not running.token.is_same(first)
        assert first.value not in proxy.tokens
        assert proxy.count("/login") == 1
        assert proxy.count("/db") == 1
        assert running.log.count("token no longer valid") == 1


# --- the token


async def test_a_token_is_renewed_before_it_ends(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock):
        await clock.advance(2300)
        assert proxy.count("renew-self") == 0
        await clock.advance(200)
        assert proxy.count("renew-self") == 1
        assert proxy.count("login") == 1


async def test_a_token_near_its_max_ttl_is_replaced_before_it_ends(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl="20s", token_max_ttl="21s"
    )
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        first = running.assembly.tokens.held
        await clock.advance(
            19
        )  # the renewal at 13.5 s is granted in full by a server that is young
        await clock.advance(19)

        assert proxy.count("login") >= 1
        assert running.assembly.tokens.held is not None
        assert running.assembly.tokens.held is not first


async def test_a_token_that_may_not_be_renewed_is_replaced(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_no_default_policy=True, token_ttl="1h"
    )
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        await clock.advance(3600)

        assert proxy.count("renew-self") <= 2
        assert proxy.count("login") == 2
        assert running.assembly.health.settled


async def test_the_token_goes_to_a_sink_only_if_asked(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    config = one_file(app, proxy, tmpfs)
    config["auto_auth"]["sinks"] = [{"type": "file", "config": {"path": str(tmpfs / "token")}}]

    async with engine(load_from(tmp_path, config), clock) as running:
        token = running.token
        assert (tmpfs / "token").read_text() == token.value
        assert (tmpfs / "token").stat().st_mode & 0o7777 == 0o600
        assert token.value not in running.log


# --- what goes wrong on disk, and a reload


async def test_a_failing_write_is_retried_alone_without_requests_to_vault(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    folder = tmpfs / "sub"
    loaded = load_from(
        tmp_path,
        one_file(app, proxy, tmpfs, destination=str(folder / "db.env"), create_dest_dirs=True),
    )

    async with engine(loaded, clock) as running:
        (folder / "db.env").unlink()
        folder.rmdir()
        folder.write_text("in the way")
        app.put("db", password="two")
        await clock.advance(61)
        requests = len(proxy.requests)
        assert '"error_class":"write"' in running.log

        await clock.advance(30)
        assert len(proxy.requests) == requests
        folder.unlink()
        await clock.advance(20)
        assert (folder / "db.env").read_text() == "pw=two\n"


async def test_a_file_that_can_be_rendered_again_says_so_although_nothing_is_written(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock) as running:
        app.put("db", pasword="one")
        await clock.advance(67)
        assert running.log.count('"file not written"') == 1

        app.put("db", password="one")
        await clock.advance(67)
        assert running.log.count('"file recovered"') == 1
        assert running.log.count('"file written"') == 1


async def test_a_reload_that_cannot_be_rendered_leaves_us_ready(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    log = io.StringIO()
    state = fresh_state(clock, log)
    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock, state=state):
        pass
    misspelled = one_file(app, proxy, tmpfs)
    misspelled["template"][0]["contents"] = "{{ db.pasword }}"

    async with engine(load_from(tmp_path, misspelled), clock, state=state) as running:
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        readiness = running.assembly.readiness
        assert readiness.reasons() == []
        [lacking] = readiness.lacking()  # for a command that is to be started
        still = f"{tmpfs}/db.env is still what an earlier configuration or run has made it: "
        assert lacking.startswith(still)
        assert "did you mean 'password'" in lacking
        [failure] = running.assembly.health.failures()
        assert failure.name == f"{tmpfs}/db.env"

    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock, state=state):
        assert log.getvalue().count('"file recovered"') == 1
        assert log.getvalue().count('"file written"') == 1


async def test_a_file_that_is_gone_when_a_reload_fails_is_not_in_place(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    state = fresh_state(clock, io.StringIO())
    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock, state=state):
        (tmpfs / "db.env").unlink()
    misspelled = one_file(app, proxy, tmpfs)
    misspelled["template"][0]["contents"] = "{{ db.pasword }}"

    async with engine(load_from(tmp_path, misspelled), clock, state=state) as running:
        assert len(running.assembly.readiness.reasons()) == 1


async def test_a_reload_requests_nothing_that_is_known(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))
    state = fresh_state(clock, io.StringIO())

    async with engine(loaded, clock, state=state):
        before = identity(tmpfs / "db.env")
    requests = len(proxy.requests)
    async with engine(loaded, clock, state=state) as running:
        assert running.assembly.health.settled
        assert identity(tmpfs / "db.env") == before
        assert len(proxy.requests) == requests
        await clock.advance(61)
        assert len(proxy.requests) == requests + 1
