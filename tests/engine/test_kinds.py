"""Every kind of secret from the real engines, on a moved clock: what is asked for, and when."""

import asyncio
import base64
import io
import json
import math
from dataclasses import replace

import hvac
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificate

from injector.secret import Kind
from injector.sources.vault.ref import VaultRef
from tests.support.engine import fresh_state

DAY = 86400


@pytest.fixture(scope="module")
def engines(server):
    """A root, an intermediate, and the engines that keep no leases."""
    admin = server.admin

    def write(path, **data):
        return admin.adapter.post(f"/v1/{path}", json=data)

    for kind, path in [("pki", "pki"), ("pki", "pki_int"), *((k, k) for k in SIMPLE)]:
        admin.sys.enable_secrets_engine(kind, path=path)
        write(f"sys/mounts/{path}/tune", max_lease_ttl="87600h")
    write("pki/root/generate/internal", common_name="root", ttl="80000h")
    made = write("pki_int/intermediate/generate/internal", common_name="intermediate")
    signed = write("pki/root/sign-intermediate", csr=made["data"]["csr"], ttl="40000h")
    chain = "\n".join([signed["data"]["certificate"], *signed["data"]["ca_chain"]])
    write("pki_int/intermediate/set-signed", certificate=chain)
    for path in ("pki/roles/web", "pki_int/roles/web"):
        write(path, allow_any_name=True, enforce_hostnames=False, max_ttl="720h")
    write("pki/roles/leased", allow_any_name=True, max_ttl="720h", generate_lease=True)
    write("ssh/config/ca", generate_signing_key=True)
    write(
        "ssh/roles/host", key_type="ca", allow_host_certificates=True, allowed_domains="*", ttl="1h"
    )
    write("transit/keys/app")
    write("totp/keys/app", generate=True, issuer="test", account_name="app")
    write("identity/oidc/key/app", allowed_client_ids="*")
    write("identity/oidc/role/app", key="app", ttl="10m")


SIMPLE = ("ssh", "transit", "totp")
PATHS = ["pki/*", "pki_int/*", "ssh/*", "transit/*", "totp/*", "identity/oidc/*"]


@pytest.fixture
def lab(lab, engines):
    lab.allow(f"secret/data/{lab.name}/*", f"kv1/{lab.name}/*", "database/*", *PATHS)
    return lab


def files(lab, *, blocks=None, **contents):
    entries = [
        {"contents": text, "destination": str(lab.tmpfs / name)} for name, text in contents.items()
    ]
    return lab.config(**{"template": entries, **(blocks or {})})


def batch(app, ttl):
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_type="batch", token_ttl=ttl
    )


ISSUE = '{% set tls = secret("pki/issue/web", common_name="app", ttl="24h") %}'


# --- certificates


async def test_one_certificate_for_all_its_files_and_the_next_by_its_own_end(lab):
    config = files(
        lab,
        cert=ISSUE + "{{ tls.certificate }}",
        key=ISSUE + "{{ tls.private_key }}",
    )
    async with lab.start(config) as running:
        certificate = x509.load_pem_x509_certificate((lab.tmpfs / "cert").read_bytes())
        key = serialization.load_pem_private_key((lab.tmpfs / "key").read_bytes(), None)
        assert certificate.public_key() == key.public_key()
        assert lab.proxy.count("pki/issue/web") == 1

        [generation] = running.state.store.all()
        assert generation.life.kind is Kind.CERTIFICATE
        assert generation.life.duration == pytest.approx(DAY, abs=3)

        await lab.clock.advance(DAY * 0.67)
        assert lab.proxy.count("pki/issue/web") == 1
        await lab.clock.advance(DAY * 0.02)
        assert lab.proxy.count("pki/issue/web") == 2
        renewed = x509.load_pem_x509_certificate((lab.tmpfs / "cert").read_bytes())
        assert renewed.serial_number != certificate.serial_number


