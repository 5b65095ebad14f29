"""Every login method against the real server."""

import asyncio
import io

import pytest
from aiohttp import web

from injector.base.errors import AuthError
from tests.support.engine import configuration, engine, fresh_state, load_from
from tests.support.kubernetes import any_ca, cluster, service_account_token


@pytest.fixture
async def kube(server, app):
    """A cluster, and a Kubernetes auth mount of the app's own that asks it."""
    async with cluster() as made:
        await asyncio.to_thread(_configure, app, made.address)
        yield made


def _configure(app, address):
    mount = f"kubernetes-{app.name}"
    app.admin.sys.enable_auth_method("kubernetes", path=mount)
    app.admin.auth.kubernetes.configure(
        kubernetes_host=address,
        token_reviewer_jwt="x",
        disable_local_ca_jwt=True,
        kubernetes_ca_cert=any_ca(),
        mount_point=mount,
    )
    app.admin.auth.kubernetes.create_role(
        "api",
        bound_service_account_names=["api"],
        bound_service_account_namespaces=["shop"],
        policies=[app.name],
        ttl="60s",
        mount_point=mount,
    )


def settings(app, proxy, tmpfs, method=None, **config):
    entry = {"contents": "{{ db.password }}", "destination": str(tmpfs / "db.env")}
    blocks = {"secrets": {"db": {"path": app.path("db")}}, "template": [entry]}
    made = configuration(app, proxy.address, **blocks)
    if method is not None:
        made["auto_auth"]["method"] = method
    made["auto_auth"]["method"]["config"].update(config)
    return made


def kubernetes(app, proxy, tmpfs, token_path):
    method = {
        "type": "kubernetes",
        "mount_path": f"auth/kubernetes-{app.name}",
        "config": {"role": "api", "token_path": str(token_path)},
    }
    return settings(app, proxy, tmpfs, method)


async def test_kubernetes_reads_the_projected_token_again_at_every_login(
    app, proxy, clock, tmpfs, tmp_path, kube
):
    app.put("db", password="one")
    jwt = tmp_path / "token"
    jwt.write_text(kube.issue() + "\n")
    loaded = load_from(tmp_path, kubernetes(app, proxy, tmpfs, jwt))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "db.env").read_text() == "one"

        kube.accepted.clear()
        jwt.write_text(kube.issue())
        app.admin.auth.token.revoke(running.token.value)
        app.put("db", password="two")
        await clock.advance(67)

        assert (tmpfs / "db.env").read_text() == "two"
        assert proxy.count("/login") == 2


