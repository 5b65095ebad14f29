"""What `check --online` finds out about the token's rights: too little, and too much."""

import pytest

from injector.preflight.check import exit_code
from tests.preflight.test_policy import allow
from tests.support.checking import findings, fine, notes, problems, warnings
from tests.support.engine import configuration
from tests.support.processes import result, write_config

UPKEEP = 'path "sys/leases/*" { capabilities = ["update"] }\n'


@pytest.fixture(scope="module", autouse=True)
def transit(server):
    server.admin.sys.enable_secrets_engine("transit", path="check-transit")


@pytest.fixture
def settings(app, proxy):
    """Reads a path of KV, and one of an engine that is there."""
    return configuration(
        app,
        proxy.address,
        secrets={"kv": {"path": app.path("team/kv")}, "db": {"path": "check-transit/keys/app"}},
        template=[
            {"secret": "kv", "format": "json", "destination": "/dev/shm/kv.json"},
            {"contents": "{{ db.password }}", "destination": "/dev/shm/db"},
        ],
    )


def rules(*paths, capabilities='"read"'):
    return "".join(f'path "{path}" {{ capabilities = [{capabilities}] }}\n' for path in paths)


@pytest.fixture
def exact(app):
    return rules(app.path("team/kv"), "check-transit/keys/app") + UPKEEP


async def test_the_exact_policy_is_neither_too_small_nor_too_large(app, tmp_path, settings):
    allow(app, result("policy", "-c", write_config(tmp_path, settings)).stdout)

    found = await findings(tmp_path, settings)

    assert (exit_code(found), warnings(found)) == (0, [])
    assert "permissions: all of the 7 paths that are needed are allowed" in fine(found)


async def test_what_is_missing_is_named_with_its_use_and_the_line_to_add(app, tmp_path, settings):
    allow(app, rules(app.path("team/kv")) + UPKEEP)

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 4
    assert problems(found) == [
        (
            "permissions: check-transit/keys/app: the token may not read (secrets.db: "
            "config.yaml:17); add to its policy: "
            'path "check-transit/keys/app" { capabilities = ["read"] }'
        )
    ]


async def test_a_path_without_its_data_is_reported(app, tmp_path, settings, exact):
    allow(app, exact)
    settings["secrets"]["kv"]["path"] = f"secret/{app.name}/team/kv"

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 4
    assert problems(found) == [
        (
            f"permissions: secret/{app.name}/team/kv: the token may not read (secrets.kv: "
            f"/dev/shm/kv.json); write {app.path('team/kv')}, which it may read: KV version 2 has "
            "`data/` in its paths"
        )
    ]


async def test_what_only_upkeep_needs_is_a_warning_with_its_consequence(
    app, tmp_path, settings, exact
):
    allow(app, exact.replace(UPKEEP, ""))

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 0
    # Vault's policy `default` allows the rest.
    assert warnings(found) == [
        (
            "permissions: sys/leases/revoke: the token may not update (revokes a credential once "
            "its successor is in use): without it, it lives on until its TTL; add to its policy: "
            'path "sys/leases/revoke" { capabilities = ["update"] }'
        )
    ]


EXCESSES = {
    "everything beside a secret": (
        rules("secret/data/APP/team/*"),
        "the token may read paths that nothing here uses: secret/data/APP/team/*",
    ),
    "everything in an engine": (
        rules("secret/*"),
        "the token may read paths that nothing here uses: secret/*",
    ),
    "everything": (rules("*"), "the token may read paths that nothing here uses: *"),
    "the same of every team": (
        rules("secret/data/APP/+/kv"),
        "the token may read paths that nothing here uses: secret/data/APP/+/kv",
    ),
    "more than reading": (
        rules("secret/data/APP/team/kv", capabilities='"read", "list", "delete"'),
        "the token may also delete and list, which nothing here does: secret/data/APP/team/kv",
    ),
    "sudo": (
        rules("secret/data/APP/team/kv", capabilities='"read", "sudo"'),
        "the token may also sudo, which nothing here does: secret/data/APP/team/kv",
    ),
    "policies": (
        rules("sys/policies/acl/*", capabilities='"update"'),
        "the token may write policies, and so give itself everything: sys/policies/acl/*",
    ),
    "logins": (
        rules("sys/auth/*", capabilities='"create", "update", "sudo"'),
        "the token may add ways to log in, and so let others in: sys/auth/*",
    ),
    "engines": (
        rules("sys/mounts/*", capabilities='"update"'),
        "the token may mount engines, and unmount them with all they hold: sys/mounts/*",
    ),
    "tokens": (
        rules("auth/token/create", capabilities='"update"'),
        "the token may make more tokens like itself: auth/token/create",
    ),
    "orphans": (
        rules("auth/token/create-orphan", capabilities='"update", "sudo"'),
        "the token may make tokens that outlive it: auth/token/create-orphan",
    ),
}


@pytest.mark.parametrize("excess", EXCESSES)
async def test_excess_permissions_are_one_warning_with_the_pattern(
    app, tmp_path, settings, exact, excess
):
    more, says = (text.replace("APP", app.name) for text in EXCESSES[excess])
    kv = rules(app.path("team/kv"))
    allow(app, exact.replace(kv, "") + more if app.path("team/kv") in more else exact + more)

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 0
    assert warnings(found) == [
        f"permissions: {says}; give its role only the policy that `injector policy` prints"
    ]