async def test_many_certificates_of_one_role_are_all_issued_at_the_start(lab):
    """More than the issuance budget of one of them."""
    each = '{{{{ secret("pki/issue/web", common_name="app{0}", ttl="24h").certificate }}}}'
    contents = {f"cert{number}": each.format(number) for number in range(12)}

    async with lab.start(files(lab, **contents)) as running:
        assert lab.proxy.count("pki/issue/web") == 12
        assert running.assembly.health.settled


async def test_an_intermediates_chain_comes_with_the_certificate(lab):
    text = (
        '{% set tls = secret("pki_int/issue/web", common_name="app", ttl="1h") %}'
        '{{ tls.certificate }}\n{{ tls.ca_chain | join("\\n") }}\n'
    )
    async with lab.start(files(lab, chain=text)):
        leaf, intermediate, root = x509.load_pem_x509_certificates(
            (lab.tmpfs / "chain").read_bytes()
        )
        leaf.verify_directly_issued_by(intermediate)
        intermediate.verify_directly_issued_by(root)

        await lab.clock.advance(2500)
        assert lab.proxy.count("pki_int/issue") == 2  # by the leaf's hour, not by the CA's years


async def test_a_certificate_is_replaced_in_time_if_its_issuer_expires_first(lab):
    def write(path, **data):
        return lab.admin.adapter.post(f"/v1/{path}", json=data)

    made = write("pki_int/intermediate/generate/internal", common_name=lab.name)
    signed = write("pki/root/sign-intermediate", csr=made["data"]["csr"], ttl="1h")
    imported = write("pki_int/issuers/import/bundle", pem_bundle=signed["data"]["certificate"])
    [issuer] = imported["data"]["imported_issuers"]
    write(f"pki_int/issuer/{issuer}", issuer_name=lab.name, leaf_not_after_behavior="permit")
    path = f"pki_int/issuer/{lab.name}/issue/web"
    text = f'{{{{ secret("{path}", common_name="a", ttl="24h").certificate }}}}'

    async with lab.start(files(lab, cert=text)) as on:
        [generation] = on.state.store.all()
        assert generation.life.duration == pytest.approx(3600, abs=5)
        await lab.clock.advance(3600 * 0.70)
        assert lab.proxy.count("/issue/web") == 2


async def test_a_signed_request_has_no_key_and_the_same_schedule(lab):
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    text = f'{{{{ secret("pki/sign/web", csr={json.dumps(csr)}, ttl="1h").certificate }}}}'

    async with lab.start(files(lab, cert=text)):
        certificate = x509.load_pem_x509_certificate((lab.tmpfs / "cert").read_bytes())
        assert certificate.public_key() == key.public_key()
        await lab.clock.advance(2500)
        assert lab.proxy.count("pki/sign/web") == 2


async def test_a_leased_certificate_is_issued_once_while_its_token_is_renewed(lab):
    """It cannot be renewed, and its token lives 20 minutes at a time: no reason to ask again."""
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl="20m", token_max_ttl="100h"
    )
    text = '{{ secret("pki/issue/leased", common_name="app", ttl="24h").certificate }}'

    async with lab.start(files(lab, cert=text)) as on:
        [lease] = on.state.store.leases()
        await lab.clock.advance(4 * 3600)

        assert lab.proxy.count("renew-self") > 10
        assert lab.proxy.count("pki/issue/leased") == 1
        assert lease.life.expires_at > lab.clock.now()
        expires = on.state.metrics.secret_expires.values[(str(lease.ref),)]
        assert expires == lab.clock.wall() + on.token.expires_at - lab.clock.now()


async def test_a_leased_certificate_is_revoked_with_its_token_and_so_reissued(lab):
    text = '{{ secret("pki/issue/leased", common_name="app", ttl="24h").certificate }}'
    config = files(lab, cert=text, plain=ISSUE + "{{ tls.certificate }}")

    async with lab.start(config) as running:
        before, plain = lab.read("cert"), lab.read("plain")
        lab.admin.auth.token.revoke(running.token.value)
        running.assembly.tokens.report_bad(running.token)
        await lab.clock.advance(10)

        assert lab.proxy.count("pki/issue/leased") == 2
        assert lab.proxy.count("pki/issue/web") == 1
        assert lab.read("cert") != before
        assert lab.read("plain") == plain


