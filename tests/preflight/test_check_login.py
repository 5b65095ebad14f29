"""What `check --online` finds out about the login, and that it uses nothing up."""

import pytest

from injector.preflight.check import exit_code
from tests.engine.test_auth import kube
from tests.engine.test_auth_jwt import issuer, jwt
from tests.support.checking import findings, fine, notes, problems, warnings
from tests.support.engine import configuration
from tests.support.kubernetes import service_account_token

__all__ = ["issuer", "jwt", "kube"]  # fixtures


@pytest.fixture
def settings(app, proxy):
    app.put("kv", value="canary-5d1c77")

    def settings(method=None, **config):
        made = configuration(
            app,
            proxy.address,
            secrets={"kv": {"path": app.path("kv")}},
            template=[{"secret": "kv", "format": "json", "destination": "/dev/shm/kv.json"}],
        )
        made["auto_auth"]["method"] = method or made["auto_auth"]["method"]
        made["auto_auth"]["method"]["config"].update(config)
        return made

    return settings


def tokens(app):
    return set(app.admin.auth.token.list_accessors()["data"]["keys"])


def given(app, **options):
    """A token that is there already, and what is known of it."""
    made = app.admin.auth.token.create(policies=[app.name], ttl="1h", **options)["auth"]
    return made["client_token"], made["accessor"]


# --- what a login leaves -----------------------------------------------------------------------


async def test_a_login_works_and_leaves_no_token_and_no_request_for_a_secret(
    app, proxy, tmp_path, settings
):
    before = tokens(app)

    found = await findings(tmp_path, settings())

    assert exit_code(found) == 0
    assert (
        fine(found)[2]
        == "login: approle at auth/approle; the token lives 3600 s and can be renewed"
    )
    assert {request.partition("?")[0] for request in proxy.requests} == {
        "GET /v1/sys/health",
        "POST /v1/auth/approle/login",
        "POST /v1/sys/capabilities-self",
        f"GET /v1/sys/internal/ui/mounts/{app.path('kv')}",
        "POST /v1/auth/token/revoke-self",
    }
    assert tokens(app) == before


async def test_a_secret_id_that_may_be_good_for_one_login_is_left_alone(
    app, proxy, tmp_path, settings
):
    config = settings(remove_secret_id_file_after_reading=True)

    found = await findings(tmp_path, config)

    assert exit_code(found) == 0
    assert "--use-secret-id logs in all the same" in notes(found)[0]
    assert "permissions: not checked, because there is no token" in notes(found)
    assert proxy.count("/login") == 0

    found = await findings(tmp_path, config, use_secret_id=True)

    assert any("login: approle" in text for text in fine(found))
    assert app.secret_id.exists()


async def test_a_wrapped_secret_id_stays_wrapped(app, proxy, tmp_path, settings):
    answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    app.secret_id.write_text(answer["wrap_info"]["token"])
    made_at = f"auth/approle/role/{app.name}/secret-id"
    config = settings(secret_id_response_wrapping_path=made_at)

    found = await findings(tmp_path, config, use_secret_id=True)

    assert exit_code(found) == 0
    assert notes(found)[0] == (
        "login: not tried: the secret id is wrapped, and can be unwrapped only once"
    )
    assert "is valid, and was wrapped where it should be" in fine(found)[-1]
    assert app.secret_id.exists()
    assert app.admin.sys.unwrap(app.secret_id.read_text())["data"]["secret_id"]


async def test_a_wrapping_token_that_is_used_expired_or_of_another_role(
    app, proxy, tmp_path, settings
):
    answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    app.secret_id.write_text(answer["wrap_info"]["token"])

    config = settings(secret_id_response_wrapping_path="auth/approle/role/other/secret-id")
    found = await findings(tmp_path, config)
    assert exit_code(found) == 3
    assert problems(found)[0].endswith("other/secret-id'; issue one for this role")

    app.admin.sys.unwrap(answer["wrap_info"]["token"])
    found = await findings(tmp_path, config)
    assert exit_code(found) == 3
    assert problems(found)[0].endswith("issue a new one; if it was opened, find out by whom")

    app.secret_id.unlink()
    found = await findings(tmp_path, config)
    assert exit_code(found) == 3
    assert f"cannot read the secret id from {app.secret_id}: No such file" in problems(found)[0]


async def test_a_jwt_is_not_removed(app, tmp_path, settings, issuer, jwt):
    method = {
        "type": "jwt",
        "mount_path": f"auth/{issuer.mount}",
        "config": {"role": "app", "path": str(jwt)},
    }

    found = await findings(tmp_path, settings(method))

    assert exit_code(found) == 0
    assert any(text.startswith(f"login: jwt at auth/{issuer.mount}; ") for text in fine(found))
    assert jwt.exists()


