"""The policy that `injector policy` prints: what it says, and that it is enough and no more."""

import asyncio
import io
import re
from textwrap import dedent

import pytest

from injector.preflight.policy import document, needs
from injector.runtime.once import once
from injector.runtime.plan import plan, refs_by_name
from tests.support.configs import complete
from tests.support.engine import configuration, engine, fresh_state, load_from
from tests.support.processes import result, write_config

BLOCK = re.compile(r'^path "([^"]+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def printed(folder, text, **environ):
    """Return the policy of a configuration, which is completed."""
    file = folder / "injector.yaml"
    file.write_text(complete(text))
    planned = plan(str(file), environ, elsewhere=True)
    found = needs(
        planned.config,
        refs_by_name(planned.config),
        planned.templates.values(),
        directory=str(folder),
    )
    return document(found, file="injector.yaml")


def blocks(policy):
    return {match[1]: match[0] for match in BLOCK.finditer(policy)}


# --- what it says ------------------------------------------------------------------------------


def test_each_path_has_a_block_that_says_what_needs_it(tmp_path):
    (tmp_path / "web.j2").write_text("\n{{ tls.certificate }}\n{{ secret('kv/data/a').x }}\n")

    policy = printed(
        tmp_path,
        """
        secrets:
          app: {path: kv/data/app}
          tls: {path: pki/issue/web, params: {ttl: 24h, common_name: web.internal}}
        template:
          - {secret: app, format: dotenv, destination: /run/app.env}
          - {source: web.j2, destination: /run/web.conf}
        """,
    )

    assert policy.startswith(
        dedent("""\
        # What injector.yaml needs, and no more; made by `injector policy`.
        # Write it with `vault policy write NAME -`, and give NAME to the login's role.

        # web.j2:3
        path "kv/data/a" {
          capabilities = ["read"]
        }

        # secrets.app: /run/app.env
        path "kv/data/app" {
          capabilities = ["read"]
        }

        # secrets.tls: web.j2:2
        path "pki/issue/web" {
          capabilities = ["update"]
          allowed_parameters = {
            "common_name" = []
            "ttl" = []
          }
        }

        # tells an expired token from a policy that denies access
        """)
    )


def test_a_member_of_a_bundle_is_named_with_its_directory(tmp_path):
    policy = printed(
        tmp_path,
        """
        secrets: {tls: {path: secret/data/tls}, ca: {path: secret/data/ca}}
        bundle:
          name: tls
          directory: /run/tls
          template:
            - {destination: cert.pem, contents: "{{ tls.certificate }}"}
            - {destination: ca.json, secret: ca, format: json}
        """,
    )

    assert "# secrets.ca: /run/tls/ca.json\n" in policy
    assert "# secrets.tls: injector.yaml:6\n" in policy


def test_the_same_configuration_always_gives_the_same_text(tmp_path):
    text = 'template: {{contents: "{}", destination: /run/x}}'
    calls = [
        "{{ secret('b/x').k }}",
        "{{ secret('a/y', z='1', b='2').k }}",
        "{{ secret('a/y').k }}",
    ]

    one, other = (printed(tmp_path, text.format("".join(order))) for order in (calls, calls[::-1]))

    assert one == other


@pytest.mark.parametrize(
    ("secret", "block"),
    [
        ("{path: kv/data/app?version=3}", 'path "kv/data/app" {\n  capabilities = ["read"]\n}\n'),
        ("{path: v1/kv/data/app/}", 'path "kv/data/app" {\n  capabilities = ["read"]\n}\n'),
        ("{path: a/b, params: {}}", 'path "a/b" {\n  capabilities = ["update"]\n}\n'),
        (
            "{path: kv/data/app, params: {data: {a: 1}}}",
            (
                'path "kv/data/app" {\n  capabilities = ["create", "update"]\n'
                '  allowed_parameters = {\n    "data" = []\n  }\n}\n'
            ),
        ),
        (
            "{path: cubbyhole/x, params: {a: 1}}",
            (
                'path "cubbyhole/x" {\n  capabilities = ["create", "update"]\n'
                '  allowed_parameters = {\n    "a" = []\n  }\n}\n'
            ),
        ),
        ("{path: 'kv/data/a\"b'}", 'path "kv/data/a\\"b" {\n  capabilities = ["read"]\n}\n'),
    ],
)
def test_a_block_allows_the_operation_of_the_request(tmp_path, secret, block):
    policy = printed(
        tmp_path,
        f"""
        secrets: {{s: {secret}}}
        template: {{secret: s, format: json, destination: /run/s}}
        """,
    )

    assert block in policy


def test_the_value_of_a_parameter_is_not_in_the_policy(tmp_path):
    policy = printed(
        tmp_path,
        """
        secrets: {s: {path: a/b, params: {password: "${PW}"}}}
        template: {secret: s, format: json, destination: /run/s}
        """,
        PW="canary-7f3a",
    )

    assert "canary" not in policy
    assert '"password" = []' in policy


COMPUTED = [
    (
        "{{ secret('kv/data/' ~ app.tenant).k }}",
        "# injector.yaml:2: secret('kv/data/' ~ app.tenant)\n",
        '# path "kv/data/*" {\n#   capabilities = ["read"]\n# }\n',
    ),
    (
        "{{ secret(app.role, ttl='1h').k }}",
        "# injector.yaml:2: secret(app.role, ttl='1h')\n",
        '# path "*" {\n#   capabilities = ["update"]\n# }\n',
    ),
    (
        "{% for t in app.list %}{{ secret('kv/data/' ~ t).k }}{% endfor %}",
        "# injector.yaml:2: secret('kv/data/' ~ t)\n",
        '# path "kv/data/*" {\n#   capabilities = ["read"]\n# }\n',
    ),
    (
        "{% if app.on %}{{ secret(env('A') ~ '/' ~ app.b).k }}{% endif %}",
        "# injector.yaml:2: secret(env('A') ~ '/' ~ app.b)\n",
        '# path "*" {\n#   capabilities = ["read"]\n# }\n',
    ),
]


@pytest.mark.parametrize(("text", "place", "remedy"), COMPUTED)
def test_a_computed_path_is_named_with_what_to_add(tmp_path, text, place, remedy):
    policy = printed(
        tmp_path,
        f"""
        secrets: {{app: {{path: kv/data/app}}}}
        template: {{contents: "{text}", destination: /run/x}}
        """,
        A="a",
    )

    assert "# INCOMPLETE: some paths depend on the values of secrets; see below.\n" in policy
    assert place in policy
    assert remedy in policy
    assert blocks(policy).keys() & {"kv/data/*", "*"} == set()


def test_computed_parameters_leave_the_path_known_and_its_parameters_open(tmp_path):
    policy = printed(
        tmp_path,
        """
        secrets: {app: {path: kv/data/app}}
        template:
          contents: "{{ secret('pki/issue/web', common_name=app.name).certificate }}"
          destination: /run/x
        """,
    )

    assert "INCOMPLETE" not in policy
    assert blocks(policy)["pki/issue/web"].split("\n")[1:] == [
        '  capabilities = ["update"]',
        "}",
        "",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ secret('kv/data/' ~ env('STAGE')).k }}",
        "{% if app.on %}{{ secret('kv/data/' ~ env('STAGE')).k }}{% endif %}",
        "{% set p = 'kv/data' %}{% for s in ['prod'] %}{{ secret(p ~ '/' ~ s).k }}{% endfor %}",
    ],
)
def test_what_depends_on_no_secret_is_known(tmp_path, text):
    policy = printed(
        tmp_path,
        f"""
        secrets: {{app: {{path: kv/data/app}}}}
        template: {{contents: "{text}", destination: /run/x}}
        """,
        STAGE="prod",
    )

    assert "kv/data/prod" in blocks(policy)
    assert "INCOMPLETE" not in policy