async def test_what_was_issued_is_hidden_in_logs_numbered_and_measured(lab):
    config = files(lab, key=ISSUE + "{{ tls.private_key }}")
    output = io.StringIO()
    state = fresh_state(lab.clock, output)

    async with lab.start(config, state=state):
        await lab.clock.advance(DAY * 0.70)
        state.log.info("leak", value=lab.read("key"))

        [generation] = state.store.all()
        assert generation.number == 2
        assert "PRIVATE KEY" not in output.getvalue()
        name = (str(generation.ref),)
        assert state.metrics.secret_generation.values[name] == 2
        left = state.metrics.secret_expires.values[name] - lab.clock.wall()
        assert left == pytest.approx(DAY, abs=DAY * 0.03)


# --- tokens that cannot be renewed


async def test_batch_tokens_of_ten_seconds_touch_neither_certificate_nor_key_value_file(lab):
    batch(lab.app, "10s")
    lab.put("kv", value="x")
    config = files(
        lab,
        cert=ISSUE + "{{ tls.certificate }}",
        kv=f'{{{{ secret("{lab.path("kv")}").value }}}}',
    )
    config["notify"] = {"app": {"command": ["true"]}}
    for entry in config["template"]:
        entry["notify"] = ["app"]

    async with lab.start(config) as running:
        await lab.clock.advance(20)
        before = [(lab.tmpfs / name).stat() for name in ("cert", "kv")]
        told = running.log.count('"notified"')
        logins, tasks = lab.proxy.count("/login"), len(asyncio.all_tasks())
        await lab.clock.advance(60)

        assert lab.proxy.count("/login") - logins >= 8
        assert lab.proxy.count("renew-self") == lab.proxy.count("revoke-self") == 0
        assert lab.proxy.count("pki/issue") == 1
        assert lab.proxy.count("/kv") == 2
        assert [(lab.tmpfs / name).stat() for name in ("cert", "kv")] == before
        assert running.log.count('"notified"') == told
        assert len(asyncio.all_tasks()) <= tasks + 2  # of the proxy's connections
        assert len(running.assembly.tokens.replaced) <= 1  # it ends by itself, and is then dropped
        assert running.assembly.health.settled


@pytest.mark.parametrize("jitter", [0.0, 1.0])
async def test_a_batch_tokens_lease_is_issued_once_for_each_token(lab, database, jitter):
    """The server cuts its leases to the token's end, where a renewal gives nothing more."""
    batch(lab.app, "10m")
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    config = files(lab, db=f'{{{{ secret("{creds}").username }}}}')

    async with lab.start(config, jitter=jitter):
        await lab.clock.advance(1800)

        assert lab.proxy.count("/login") == (6 if jitter == 0 else 5)
        assert lab.proxy.count(creds) == lab.proxy.count("/login")
        assert lab.proxy.count("leases/renew") == 0


async def test_a_lease_requested_while_its_token_is_replaced_is_reissued(
    lab, database, monkeypatch
):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    config = files(lab, db=f'{{{{ secret("{creds}").username }}}}')

    async with lab.start(config, settle=False) as running:
        vault, tokens = running.assembly.vault, running.assembly.tokens
        fetch = vault.fetch

        async def replaced_meanwhile(ref, token, **how):
            monkeypatch.undo()
            answer = await fetch(ref, token, **how)
            tokens.put(await log_in(vault, lab.app))
            return answer

        monkeypatch.setattr(vault, "fetch", replaced_meanwhile)
        await lab.clock.settled()

        assert lab.proxy.count(creds) == 2
        lease = running.state.store.current(VaultRef.of(creds))
        assert lease is not None
        assert lease.token is not None
        assert lease.token.is_same(running.token)


