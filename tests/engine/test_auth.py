"""Every login method against the real server."""

import asyncio

import pytest
from aiohttp import web

from injector.base.errors import AuthError
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


def settings(lab, method=None, **config):
    entry = {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")}
    blocks = {"secrets": {"db": {"path": lab.path("db")}}, "template": [entry]}
    made = lab.config(**blocks)
    if method is not None:
        made["auto_auth"]["method"] = method
    made["auto_auth"]["method"]["config"].update(config)
    return made


def kubernetes(lab, token_path):
    method = {
        "type": "kubernetes",
        "mount_path": f"auth/kubernetes-{lab.name}",
        "config": {"role": "api", "token_path": str(token_path)},
    }
    return settings(lab, method)


async def test_kubernetes_reads_the_projected_token_again_at_every_login(lab, kube):
    lab.put("db", password="one")
    jwt = lab.folder / "token"
    jwt.write_text(kube.issue() + "\n")

    async with lab.start(kubernetes(lab, jwt)) as running:
        assert lab.read("db.env") == "one"

        kube.accepted.clear()
        jwt.write_text(kube.issue())
        lab.admin.auth.token.revoke(running.token.value)
        lab.put("db", password="two")
        await lab.clock.advance(67)

        assert lab.read("db.env") == "two"
        assert lab.proxy.count("/login") == 2


async def test_a_projected_token_that_kubelet_swaps_every_minute_fails_no_login(lab, kube):
    """Each is accepted for 90 s; tokens of Vault end after 60 s, and cannot be renewed."""
    lab.put("db", password="one")
    lab.admin.write_data(
        f"auth/kubernetes-{lab.name}/role/api",
        data={
            "bound_service_account_names": ["api"],
            "bound_service_account_namespaces": ["shop"],
            "token_policies": [lab.name],
            "token_type": "batch",
            "token_ttl": "60s",
        },
    )
    path = lab.folder / "token"
    path.symlink_to("..data/token")
    projected: list[str] = []

    def project():
        projected.append(kube.issue())
        folder = lab.folder / f"..{len(projected)}"
        folder.mkdir()
        (folder / "token").write_text(projected[-1] + "\n")
        (lab.folder / "..new").symlink_to(folder.name)
        (lab.folder / "..new").rename(lab.folder / "..data")

    project()
    async with lab.start(kubernetes(lab, path)) as running:
        for _ in range(10):
            project()
            await lab.clock.advance(30)
            kube.accepted.discard(projected[-2])
            await lab.clock.advance(30)

        assert lab.proxy.count("/login") >= 10
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
async def test_a_bad_token_file_is_named_and_a_good_one_recovers(lab, kube, content, problem):
    lab.put("db", password="one")
    jwt = lab.folder / "token"
    if content is not None:
        jwt.write_bytes(content)

    async with lab.start(kubernetes(lab, jwt)) as running:
        report = running.assembly.health.of("token", "token")
        assert report is not None
        assert isinstance(report.error, AuthError)
        assert str(jwt) in str(report.error)
        assert problem in str(report.error)
        assert lab.proxy.requests == []

        jwt.write_text(kube.issue())
        await lab.clock.advance(20)
        assert lab.read("db.env") == "one"


async def test_a_token_the_cluster_does_not_know_is_refused_without_being_quoted(lab, kube):
    jwt = lab.folder / "token"
    jwt.write_text(service_account_token())

    async with lab.start(kubernetes(lab, jwt)) as running:
        assert "permission denied" in running.log
        assert jwt.read_text() not in running.log


def wrapped(app, path_in_role=None):
    """A response-wrapped secret id, as a deployment tool would hand it out."""
    answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    token = answer["wrap_info"]["token"]
    app.secret_id.write_text(token)
    return token


async def test_a_wrapped_secret_id_is_opened_once_and_remembered(lab):
    lab.put("db", password="one")
    wrapped(lab.app)

    async with lab.start(
        settings(
            lab,
            secret_id_response_wrapping_path=f"auth/approle/role/{lab.name}/secret-id",
        )
    ) as running:
        assert lab.read("db.env") == "one"
        lab.admin.auth.token.revoke(running.token.value)
        await lab.clock.advance(70)

        assert running.assembly.health.settled
        assert lab.proxy.count("/login") == 2
        assert lab.proxy.count("unwrap") == 1


async def test_a_wrapping_token_made_elsewhere_is_a_security_event_and_stays_closed(lab):
    token = wrapped(lab.app)

    async with lab.start(
        settings(lab, secret_id_response_wrapping_path="auth/approle/role/x/secret-id")
    ) as running:
        assert "SECURITY" in running.log
        assert "not at 'auth/approle/role/x/secret-id'" in running.log
        assert lab.proxy.count("unwrap") == 0
        assert running.state.metrics.unwrap_failed.values[()] == 1
        assert token not in running.log


async def test_a_wrapping_token_that_somebody_opened_is_a_security_event(lab):
    token = wrapped(lab.app)
    lab.admin.sys.unwrap(token)

    async with lab.start(
        settings(
            lab,
            secret_id_response_wrapping_path=f"auth/approle/role/{lab.name}/secret-id",
        )
    ) as running:
        assert "SECURITY" in running.log
        assert "somebody else has opened it" in running.log
        assert running.state.metrics.unwrap_failed.values[()] >= 1


async def test_a_removed_secret_id_stays_usable_from_memory(lab):
    lab.put("db", password="one")

    async with lab.start(settings(lab, remove_secret_id_file_after_reading=True)) as running:
        assert not lab.app.secret_id.exists()
        lab.admin.auth.token.revoke(running.token.value)
        await lab.clock.advance(70)

        assert lab.proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_rejected_secret_id_file_is_not_removed(lab):
    lab.app.secret_id.write_text("wrong")

    async with lab.start(settings(lab, remove_secret_id_file_after_reading=True)):
        assert lab.app.secret_id.read_text() == "wrong"


async def test_a_token_file_is_looked_up_and_used(lab):
    lab.put("db", password="one")
    token = lab.admin.auth.token.create(policies=[lab.name], ttl="1h")["auth"]["client_token"]
    (lab.folder / "given").write_text(token + "\n")
    method = {"type": "token_file", "config": {"token_file_path": str(lab.folder / "given")}}

    async with lab.start(settings(lab, method)) as running:
        assert lab.read("db.env") == "one"
        assert running.token.duration > 3500


async def test_a_provided_token_in_its_last_second_is_not_mistaken_for_one_that_never_expires(lab):
    """Vault rounds down, and 0 is what it says of a root token as well."""
    lab.put("db", password="one")
    token = lab.admin.auth.token.create(policies=[lab.name], ttl="1h")["auth"]["client_token"]
    (lab.folder / "given").write_text(token)
    method = {"type": "token_file", "config": {"token_file_path": str(lab.folder / "given")}}
    known = {"ttl": 0, "expire_time": "2026-11-25T12:00:00Z", "accessor": "a", "renewable": False}
    lab.proxy.only, lab.proxy.script = "lookup-self", [web.json_response({"data": known})]

    async with lab.start(settings(lab, method)) as running:
        assert "the token is about to expire" in running.log
        assert not (lab.tmpfs / "db.env").exists()

        await lab.clock.advance(5)
        assert running.token.duration > 3500


async def test_while_logins_fail_the_old_token_is_kept_alive(lab):
    lab.put("db", password="one")

    async with lab.start(settings(lab)) as running:
        first = running.token
        lab.app.secret_id.write_text("wrong")
        lab.proxy.only, lab.proxy.status = "renew-self", 500
        await lab.clock.advance(3400)  # it is nearly over: logins are tried, too, and refused
        assert lab.proxy.count("/login") >= 3
        assert running.assembly.tokens.held is first

        lab.proxy.status = None
        await lab.clock.advance(3600)
        assert running.token.is_same(first)
        assert running.assembly.health.settled


async def test_a_reload_keeps_a_secret_id_that_only_memory_has(lab):
    lab.put("db", password="one")
    config = settings(lab, remove_secret_id_file_after_reading=True)
    state = lab.fresh_state()
    async with lab.start(config, state=state):
        assert not lab.app.secret_id.exists()

    async with lab.start(config, state=state) as running:
        lab.admin.auth.token.revoke(running.token.value)
        await lab.clock.advance(70)

        assert lab.proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_token_of_limited_uses_is_replaced_whenever_it_is_used_up(lab):
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl="1h", token_num_uses=3
    )

    async with lab.start(settings(lab)) as running:
        for value in ("two", "three", "four", "five", "six"):
            lab.put("db", password=value)
            await lab.clock.advance(67)
            assert lab.read("db.env") == value

        assert "limited uses" in running.log
        assert 2 <= lab.proxy.count("/login") <= 6