async def test_many_places_with_the_same_excess_are_one_warning(app, tmp_path, proxy):
    app.allow(*(app.path(f"s{number}") for number in range(300)))
    secrets = {f"s{number}": {"path": app.path(f"s{number}")} for number in range(300)}
    config = configuration(
        app,
        proxy.address,
        secrets=secrets,
        template=[
            {"secret": name, "format": "json", "destination": f"/dev/shm/{name}"}
            for name in secrets
        ],
    )

    found = await findings(tmp_path, config)

    assert exit_code(found) == 0
    (warning,) = warnings(found)
    assert "may also create and update, which nothing here does: " in warning
    assert " and 297 more; " in warning
    assert proxy.count("capabilities-self") == 7  # 200 paths at once


async def test_a_path_that_depends_on_a_secret_is_reported_as_not_checked(
    app, tmp_path, settings, exact
):
    allow(app, exact)
    settings["template"][0] = {
        "contents": "{{ secret('secret/data/' ~ db.name).x }}",
        "destination": "/dev/shm/kv",
    }

    found = await findings(tmp_path, settings)

    assert (
        "permissions: config.yaml:14: secret('secret/data/' ~ db.name) depends on a secret, so its "
        "path was not checked"
    ) in notes(found)


async def test_a_token_that_may_not_look_up_permissions_is_a_warning(
    app, tmp_path, settings, exact
):
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_no_default_policy=True, token_ttl="1h"
    )
    allow(app, exact + rules("auth/token/revoke-self", capabilities='"update"'))

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 0
    assert warnings(found) == [
        (
            "permissions: the token's permissions cannot be checked; allow update on "
            "sys/capabilities-self, as Vault's policy `default` does"
        )
    ]


async def test_an_outage_during_the_check_is_a_separate_problem(app, proxy, tmp_path, settings):
    proxy.status, proxy.only = 503, "capabilities"

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 9
    assert problems(found)[0].startswith("permissions: write sys/capabilities-self: Vault is seal")


async def test_each_token_has_its_own_cubbyhole(app, tmp_path, settings, exact):
    allow(app, exact)
    settings["secrets"]["db"] = {"path": "cubbyhole/x"}

    found = await findings(tmp_path, settings)

    assert not any("cubbyhole" in text for text in warnings(found))


async def test_permissions_in_an_inner_namespace_are_looked_up_where_the_policy_is(
    server, tmp_path, tmpfs
):
    def write(path, namespace, **data):
        return server.admin.adapter.post(
            f"/v1/{path}", json=data, headers={"X-Vault-Namespace": namespace}
        )

    write("sys/namespaces/check", "")
    write("sys/namespaces/inner", "check")
    for namespace in ("check", "check/inner"):
        write("sys/mounts/kv", namespace, type="kv", options={"version": "2"})
    write("sys/policies/acl/app", "check", policy=rules("inner/kv/data/app", "kv/data/own"))
    token = write("auth/token/create", "check", policies=["app"], ttl="1h")["auth"]["client_token"]
    (tmp_path / "token").write_text(token)
    config = {
        "vault": {"address": server.address, "namespace": "check"},
        "auto_auth": {
            "method": {
                "type": "token_file",
                "config": {"token_file_path": str(tmp_path / "token")},
            }
        },
        "secrets": {
            "own": {"path": "kv/data/own"},
            "inner": {"path": "kv/data/app", "namespace": "check/inner"},
            "other": {"path": "kv/data/other", "namespace": "check/inner"},
        },
        "template": [
            {"secret": name, "format": "json", "destination": f"/dev/shm/{name}"}
            for name in ("own", "inner", "other")
        ],
    }

    found = await findings(tmp_path, config)

    assert exit_code(found) == 4
    (problem,) = problems(found)
    assert "inner/kv/data/other in namespace check: the token may not read" in problem


# --- engines -----------------------------------------------------------------------------------


async def test_where_each_path_leads_is_reported_and_nothing_is_read(
    app, proxy, tmp_path, settings, exact
):
    allow(app, exact)

    found = await findings(tmp_path, settings)

    assert (
        "engines: every path leads to one: check-transit/ (transit), secret/ (kv version 2)"
    ) in fine(found)
    assert proxy.count("internal/ui/mounts") == 2
    assert proxy.count("GET /v1/secret") == 0


async def test_a_path_where_nothing_is_mounted_is_missing(app, tmp_path, settings):
    settings["secrets"]["db"] = {"path": "nowhere/creds/app"}
    allow(app, rules(app.path("team/kv"), "nowhere/creds/app") + UPKEEP)

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 5
    assert problems(found) == [
        (
            "engines: nowhere/creds/app: no engine is mounted there; correct the path, or mount "
            "the engine"
        )
    ]


async def test_a_path_of_the_other_kv_version_says_how_to_write_it(app, tmp_path, settings):
    settings["secrets"] = {
        "kv": {"path": f"secret/{app.name}/kv"},
        "db": {"path": f"kv1/data/{app.name}/db"},
    }
    allow(app, rules(f"secret/{app.name}/kv", f"kv1/data/{app.name}/db") + UPKEEP)

    found = await findings(tmp_path, settings)

    assert exit_code(found) == 5
    assert problems(found) == [
        (
            f"engines: secret/{app.name}/kv: this is KV version 2, whose paths have `data/` after "
            f"the mount; write secret/data/{app.name}/kv"
        )
    ]
    assert warnings(found) == [
        (
            f"engines: kv1/data/{app.name}/db: this is KV version 1, whose paths have no `data/` "
            f"after the mount; write kv1/{app.name}/db, if so meant"
        )
    ]


async def test_a_server_that_hides_its_mounts_is_no_problem(app, proxy, tmp_path, settings, exact):
    allow(app, exact)
    proxy.status, proxy.only = 404, "internal/ui/mounts"

    found = await findings(tmp_path, settings)

    assert (exit_code(found), warnings(found)) == (0, [])