async def test_a_lease_requested_while_its_token_is_renewed_lives_as_long_as_the_token(
    lab, database, monkeypatch
):
    database.role(lab.admin, lab.name, ttl="24h", max_ttl="240h")
    creds = f"database/creds/{lab.name}"
    config = files(lab, db=f'{{{{ secret("{creds}").username }}}}')

    async with lab.start(config, settle=False) as running:
        vault, tokens = running.assembly.vault, running.assembly.tokens
        fetch = vault.fetch

        async def renewed_meanwhile(ref, token, **how):
            monkeypatch.undo()
            answer = await fetch(ref, token, **how)
            tokens.put(replace(token, granted_at=token.granted_at + 1800))
            return answer

        monkeypatch.setattr(vault, "fetch", renewed_meanwhile)
        await lab.clock.settled()

        [lease] = running.state.store.leases()
        assert lease.life.expires_at == running.token.expires_at
        assert lab.proxy.count(creds) == 1


async def test_a_lease_of_a_token_that_was_replaced_during_a_reload_is_reissued(lab, database):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    config = files(lab, db=f'{{{{ secret("{creds}").username }}}}')
    state = lab.fresh_state()
    async with lab.start(config, state=state) as running:
        [lease] = state.store.leases()
        lease.token = await log_in(running.assembly.vault, lab.app)

    async with lab.start(config, state=state) as running:
        assert lab.proxy.count(creds) == 2
        current = state.store.current(VaultRef.of(creds))
        assert current is not None
        assert current.token is not None
        assert current.token.is_same(running.token)


async def log_in(vault, app):
    secret_id = app.secret_id.read_text().strip()
    return await vault.log_in(
        "auth/approle", {"role_id": app.role_id.read_text(), "secret_id": secret_id}
    )


async def test_a_lease_without_a_duration_is_renewed_by_the_servers_default(lab, database):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    config = files(lab, db=f'{{{{ secret("{creds}").username }}}}')

    async with lab.start(config) as running:
        [lease] = running.state.store.leases()
        duration, _ = await running.assembly.vault.renew_lease(
            lease.lease_id, running.token, increment=math.inf
        )

    assert duration == 3600


# --- the server's own rotation


@pytest.fixture
def role(lab, database):
    user = lab.name
    database.execute(f"create role {user} with login password 'to be rotated'")
    lab.admin.secrets.database.create_static_role(
        user,
        db_name="main",
        username=user,
        rotation_statements=[],
        rotation_period="24h",
        mount_point="database",
    )
    return f"database/static-creds/{user}"


async def test_a_password_that_somebody_rotates_by_hand_is_seen_at_the_interval(
    lab, database, role
):
    config = files(lab, db=f'{{{{ secret("{role}").password }}}}')

    async with lab.start(config) as running:
        assert database.accepts(lab.name, lab.read("db"))
        lab.admin.adapter.post(f"/v1/database/rotate-role/{lab.name}")
        assert not database.accepts(lab.name, lab.read("db"))
        await lab.clock.advance(61)

        assert database.accepts(lab.name, lab.read("db"))
        [generation] = running.state.store.all()
        assert generation.number == 2


async def test_a_ttl_that_counts_down_is_no_new_generation(lab, role):
    config = files(lab, db=f'{{{{ secret("{role}").password }}}}')
    lab.proxy.only = role
    lab.proxy.script = [static_answer(ttl=ttl) for ttl in (100, 40)]

    async with lab.start(config) as running:
        await lab.clock.advance(61)
        assert lab.proxy.script == []
        [generation] = running.state.store.all()
        assert generation.number == 1


def static_answer(*, ttl, version="one", password="one", **more):
    data = {
        "last_vault_rotation": version,
        "ttl": ttl,
        "rotation_period": 60,
        "username": "app",
        "password": password,
        **more,
    }
    return web.json_response({"lease_id": "", "lease_duration": 0, "data": data})