def test_what_nothing_requests_is_not_allowed(tmp_path):
    policy = printed(
        tmp_path,
        """
        secrets: {app: {path: kv/data/app}, old: {path: kv/data/old}}
        template: {secret: app, format: json, destination: /run/x}
        """,
    )

    assert "kv/data/old" not in policy
    assert "# secrets.old: no file uses it, so nothing asks for it\n" in policy


def test_without_leases_nothing_is_allowed_on_leases(tmp_path):
    policy = printed(
        tmp_path,
        """
        secrets: {a: {path: kv/data/a}, b: {path: kv1/b, engine: kv1}, c: {path: db/static-creds/c}}
        template:
          - {secret: a, format: json, destination: /run/a}
          - {secret: b, format: json, destination: /run/b}
          - {secret: c, format: json, destination: /run/c}
        """,
    )

    assert "sys/leases" not in policy


def test_a_provided_token_is_not_revoked_so_no_rule_allows_it(tmp_path):
    policy = printed(
        tmp_path,
        """
        auto_auth: {method: {type: token_file, config: {token_file_path: token}}}
        template: {contents: x, destination: /run/x}
        """,
    )

    assert blocks(policy).keys() == {"auth/token/lookup-self", "auth/token/renew-self"}


def test_a_sink_that_wraps_needs_to_wrap(tmp_path):
    text = """
        auto_auth:
          method: {type: kubernetes, config: {role: app}}
          sinks: [{wrap_ttl: 5m, config: {path: /run/token}}]
    """

    assert "sys/wrapping/wrap" in blocks(printed(tmp_path, text))
    assert "sys/wrapping/wrap" not in blocks(printed(tmp_path, text.replace("5m", "0")))