async def test_a_service_account_logs_in(app, tmp_path, settings, kube):
    (tmp_path / "token").write_text(kube.issue())
    method = {
        "type": "kubernetes",
        "mount_path": f"auth/kubernetes-{app.name}",
        "config": {"role": "api", "token_path": str(tmp_path / "token")},
    }

    found = await findings(tmp_path, settings(method))

    assert exit_code(found) == 0
    assert any(
        text.startswith(f"login: kubernetes at auth/kubernetes-{app.name}; ")
        for text in fine(found)
    )


async def test_nor_is_a_rejected_jwt(app, proxy, tmp_path, settings):
    (tmp_path / "jwt").write_text("a.b.c")
    method = {"type": "jwt", "config": {"role": "r", "path": str(tmp_path / "jwt")}}

    found = await findings(tmp_path, settings(method))

    assert exit_code(found) == 3  # there is no such mount
    assert problems(found)[0].endswith(
        "look at the role's bound claims and audience, and whether the JWT has expired"
    )
    assert (tmp_path / "jwt").exists()


async def test_a_token_that_may_not_revoke_itself_is_reported(app, proxy, tmp_path, settings):
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_no_default_policy=True, token_ttl="1h"
    )
    app.allow(app.path("kv"), "sys/capabilities-self")

    found = await findings(tmp_path, settings())

    assert exit_code(found) == 0
    left = [text for text in warnings(found) if text.startswith("token: ")]
    assert left[0].startswith("token: the token of this check lives on for up to 3600 s: ")
    assert left[0].endswith("; allow update on auth/token/revoke-self")


# --- what a login says -------------------------------------------------------------------------


async def test_a_refused_login_says_what_to_look_at(app, tmp_path, settings):
    app.secret_id.write_text("wrong-canary-1b2c")

    found = await findings(tmp_path, settings())

    assert exit_code(found) == 3
    assert problems(found)[0].startswith("login: login auth/approle/login: ")
    assert "the two ids must belong to the same role of this mount" in problems(found)[0]
    assert "permissions: not checked, because there is no token" in notes(found)
    assert "canary" not in str(found)


async def test_a_file_that_is_missing_is_named_and_nothing_is_guessed(app, tmp_path, settings):
    app.role_id.unlink()

    found = await findings(tmp_path, settings())

    assert exit_code(found) == 3
    assert problems(found) == [
        (
            f"login: cannot read the role id from {app.role_id}: No such file or directory; put it "
            "there, or correct the path"
        )
    ]


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ({"type": "kubernetes", "config": {"role": "r"}}, "the role's service accounts"),
        ({"type": "token_file", "config": {}}, "provide a valid one"),
    ],
)
async def test_each_method_has_its_own_advice(app, tmp_path, settings, method, says):
    (tmp_path / "token").write_text(service_account_token())
    key = {"kubernetes": "token_path", "token_file": "token_file_path"}[method["type"]]
    method["config"][key] = str(tmp_path / "token")

    found = await findings(tmp_path, settings(method))

    assert exit_code(found) == 3
    assert says in problems(found)[0]


async def test_a_login_without_a_decision_is_not_called_refused(app, proxy, tmp_path, settings):
    proxy.status, proxy.only = 500, "/login"

    found = await findings(tmp_path, settings())

    assert exit_code(found) == 9
    assert problems(found)[0].endswith("Vault could not decide: its own log says why")


async def test_a_provided_token_is_looked_up_and_kept(app, tmp_path, settings):
    token, accessor = given(app)
    config = settings()
    del config["auto_auth"]

    found = await findings(tmp_path, config, environ={"VAULT_TOKEN": token})

    assert exit_code(found) == 0
    assert any(
        text.startswith("login: Vault knows the token that is given") for text in fine(found)
    )
    assert accessor in tokens(app)


async def test_a_provided_token_of_few_uses_is_not_used_up(app, proxy, tmp_path, settings):
    token, accessor = given(app, num_uses=3)
    (tmp_path / "token").write_text(token)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "token")}}

    found = await findings(tmp_path, settings(method))

    assert (
        "permissions: not checked: each request would use up one of those that the"
        in (notes(found)[-1])
    )
    assert proxy.count("capabilities") == 0
    assert accessor in tokens(app)


async def test_a_token_of_few_uses_is_a_warning(app, tmp_path, settings):
    before = tokens(app)
    for uses in (1, 2, 50):
        app.admin.auth.approle.create_or_update_approle(app.name, token_num_uses=uses)

        found = await findings(tmp_path, settings())

        assert exit_code(found) == 0
        assert warnings(found)[0] == (
            f"token: the token is good for {uses} requests, and each one uses one up; "
            "set the role's token_num_uses to 0"
        )
        assert not any("lives on" in text for text in warnings(found))
    assert tokens(app) == before


async def test_a_token_that_never_expires_is_a_warning(app, tmp_path, settings):
    config = settings()
    del config["auto_auth"]

    found = await findings(tmp_path, config, environ={"VAULT_TOKEN": app.bao.root_token})

    assert exit_code(found) == 0
    assert (
        "token: the token never expires, like root tokens; log in with a role that has a"
        in (warnings(found)[0])
    )
    assert warnings(found)[1].startswith("permissions: the token is root: it may do everything")
    assert len(warnings(found)) == 2