async def test_a_rotation_that_is_due_is_looked_for_closely_and_published_at_once(lab, role):
    config = files(lab, db=f'{{{{ secret("{role}").password }}}}')
    lab.proxy.only = role
    old = [static_answer(ttl=ttl) for ttl in (10, 0, 0, 0, 0, 0)]
    lab.proxy.script = [*old, static_answer(ttl=60, version="two", password="two")]

    async with lab.start(config):
        await lab.clock.advance(9.4)
        assert lab.proxy.count(role) == 1
        await lab.clock.advance(1.0)
        assert lab.proxy.count(role) == 6
        assert lab.read("db") == "one"
        await lab.clock.advance(0.2)
        assert lab.read("db") == "two"
        await lab.clock.advance(30)
        assert lab.proxy.count(role) == 7


async def test_a_ttl_of_zero_for_a_minute_causes_no_busy_loop(lab, role):
    config = files(lab, db=f'{{{{ secret("{role}").password }}}}')
    lab.proxy.only = role
    lab.proxy.script = [static_answer(ttl=0) for _ in range(200)]

    async with lab.start(config) as running:
        await lab.clock.advance(60)

        assert 60 <= lab.proxy.count(role) <= 28 + 56
        assert running.assembly.health.settled


async def test_a_schedules_ttl_that_restarts_does_not_hide_the_old_password(lab, role):
    """Vault's `rotation_schedule`: at its moment the ttl jumps, the password follows later."""
    config = files(lab, db=f'{{{{ secret("{role}").password }}}}')
    lab.proxy.only = role
    old = [static_answer(ttl=ttl) for ttl in (10, *[604800] * 8)]
    lab.proxy.script = [*old, static_answer(ttl=604798, version="two", password="two")]

    async with lab.start(config):
        await lab.clock.advance(12)
        assert lab.read("db") == "two"


async def test_a_one_time_code_is_replaced_when_it_ends(lab):
    config = files(lab, code='{{ secret("totp/code/app").code }}')

    async with lab.start(config) as running:
        [generation] = running.state.store.all()
        assert len(lab.read("code")) == 6
        assert 0 < generation.life.duration <= 31
        before = lab.proxy.count("totp/code")
        await lab.clock.advance(generation.life.duration - 0.7)
        assert lab.proxy.count("totp/code") == before
        await lab.clock.advance(0.4)
        assert lab.proxy.count("totp/code") > before


# --- asked for once, and by a plain ttl


async def test_transit_and_cubbyhole_are_requested_once_even_if_the_token_changes(lab):
    config = files(
        lab,
        sealed='{{ secret("transit/encrypt/app", plaintext="eA==").ciphertext }}',
        hole='{{ secret("cubbyhole/app").value }}',
    )

    async with lab.start(config) as running:
        owner = hvac.Client(lab.proxy.upstream, token=running.token.value)
        owner.adapter.post("/v1/cubbyhole/app", json={"value": "mine"})
        owner.adapter.close()
        await lab.clock.advance(2)
        assert lab.read("hole") == "mine"
        sealed = lab.read("sealed")
        asked = lab.proxy.count("cubbyhole")
        running.assembly.tokens.report_bad(running.token)
        await lab.clock.advance(DAY)

        assert lab.proxy.count("/login") == 2
        assert lab.proxy.count("transit/encrypt") == 1
        assert lab.proxy.count("cubbyhole") == asked
        assert lab.read("sealed") == sealed
        assert lab.read("hole") == "mine"


async def test_a_wrapped_answer_is_opened_once(lab):
    wrapped = lab.admin.adapter.request(
        "post",
        "/v1/sys/wrapping/wrap",
        headers={"X-Vault-Wrap-TTL": "60s"},
        json={"password": "inside", "ttl": 5},
    )["wrap_info"]["token"]
    text = f'{{{{ secret("sys/wrapping/unwrap", token="{wrapped}").password }}}}'

    async with lab.start(files(lab, a=text)) as on:
        await lab.clock.advance(DAY)

        assert lab.proxy.count("unwrap") == 1
        assert lab.read("a") == "inside"
        assert on.assembly.health.settled