async def test_a_projected_token_that_kubelet_swaps_every_minute_fails_no_login(
    app, proxy, clock, tmpfs, tmp_path, kube
):
    """Each is accepted for 90 s; tokens of Vault end after 60 s, and cannot be renewed."""
    app.put("db", password="one")
    app.admin.write_data(
        f"auth/kubernetes-{app.name}/role/api",
        data={
            "bound_service_account_names": ["api"],
            "bound_service_account_namespaces": ["shop"],
            "token_policies": [app.name],
            "token_type": "batch",
            "token_ttl": "60s",
        },
    )
    path = tmp_path / "token"
    path.symlink_to("..data/token")
    projected: list[str] = []

    def project():
        projected.append(kube.issue())
        folder = tmp_path / f"..{len(projected)}"
        folder.mkdir()
        (folder / "token").write_text(projected[-1] + "\n")
        (tmp_path / "..new").symlink_to(folder.name)
        (tmp_path / "..new").rename(tmp_path / "..data")

    project()
    async with engine(load_from(tmp_path, kubernetes(app, proxy, tmpfs, path)), clock) as running:
        for _ in range(10):
            project()
            await clock.advance(30)
            kube.accepted.discard(projected[-2])
            await clock.advance(30)

        assert proxy.count("/login") >= 10
        assert "login failed" not in running.log
        assert running.assembly.health.settled


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\xff\xfe", "not plain text"),
        (b"x" * 1024 * 1024, "larger than"),
        (b"two words", "more than one word"),
    ],
    ids=["missing", "empty", "not utf-8", "1 MiB", "two words"],
)
async def test_a_bad_token_file_is_named_and_a_good_one_recovers(
    app, proxy, clock, tmpfs, tmp_path, kube, content, problem
):
    app.put("db", password="one")
    jwt = tmp_path / "token"
    if content is not None:
        jwt.write_bytes(content)
    loaded = load_from(tmp_path, kubernetes(app, proxy, tmpfs, jwt))

    async with engine(loaded, clock) as running:
        report = running.assembly.health.of("token", "token")
        assert report is not None
        assert isinstance(report.error, AuthError)
        assert str(jwt) in str(report.error)
        assert problem in str(report.error)
        assert proxy.requests == []

        jwt.write_text(kube.issue())
        await clock.advance(20)
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_token_the_cluster_does_not_know_is_refused_without_being_quoted(
    app, proxy, clock, tmpfs, tmp_path, kube
):
    jwt = tmp_path / "token"
    jwt.write_text(service_account_token())
    loaded = load_from(tmp_path, kubernetes(app, proxy, tmpfs, jwt))

    async with engine(loaded, clock) as running:
        assert "permission denied" in running.log
        assert jwt.read_text() not in running.log


def wrapped(app, path_in_role=None):
    """A response-wrapped secret id, as a deployment tool would hand it out."""
    answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    token = answer["wrap_info"]["token"]
    app.secret_id.write_text(token)
    return token


async def test_a_wrapped_secret_id_is_opened_once_and_remembered(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    wrapped(app)
    loaded = load_from(
        tmp_path,
        settings(
            app,
            proxy,
            tmpfs,
            secret_id_response_wrapping_path=f"auth/approle/role/{app.name}/secret-id",
        ),
    )

    async with engine(loaded, clock) as running:
        assert (tmpfs / "db.env").read_text() == "one"
        app.admin.auth.token.revoke(running.token.value)
        await clock.advance(70)

        assert running.assembly.health.settled
        assert proxy.count("/login") == 2
        assert proxy.count("unwrap") == 1


async def test_a_wrapping_token_made_elsewhere_is_a_security_event_and_stays_closed(
    app, proxy, clock, tmpfs, tmp_path
):
    token = wrapped(app)
    loaded = load_from(
        tmp_path,
        settings(
            app, proxy, tmpfs, secret_id_response_wrapping_path="auth/approle/role/x/secret-id"
        ),
    )

    async with engine(loaded, clock) as running:
        assert "SECURITY" in running.log
        assert "not at 'auth/approle/role/x/secret-id'" in running.log
        assert proxy.count("unwrap") == 0
        assert running.state.metrics.unwrap_failed.values[()] == 1
        assert token not in running.log


async def test_a_wrapping_token_that_somebody_opened_is_a_security_event(
    app, proxy, clock, tmpfs, tmp_path
):
    token = wrapped(app)
    app.admin.sys.unwrap(token)
    loaded = load_from(
        tmp_path,
        settings(
            app,
            proxy,
            tmpfs,
            secret_id_response_wrapping_path=f"auth/approle/role/{app.name}/secret-id",
        ),
    )

    async with engine(loaded, clock) as running:
        assert "SECURITY" in running.log
        assert "somebody else has opened it" in running.log
        assert running.state.metrics.unwrap_failed.values[()] >= 1


async def test_a_removed_secret_id_stays_usable_from_memory(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(
        tmp_path, settings(app, proxy, tmpfs, remove_secret_id_file_after_reading=True)
    )

    async with engine(loaded, clock) as running:
        assert not app.secret_id.exists()
        app.admin.auth.token.revoke(running.token.value)
        await clock.advance(70)

        assert proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_rejected_secret_id_file_is_not_removed(app, proxy, clock, tmpfs, tmp_path):
    app.secret_id.write_text("wrong")
    loaded = load_from(
        tmp_path, settings(app, proxy, tmpfs, remove_secret_id_file_after_reading=True)
    )

    async with engine(loaded, clock):
        assert app.secret_id.read_text() == "wrong"


async def test_a_token_file_is_looked_up_and_used(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    token = app.admin.auth.token.create(policies=[app.name], ttl="1h")["auth"]["client_token"]
    (tmp_path / "given").write_text(token + "\n")
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "given")}}
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, method))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "db.env").read_text() == "one"
        assert running.token.duration > 3500