def test_a_path_that_vault_reads_as_a_pattern_is_reported(tmp_path):
    policy = printed(
        tmp_path, "template: {contents: \"{{ secret('kv/data/a*').k }}\", destination: /run/x}"
    )

    assert "# A policy takes this for a pattern: it allows more than is needed.\n" in policy


def test_namespaces_are_sections_of_the_policy_where_the_login_is(tmp_path):
    policy = printed(
        tmp_path,
        """
        vault: {address: "https://v", namespace: team}
        secrets:
          own: {path: kv/data/own}
          inner: {path: database/creds/app, namespace: team/inner}
          outer: {path: kv/data/outer, namespace: teammates}
        template:
          - {secret: own, format: json, destination: /run/own}
          - {secret: inner, format: json, destination: /run/inner}
          - {secret: outer, format: json, destination: /run/outer}
        """,
    )

    assert "# Write it in namespace team, with" in policy
    assert re.findall(r"# --- namespace (\S+)", policy) == ["team", "team/inner", "teammates"]
    assert list(blocks(policy)) == [
        "kv/data/own",
        "auth/token/lookup-self",
        "auth/token/renew-self",
        "auth/token/revoke-self",
        "inner/database/creds/app",
        "inner/sys/leases/renew",
        "inner/sys/leases/revoke",
    ]
    assert '# path "kv/data/outer" {\n#   capabilities = ["read"]\n# }\n' in policy


# --- that it is enough, and no more ------------------------------------------------------------


@pytest.fixture(scope="module")
def engines(server):
    admin = server.admin
    admin.sys.enable_secrets_engine("pki", path="policy-pki")
    admin.adapter.post("/v1/policy-pki/root/generate/internal", json={"common_name": "root"})
    admin.adapter.post("/v1/policy-pki/roles/web", json={"allow_any_name": True})
    admin.sys.enable_secrets_engine("transit", path="policy-transit")
    admin.adapter.post("/v1/policy-transit/keys/app", json={})


@pytest.fixture
def settings(app, proxy, tmpfs, engines, database):
    """Every way to ask for something, for an AppRole without the policy `default`."""
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    app.put("kv", value="one")
    app.put("pinned", value="one")
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"{app.name}/old", secret={"value": "one"}, mount_point="kv1"
    )
    app.admin.auth.approle.create_or_update_approle(
        app.name,
        token_policies=[app.name],
        token_no_default_policy=True,
        token_ttl="1h",
        token_max_ttl="4h",
    )
    text = (
        "{{ kv.value }}{{ pinned.value }}{{ old.value }}{{ db.password }}{{ tls.certificate }}"
        "{{ secret('policy-transit/encrypt/app', plaintext='aGVsbG8=').ciphertext }}"
    )
    return configuration(
        app,
        proxy.address,
        secrets={
            "kv": {"path": app.path("kv")},
            "pinned": {"path": f"{app.path('pinned')}?version=1"},
            "old": {"path": f"kv1/{app.name}/old"},
            "db": {"path": f"database/creds/{app.name}"},
            "tls": {
                "path": "policy-pki/issue/web",
                "params": {"common_name": "x.test", "ttl": "1h"},
            },
        },
        template=[{"contents": text, "destination": str(tmpfs / "all")}],
    )