async def test_more_secrets_than_a_token_has_uses_are_read_with_several(lab):
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl="1h", token_num_uses=4
    )
    config = settings(lab)
    for number in range(10):
        lab.put(f"s{number}", value="one")
        contents = f'{{{{ secret("{lab.path(f"s{number}")}").value }}}}'
        config["template"].append({"contents": contents, "destination": f"{lab.tmpfs}/{number}"})
    lab.put("db", password="one")

    async with lab.start(config) as running:
        assert running.assembly.health.settled
        assert lab.proxy.count("/login") == 3
        assert "secret failed" not in running.log

        await lab.clock.advance(300)
        assert "secret failed" not in running.log


async def test_a_wrapping_token_of_something_else_is_a_security_event(lab):
    wrapped = lab.admin.write_data("sys/wrapping/wrap", data={"other": "x"}, wrap_ttl="5m")
    lab.app.secret_id.write_text(wrapped["wrap_info"]["token"])

    async with lab.start(
        settings(lab, secret_id_response_wrapping_path="sys/wrapping/wrap")
    ) as running:
        assert "SECURITY" in running.log
        assert "has no `secret_id`" in running.log


@pytest.mark.parametrize("changed", [{"max_backoff": "10s"}, {"exit_on_err": True}], ids=str)
async def test_a_reload_with_the_same_login_keeps_token_and_secret_id(lab, changed):
    lab.put("db", password="one")
    config = settings(lab, remove_secret_id_file_after_reading=True)
    before = lab.load(config)
    state = lab.fresh_state()
    async with lab.start(before, state=state):
        assert not lab.app.secret_id.exists()
    config["auto_auth"]["method"] |= changed
    after = lab.load(config)

    state.outgrow(before.config, after.config)

    async with lab.start(after, state=state) as running:
        assert running.assembly.health.settled
        assert lab.proxy.count("/login") == 1
        lab.admin.auth.token.revoke(running.token.value)
        await lab.clock.advance(70)
        assert lab.proxy.count("/login") == 2
        assert running.assembly.health.settled