async def test_a_provided_token_in_its_last_second_is_not_mistaken_for_one_that_never_expires(
    app, proxy, clock, tmpfs, tmp_path
):
    """Vault rounds down, and 0 is what it says of a root token as well."""
    app.put("db", password="one")
    token = app.admin.auth.token.create(policies=[app.name], ttl="1h")["auth"]["client_token"]
    (tmp_path / "given").write_text(token)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "given")}}
    known = {"ttl": 0, "expire_time": "2026-11-25T12:00:00Z", "accessor": "a", "renewable": False}
    proxy.only, proxy.script = "lookup-self", [web.json_response({"data": known})]

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, method)), clock) as running:
        assert "the token is about to expire" in running.log
        assert not (tmpfs / "db.env").exists()

        await clock.advance(5)
        assert running.token.duration > 3500


async def test_while_logins_fail_the_old_token_is_kept_alive(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        first = running.token
        app.secret_id.write_text("wrong")
        proxy.only, proxy.status = "renew-self", 500
        await clock.advance(3400)  # it is nearly over: logins are tried, too, and refused
        assert proxy.count("/login") >= 3
        assert running.assembly.tokens.held is first

        proxy.status = None
        await clock.advance(3600)
        assert running.token.is_same(first)
        assert running.assembly.health.settled


async def test_a_reload_keeps_a_secret_id_that_only_memory_has(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(
        tmp_path, settings(app, proxy, tmpfs, remove_secret_id_file_after_reading=True)
    )
    state = fresh_state(clock, io.StringIO())
    async with engine(loaded, clock, state=state):
        assert not app.secret_id.exists()

    async with engine(loaded, clock, state=state) as running:
        app.admin.auth.token.revoke(running.token.value)
        await clock.advance(70)

        assert proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_token_of_limited_uses_is_replaced_whenever_it_is_used_up(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl="1h", token_num_uses=3
    )
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        for value in ("two", "three", "four", "five", "six"):
            app.put("db", password=value)
            await clock.advance(67)
            assert (tmpfs / "db.env").read_text() == value

        assert "limited uses" in running.log
        assert 2 <= proxy.count("/login") <= 6


async def test_more_secrets_than_a_token_has_uses_are_read_with_several(
    app, proxy, clock, tmpfs, tmp_path
):
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl="1h", token_num_uses=4
    )
    config = settings(app, proxy, tmpfs)
    for number in range(10):
        app.put(f"s{number}", value="one")
        contents = f'{{{{ secret("{app.path(f"s{number}")}").value }}}}'
        config["template"].append({"contents": contents, "destination": f"{tmpfs}/{number}"})
    app.put("db", password="one")

    async with engine(load_from(tmp_path, config), clock) as running:
        assert running.assembly.health.settled
        assert proxy.count("/login") == 3
        assert "secret failed" not in running.log

        await clock.advance(300)
        assert "secret failed" not in running.log


async def test_a_wrapping_token_of_something_else_is_a_security_event(
    app, proxy, clock, tmpfs, tmp_path
):
    wrapped = app.admin.write_data("sys/wrapping/wrap", data={"other": "x"}, wrap_ttl="5m")
    app.secret_id.write_text(wrapped["wrap_info"]["token"])
    loaded = load_from(
        tmp_path,
        settings(app, proxy, tmpfs, secret_id_response_wrapping_path="sys/wrapping/wrap"),
    )

    async with engine(loaded, clock) as running:
        assert "SECURITY" in running.log
        assert "has no `secret_id`" in running.log


@pytest.mark.parametrize("changed", [{"max_backoff": "10s"}, {"exit_on_err": True}], ids=str)
async def test_a_reload_with_the_same_login_keeps_token_and_secret_id(
    app, proxy, clock, tmpfs, tmp_path, changed
):
    app.put("db", password="one")
    config = settings(app, proxy, tmpfs, remove_secret_id_file_after_reading=True)
    before = load_from(tmp_path, config)
    state = fresh_state(clock, io.StringIO())
    async with engine(before, clock, state=state):
        assert not app.secret_id.exists()
    config["auto_auth"]["method"] |= changed
    after = load_from(tmp_path, config)

    state.outgrow(before.config, after.config)

    async with engine(after, clock, state=state) as running:
        assert running.assembly.health.settled
        assert proxy.count("/login") == 1
        app.admin.auth.token.revoke(running.token.value)
        await clock.advance(70)
        assert proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_reload_to_another_identity_revokes_the_old_token(
    app, make_app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    before = load_from(tmp_path, settings(app, proxy, tmpfs))
    state = fresh_state(clock, io.StringIO())
    async with engine(before, clock, state=state) as running:
        old = running.token
    other = make_app()
    config = settings(app, proxy, tmpfs)
    config["auto_auth"]["method"]["config"] |= {
        "role_id_file_path": str(other.role_id),
        "secret_id_file_path": str(other.secret_id),
    }
    after = load_from(tmp_path, config)

    state.outgrow(before.config, after.config)

    async with engine(after, clock, state=state) as running:
        assert not running.token.is_same(old)
        assert proxy.count("revoke-self") == 1


async def test_another_server_never_sees_a_token_of_the_previous_one(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    config = settings(app, proxy, tmpfs)
    before = load_from(tmp_path, config)
    state = fresh_state(clock, io.StringIO())
    async with engine(before, clock, state=state) as running:
        old = running.token
    state.replaced_tokens.append(old)
    config["vault"]["address"] = app.bao.address
    after = load_from(tmp_path, config)

    state.outgrow(after.config, before.config)  # back to the proxy, which sees what is sent
    proxy.tokens.clear()

    async with engine(before, clock, state=state):
        assert old.value not in proxy.tokens


async def test_replaced_tokens_are_revoked_and_forgotten_although_nothing_was_leased(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        proxy.only, proxy.status = "renew-self", 403
        for _ in range(3):
            old = running.token
            await clock.advance(2800)
            assert not running.token.is_same(old)
            assert not await running.assembly.vault.is_valid(old)

        assert running.assembly.tokens.replaced == []


RARELY = {"template_config": {"static_secret_render_interval": "12h"}}


async def test_a_periodic_token_is_renewed_forever(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_period="10m"
    )

    config = {**settings(app, proxy, tmpfs), **RARELY}

    async with engine(load_from(tmp_path, config), clock) as running:
        first = running.token
        await clock.advance(2 * 86400)

        assert running.token.is_same(first)
        assert proxy.count("/login") == 1
        assert proxy.count("renew-self") >= 2 * 144


async def test_a_root_token_is_neither_renewed_nor_revoked(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    (tmp_path / "root").write_text(app.bao.root_token)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "root")}}
    config = {**settings(app, proxy, tmpfs, method), **RARELY, "revoke_on_shutdown": "token"}

    async with engine(load_from(tmp_path, config), clock) as running:
        await clock.advance(40 * 86400)
        await running.assembly.release()

        assert (tmpfs / "db.env").read_text() == "one"
        assert proxy.count("renew-self") == proxy.count("revoke-self") == 0
        assert proxy.count("lookup-self") == 1