@pytest.fixture
def policy(settings, tmp_path):
    ended = result("policy", "-c", write_config(tmp_path, settings))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def allow(app, policy):
    app.admin.sys.create_or_update_policy(app.name, policy)


def without(policy, path):
    block = blocks(policy)[path]
    assert policy.count(block) == 1
    return policy.replace(block, "")


async def run_once(loaded, clock):
    """Run `once` on a moved clock, past the grace that a refusal has; return code and log."""
    output = io.StringIO()
    task = asyncio.create_task(once(loaded, fresh_state(clock, output), timeout=60))
    await clock.settled()
    await clock.advance(6)
    return await task, output.getvalue()


async def life(app, loaded, clock):
    """Let a token and a lease be renewed, then replaced, and the old ones end; return the log."""
    async with engine(loaded, clock) as running:
        await clock.advance(2600)
        # From now on a renewal is granted truncated, which asks for another login.
        app.admin.auth.approle.create_or_update_approle(
            app.name, token_ttl="30m", token_max_ttl="30m"
        )
        await clock.advance(4000)
        return running.log


def test_the_policy_is_enough_for_once(app, settings, policy, tmpfs, tmp_path):
    allow(app, policy)
    settings["vault"]["address"] = app.bao.address  # the proxy is of this process, which waits

    ended = result("once", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 0, ended.stderr
    assert (tmpfs / "all").exists()


async def test_the_policy_is_enough_for_a_life_with_renewals(
    app, clock, settings, policy, tmp_path
):
    allow(app, policy)

    log = await life(app, load_from(tmp_path, settings), clock)

    for event in ("token renewed", "lease renewed", "logged in"):
        assert event in log
    assert '"event":"revoked","what":"token"' in log
    assert f'"event":"revoked","what":"lease of database/creds/{app.name}"' in log
    assert "denied" not in log


async def test_without_the_block_of_any_secret_once_ends_with_4(
    app, clock, settings, policy, tmp_path
):
    loaded = load_from(tmp_path, settings)
    secrets = [path for path in blocks(policy) if not path.startswith(("auth/", "sys/"))]
    assert len(secrets) == 6
    allow(app, policy)
    assert (await run_once(loaded, clock))[0] == 0

    for path in secrets:
        allow(app, without(policy, path))

        code, log = await run_once(loaded, clock)

        assert code == 4, path
        assert re.search(f" {path}[^ ]*: permission denied", log)


async def test_without_the_line_of_any_parameter_once_ends_with_4(
    app, clock, settings, policy, tmp_path
):
    """Except for the only one of a block: a list without any would allow all of them."""
    loaded = load_from(tmp_path, settings)
    lines = re.findall(r'^    "\w+" = \[\]\n', blocks(policy)["policy-pki/issue/web"], re.MULTILINE)
    assert [line.split('"')[1] for line in lines] == ["common_name", "ttl"]

    for line in lines:
        allow(app, policy.replace(line, ""))

        code, log = await run_once(loaded, clock)

        assert code == 4, line
        assert "policy-pki/issue/web: permission denied" in log


async def test_a_write_to_kv_needs_both_of_its_capabilities(app, clock, settings, policy, tmp_path):
    """The first one creates, the next ones update."""
    path = app.path("written")
    settings["secrets"] = {"w": {"path": path, "params": {"data": {"a": "1"}}}}
    settings["template"][0]["contents"] = "{{ w.version }}"
    policy = result("policy", "-c", write_config(tmp_path, settings)).stdout
    loaded = load_from(tmp_path, settings)
    assert 'capabilities = ["create", "update"]' in blocks(policy)[path]

    for allowed, code in (('["update"]', 4), ('["create"]', 0), ('["create"]', 4)):
        allow(app, policy.replace('["create", "update"]', allowed))
        assert (await run_once(loaded, clock))[0] == code


LOSSES = {
    "auth/token/lookup-self": "token no longer valid, logging in again",
    "auth/token/renew-self": "renew auth/token/renew-self: permission denied",
    "auth/token/revoke-self": "revoke auth/token/revoke-self: permission denied",
    "sys/leases/renew": "renew sys/leases/renew: permission denied",
    "sys/leases/revoke": "revoke sys/leases/revoke: permission denied",
}


def test_every_other_block_has_a_test_of_its_loss(policy):
    upkeep = {path for path in blocks(policy) if path.startswith(("auth/", "sys/"))}

    assert upkeep == LOSSES.keys()


@pytest.mark.parametrize("path", sorted(LOSSES.keys() - {"auth/token/lookup-self"}))
async def test_without_a_block_of_upkeep_something_is_refused_in_time(
    app, clock, settings, policy, tmp_path, path
):
    allow(app, without(policy, path))

    assert LOSSES[path] in await life(app, load_from(tmp_path, settings), clock)


async def test_without_a_lookup_a_refusal_costs_a_login(app, clock, settings, policy, tmp_path):
    loaded = load_from(tmp_path, settings)
    refused = without(policy, app.path("kv"))
    path = "auth/token/lookup-self"

    for rules, expected in ((refused, False), (without(refused, path), True)):
        allow(app, rules)
        _, log = await run_once(loaded, clock)
        assert (LOSSES[path] in log) is expected


async def test_a_provided_token_needs_its_two_blocks(app, clock, tmpfs, tmp_path):
    app.put("kv", value="one")
    allowed = f'path "{app.path("kv")}" {{\n  capabilities = ["read"]\n}}\n'
    settings = {
        "vault": {"address": app.bao.address},
        "auto_auth": {
            "method": {
                "type": "token_file",
                "config": {"token_file_path": str(tmp_path / "token")},
            }
        },
        "template": [
            {
                "contents": f"{{{{ secret('{app.path('kv')}').value }}}}",
                "destination": str(tmpfs / "kv"),
            }
        ],
    }
    loaded = load_from(tmp_path, settings)
    policy = result("policy", "-c", tmp_path / "config.yaml").stdout
    made = app.admin.auth.token.create(policies=[app.name], no_default_policy=True, ttl="1h")
    (tmp_path / "token").write_text(made["auth"]["client_token"])
    assert allowed in policy

    allow(app, policy)
    assert (await run_once(loaded, clock))[0] == 0
    allow(app, without(policy, "auth/token/lookup-self"))
    assert (await run_once(loaded, clock))[0] == 3


async def test_a_policy_of_the_outer_namespace_is_enough_for_the_inner(
    server, clock, tmpfs, tmp_path
):
    def write(path, namespace, **data):
        return server.admin.adapter.post(
            f"/v1/{path}", json=data, headers={"X-Vault-Namespace": namespace}
        )

    write("sys/namespaces/outer", "")
    write("sys/namespaces/inner", "outer")
    for namespace in ("outer", "outer/inner"):
        write("sys/mounts/kv", namespace, type="kv", options={"version": "2"})
        write("kv/data/app", namespace, data={"value": namespace})
    write("sys/auth/approle", "outer", type="approle")
    write("auth/approle/role/app", "outer", token_policies=["app"], token_no_default_policy=True)
    role_id = server.admin.adapter.get(
        "/v1/auth/approle/role/app/role-id", headers={"X-Vault-Namespace": "outer"}
    )["data"]["role_id"]
    secret_id = write("auth/approle/role/app/secret-id", "outer")["data"]["secret_id"]
    (tmp_path / "role_id").write_text(role_id)
    (tmp_path / "secret_id").write_text(secret_id)
    loaded = load_from(
        tmp_path,
        {
            "vault": {"address": server.address, "namespace": "outer"},
            "auto_auth": {
                "method": {
                    "type": "approle",
                    "config": {
                        "role_id_file_path": "role_id",
                        "secret_id_file_path": "secret_id",
                        "remove_secret_id_file_after_reading": False,
                    },
                }
            },
            "secrets": {
                "own": {"path": "kv/data/app"},
                "inner": {"path": "kv/data/app", "namespace": "outer/inner"},
            },
            "template": {
                "contents": "{{ own.value }} {{ inner.value }}",
                "destination": str(tmpfs / "both"),
            },
        },
    )
    policy = result("policy", "-c", tmp_path / "config.yaml").stdout

    write("sys/policies/acl/app", "outer", policy=policy)
    assert (await run_once(loaded, clock))[0] == 0
    assert (tmpfs / "both").read_text() == "outer outer/inner"
    for block in ("kv/data/app", "inner/kv/data/app"):
        write("sys/policies/acl/app", "outer", policy=without(policy, block))
        assert (await run_once(loaded, clock))[0] == 4