async def test_a_reload_to_another_identity_revokes_the_old_token(lab, make_app):
    lab.put("db", password="one")
    before = lab.load(settings(lab))
    state = lab.fresh_state()
    async with lab.start(before, state=state) as running:
        old = running.token
    other = make_app()
    config = settings(lab)
    config["auto_auth"]["method"]["config"] |= {
        "role_id_file_path": str(other.role_id),
        "secret_id_file_path": str(other.secret_id),
    }
    after = lab.load(config)

    state.outgrow(before.config, after.config)

    async with lab.start(after, state=state) as running:
        assert not running.token.is_same(old)
        assert lab.proxy.count("revoke-self") == 1


async def test_another_server_never_sees_a_token_of_the_previous_one(lab):
    lab.put("db", password="one")
    config = settings(lab)
    before = lab.load(config)
    state = lab.fresh_state()
    async with lab.start(before, state=state) as running:
        old = running.token
    state.replaced_tokens.append(old)
    config["vault"]["address"] = lab.app.bao.address
    after = lab.load(config)

    state.outgrow(after.config, before.config)  # back to the proxy, which sees what is sent
    lab.proxy.tokens.clear()

    async with lab.start(before, state=state):
        assert old.value not in lab.proxy.tokens


async def test_replaced_tokens_are_revoked_and_forgotten_although_nothing_was_leased(lab):
    lab.put("db", password="one")

    async with lab.start(settings(lab)) as running:
        lab.proxy.only, lab.proxy.status = "renew-self", 403
        for _ in range(3):
            old = running.token
            await lab.clock.advance(2800)
            assert not running.token.is_same(old)
            assert not await running.assembly.vault.is_valid(old)

        assert running.assembly.tokens.replaced == []


RARELY = {"template_config": {"static_secret_render_interval": "12h"}}


async def test_a_periodic_token_is_renewed_forever(lab):
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_period="10m"
    )

    config = {**settings(lab), **RARELY}

    async with lab.start(config) as running:
        first = running.token
        await lab.clock.advance(2 * 86400)

        assert running.token.is_same(first)
        assert lab.proxy.count("/login") == 1
        assert lab.proxy.count("renew-self") >= 2 * 144


async def test_a_root_token_is_neither_renewed_nor_revoked(lab):
    lab.put("db", password="one")
    (lab.folder / "root").write_text(lab.app.bao.root_token)
    method = {"type": "token_file", "config": {"token_file_path": str(lab.folder / "root")}}
    config = {**settings(lab, method), **RARELY, "revoke_on_shutdown": "token"}

    async with lab.start(config) as running:
        await lab.clock.advance(40 * 86400)
        await running.assembly.release()

        assert lab.read("db.env") == "one"
        assert lab.proxy.count("renew-self") == lab.proxy.count("revoke-self") == 0
        assert lab.proxy.count("lookup-self") == 1