async def test_an_ssh_certificate_is_signed_again_before_it_ends(lab):
    key = rsa.generate_private_key(65537, 2048).public_key()
    public = key.public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    ).decode()
    text = f'{{{{ secret("ssh/sign/host", public_key="{public}", cert_type="host").signed_key }}}}'

    async with lab.start(files(lab, ssh=text)) as on:
        [generation] = on.state.store.all()
        assert generation.life.kind is Kind.CERTIFICATE
        loaded = serialization.load_ssh_public_identity((lab.tmpfs / "ssh").read_bytes())
        assert isinstance(loaded, SSHCertificate)
        left = loaded.valid_before - loaded.valid_after
        assert generation.life.duration == pytest.approx(left - 30, abs=3)
        await lab.clock.advance(2300)
        assert lab.proxy.count("ssh/sign") == 1
        await lab.clock.advance(200)
        assert lab.proxy.count("ssh/sign") == 2


async def test_an_identity_token_is_not_polled_but_replaced_by_its_ttl(lab):
    text = '{{ secret("identity/oidc/token/app").token }}'

    async with lab.start(files(lab, jwt=text)) as on:
        payload = lab.read("jwt").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        assert claims["exp"] - claims["iat"] == 600
        await lab.clock.advance(380)
        assert lab.proxy.count("oidc/token") == 1
        on.assembly.tokens.report_bad(on.token)
        await lab.clock.advance(10)
        assert lab.proxy.count("oidc/token") == 1
        await lab.clock.advance(50)
        assert lab.proxy.count("oidc/token") == 2


async def test_an_answer_without_envelope_is_nothing_but_what_vault_wrote(lab):
    text = '{{ secret("identity/oidc/.well-known/keys") | tojson }}'

    async with lab.start(files(lab, jwks=text)):
        # The time of the answer, among them, would be another value at each reading.
        assert json.loads(lab.read("jwks")).keys() == {"keys"}


async def test_a_token_for_another_program_is_replaced_by_its_ttl_and_with_ours(lab):
    lab.allow("auth/token/create")
    text = '{{ secret("auth/token/create", ttl="10m", policies=["default"]).client_token }}'

    async with lab.start(files(lab, t=text)) as on:
        first = lab.read("t")
        made = lab.admin.auth.token.lookup(first)["data"]
        assert made["policies"] == ["default"]
        await lab.clock.advance(380)
        assert lab.proxy.count("token/create") == 1
        await lab.clock.advance(50)
        assert lab.proxy.count("token/create") == 2
        assert lab.read("t") != first
        await lab.clock.advance(120)  # its overlap is over, and it ends by itself
        assert (
            lab.proxy.count("leases/revoke"),
            on.state.store.superseded("vault", lab.clock.now()),
        ) == (
            0,
            [],
        )
        lab.admin.auth.token.revoke(on.token.value)  # and with it what it has made
        on.assembly.tokens.report_bad(on.token)
        await lab.clock.advance(10)
        assert lab.proxy.count("token/create") == 3
        assert first not in on.log


# --- key-value


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
async def test_a_change_of_kv_version_1_is_seen_within_its_interval(lab, jitter):
    def put(value):
        lab.admin.secrets.kv.v1.create_or_update_secret(
            f"{lab.name}/db", secret={"value": value, "ttl": "1h"}, mount_point="kv1"
        )

    put("one")
    blocks = {"secrets": {"db": {"path": f"kv1/{lab.name}/db", "refresh": "2s"}}}
    config = files(lab, blocks=blocks, db="{{ db.value }}")

    async with lab.start(config, jitter=jitter):
        await lab.clock.advance(20.05)
        put("two")
        await lab.clock.advance(2.5)
        assert lab.read("db") == "two"
