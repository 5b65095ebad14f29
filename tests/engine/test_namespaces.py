"""A login in one namespace, secrets in others inside it: each request is made where it belongs."""

import contextlib

import hvac
import pytest

from tests.support.engine import engine, load_from

OUTER = "ns-outer"
INNER = f"{OUTER}/inner"
DEEP = f"{INNER}/deep"


@pytest.fixture(scope="module")
def estate(server, database):
    """Three namespaces; the login is in the outermost, an engine with leases in the others."""
    with contextlib.ExitStack() as stack:

        def admin(namespace):
            made = hvac.Client(server.address, token=server.root_token, namespace=namespace)
            stack.callback(made.adapter.close)
            return made

        for parent, name in [("", OUTER), (OUTER, "inner"), (INNER, "deep")]:
            admin(parent).adapter.post(f"/v1/sys/namespaces/{name}", json={})
        for namespace in (INNER, DEEP):
            database.mount(admin(namespace))
            database.role(admin(namespace), "app", ttl="1h", max_ttl="24h")
        outer = admin(OUTER)
        outer.sys.enable_auth_method("approle")
        within = [f"inner/{path}" for path in PATHS] + [f"inner/deep/{path}" for path in PATHS]
        outer.sys.create_or_update_policy(
            "app",
            "".join(f'path "{path}" {{ capabilities = ["read", "update"] }}' for path in within),
        )
        outer.auth.approle.create_or_update_approle("app", token_policies=["app"], token_ttl="1h")
        yield outer


PATHS = ["database/creds/app", "sys/leases/renew", "sys/leases/revoke"]


@pytest.fixture
def settings(estate, proxy, tmpfs, tmp_path):
    (tmp_path / "role_id").write_text(estate.auth.approle.read_role_id("app")["data"]["role_id"])
    wrapped = estate.auth.approle.generate_secret_id("app", wrap_ttl="60s")
    (tmp_path / "secret_id").write_text(wrapped["wrap_info"]["token"])
    return {
        "vault": {"address": proxy.address, "namespace": INNER},
        "auto_auth": {
            "method": {
                "type": "approle",
                "namespace": OUTER,
                "config": {
                    "role_id_file_path": "role_id",
                    "secret_id_file_path": "secret_id",
                    "secret_id_response_wrapping_path": "auth/approle/role/app/secret-id",
                },
            }
        },
        "secrets": {
            "near": {"path": "database/creds/app", "overlap": "1s"},
            "far": {"path": "database/creds/app", "namespace": DEEP, "overlap": "1s"},
        },
        "template": [
            {"contents": f"{{{{ {name}.username }}}}", "destination": str(tmpfs / name)}
            for name in ("near", "far")
        ],
    }


def asked(proxy, part):
    """Return the namespaces in which requests with this in their path were made."""
    found = zip(proxy.requests, proxy.namespaces, strict=True)
    return sorted({namespace for request, namespace in found if part in request})


async def test_the_same_path_in_two_namespaces_has_two_issuance_budgets(
    settings, proxy, clock, tmp_path
):
    for secret in settings["secrets"].values():
        secret["issuance_budget"] = 2

    async with engine(load_from(tmp_path, settings), clock) as running:
        running.assembly.tokens.report_bad(running.token)  # both are issued once more
        await clock.advance(1)
        assert proxy.count("database/creds") == 4
        assert running.assembly.health.settled


async def test_a_token_is_kept_where_it_was_made_and_a_lease_where_it_was_issued(
    settings, proxy, clock, tmp_path
):
    async with engine(load_from(tmp_path, settings), clock) as running:
        await clock.advance(3600)  # renewals of the token and of both leases
        running.assembly.tokens.report_bad(running.token)
        await clock.advance(3600)  # another token: both are issued anew, the old ones revoked
        proxy.only, proxy.status = "database/creds", 403
        running.assembly.tokens.report_bad(running.token)
        await clock.settled()  # refused: is the token still good?

        assert asked(proxy, "database/creds") == [INNER, DEEP]
        assert asked(proxy, "leases/renew") == [INNER, DEEP]
        assert asked(proxy, "leases/revoke") == [INNER, DEEP]
        for part in ("/login", "sys/wrapping", "renew-self", "lookup-self"):
            assert asked(proxy, part) == [OUTER], part
        await running.assembly.revocation.revoke_all("token")
        assert asked(proxy, "revoke-self") == [OUTER]
