"""What an answer is recognized as, and how long it is good for, as a table: no server."""

import base64
import datetime as dt
import math
import struct

import pytest
from cryptography import x509 as cx509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from injector.base.errors import MissingError
from injector.secret import Action, Kind, Life, Timing, next_step
from injector.sources.vault import certificates
from injector.sources.vault.answer import understand
from injector.sources.vault.ref import VaultRef

DATE, SERVED = "Wed, 25 Nov 2026 02:00:00 GMT", 1795572000.0
WALL = 1.0  # our own clock is wrong, and nobody asks it
CERTIFICATE = {"certificate": "PEM", "serial_number": "3e:71", "expiration": SERVED + 86400}
STATIC_ROLE = {
    "last_vault_rotation": "2026-11-25T02:32:23.729355607Z",
    "rotation_period": 5,
    "ttl": 3,
    "username": "app",
    "password": "one",
}


def signed_key(end: int, *, name="ssh-ed25519-cert-v01@openssh.com", fields=1) -> str:
    def text(value: bytes) -> bytes:
        return struct.pack(">I", len(value)) + value

    blob = text(name.encode()) + text(b"nonce") + text(b"key") * fields
    blob += struct.pack(">QI", 7, 1) + text(b"id") + text(b"principals")
    blob += struct.pack(">QQ", int(SERVED) - 30, end) + text(b"") * 3 + text(b"ca")
    return f"{name} {base64.b64encode(blob).decode()} comment\n"


def ssh_certificate(end, **how):
    return {"signed_key": signed_key(end, **how), "serial_number": "80eb31ed"}


def body(data, **more):
    return {"lease_id": "", "renewable": False, "lease_duration": 0, "data": data, **more}


def kind_and_life(path, answer, *, write=False, engine="auto"):
    found = understand(VaultRef.of(path, {} if write else None), answer, engine=engine)
    return found.kind, found.life(DATE, WALL)


@pytest.mark.parametrize("path", ["sys/health", "identity/oidc/.well-known/keys"])
def test_an_answer_without_envelope_is_the_data_where_vault_sends_such(path):
    found = understand(VaultRef.of(path), {"sealed": False, "keys": []})

    assert (found.kind, found.data) == (Kind.STATIC, {"sealed": False, "keys": []})


@pytest.mark.parametrize("path", ["secret/data/app", "database/creds/app"])
def test_elsewhere_it_is_not_vaults_answer(path):
    with pytest.raises(MissingError, match="the answer has no data"):
        understand(VaultRef.of(path), {"message": "hello"})


LEASED = {"lease_id": "x/y/z", "renewable": True, "lease_duration": 60}


@pytest.mark.parametrize(
    ("path", "answer", "kind", "life"),
    [
        # key-value: never a schedule of its own
        ("secret/data/a", body({"data": {"a": 1}, "metadata": {"version": 3}}), Kind.STATIC, None),
        ("secret/metadata/a", body({"versions": {}, "current_version": 1}), Kind.STATIC, None),
        ("kv/a", body({"a": "b"}, lease_duration=2764800), Kind.STATIC, None),
        ("kv/a", body({"ttl": "30s"}, lease_duration=30), Kind.STATIC, None),
        ("kv/a", body({"ttl": 30, **CERTIFICATE}, lease_duration=2764800), Kind.STATIC, None),
        ("kv/a", body({"private_key": "PEM"}, lease_duration=2764800), Kind.STATIC, None),
        ("pki/cert/ca", body({"certificate": "PEM", "revocation_time": 0}), Kind.STATIC, None),
        ("pki/cert/crl", body({"certificate": "CRL"}), Kind.STATIC, None),
        ("transit/keys/k", body({"latest_version": 1, "keys": {}}), Kind.STATIC, None),
        # leases
        ("database/creds/a", body({"password": "x"}, **LEASED), Kind.LEASE, 60),
        ("aws/sts/a", body({"ttl": 900}, **{**LEASED, "renewable": False}), Kind.LEASE, 60),
        ("x/y", body({}, **{**LEASED, "lease_duration": 0}), Kind.LEASE, None),
        ("x/y", body({}, **{**LEASED, "lease_duration": -5}), Kind.LEASE, None),
        ("x/y", body({}, **{**LEASED, "lease_duration": "1h"}), Kind.LEASE, None),
        ("x/y", body({}, **{**LEASED, "lease_duration": 315360000}), Kind.LEASE, 315360000),
        ("x/y", body({"a": 1}, renewable=True, lease_duration=60), Kind.STATIC, None),
        # the server's own rotation
        ("database/static-creds/a", body(STATIC_ROLE), Kind.STATIC_ROLE, 3),
        ("database/static-creds/a", body({**STATIC_ROLE, "ttl": 0}), Kind.STATIC_ROLE, 0),
        ("database/static-creds/a", body({**STATIC_ROLE, "ttl": -7}), Kind.STATIC_ROLE, 0),
        ("database/static-creds/a", body({**STATIC_ROLE, "ttl": None}), Kind.STATIC_ROLE, 0),
        ("database/static-creds/a", body({**STATIC_ROLE, "ttl": True}), Kind.STATIC_ROLE, 0),
        ("ldap/static-cred/a", body({**STATIC_ROLE, "dn": "cn=a"}), Kind.STATIC_ROLE, 3),
        (
            "database/static-creds/a",
            body({"last_vault_rotation": "t", "rotation_schedule": "0 0 * * 6", "ttl": 9}),
            Kind.STATIC_ROLE,
            9,
        ),
        (  # the role, not its password
            "database/static-roles/a",
            body({"last_vault_rotation": "t", "rotation_period": 5, "username": "a"}),
            Kind.STATIC,
            None,
        ),
        (
            "totp/code/a",
            body({"code": "814145", "expire_time": int(SERVED) + 7, "generated": 1}),
            Kind.STATIC_ROLE,
            7,
        ),
        ("totp/code/a", body({"code": "814145"}), Kind.STATIC, None),  # Vault's answer
        # a plain ttl, without a lease
        ("identity/oidc/token/a", body({"token": "jwt", "ttl": 60}), Kind.TTL, 60),
        ("gcp/roleset/a/token", body({"token": "x", "token_ttl": 3599}), Kind.TTL, 3599),
        ("auth/approle/role/a", body({"token_ttl": 60, "secret_id_ttl": 60}), Kind.STATIC, None),
        ("x/y", body({"ttl": 0}), Kind.STATIC, None),
        ("x/y", body({"ttl": -1}), Kind.STATIC, None),
        ("x/y", body({"ttl": 315360000}), Kind.TTL, 315360000),
        ("x/y", body({"ttl": 10**400}), Kind.STATIC, None),
        # asked for once
        ("cubbyhole/a", body({"a": "b"}), Kind.ISSUED, None),
        ("cubbyhole/a", body({"ttl": 5}), Kind.ISSUED, None),
        ("x/y", body(None, wrap_info={"token": "hvs.x", "ttl": 60}), Kind.ISSUED, None),
    ],
)
def test_what_a_read_is(path, answer, kind, life):
    found = kind_and_life(path, answer)

    assert found == (kind, math.inf if life is None else life)


@pytest.mark.parametrize(
    ("path", "answer", "kind", "life"),
    [
        ("pki/issue/a", body({**CERTIFICATE, "private_key": "PEM"}), Kind.CERTIFICATE, 86400),
        ("pki_int/sign/a", body({**CERTIFICATE, "ca_chain": []}), Kind.CERTIFICATE, 86400),
        ("pki/issue/a", body({**CERTIFICATE, "expiration": 5}), Kind.CERTIFICATE, 5 - SERVED),
        ("pki/issue/a", body({**CERTIFICATE, "expiration": "soon"}), Kind.ISSUED, None),
        # with generate_lease the certificate is revoked with the token
        ("pki/issue/a", body(CERTIFICATE, lease_id="p/i/1", lease_duration=60), Kind.LEASE, 60),
        ("pki/issue/a", body(CERTIFICATE, lease_id="p", lease_duration=999999), Kind.LEASE, 86400),
        ("ssh/sign/a", body(ssh_certificate(int(SERVED) + 300)), Kind.CERTIFICATE, 300),
        ("ssh/sign/a", body(ssh_certificate(2**64 - 1)), Kind.ISSUED, None),
        ("ssh/sign/a", body({"signed_key": "?", "serial_number": "1"}), Kind.ISSUED, None),
        ("ssh/creds/a", body({"key": "otp"}, **LEASED), Kind.LEASE, 60),
        ("transit/encrypt/a", body({"ciphertext": "vault:v1:x"}), Kind.ISSUED, None),
        ("transit/sign/a", body({"signature": "vault:v1:x"}), Kind.ISSUED, None),
        ("x/y", body({"a": 1}, lease_duration=-1), Kind.ISSUED, None),
        ("x/y", body({"a": 1}, lease_duration=1e400), Kind.ISSUED, None),
        ("x/y", body({"a": 1}, lease_duration=60, renewable=True), Kind.TTL, 60),
        (
            "auth/approle/role/a/secret-id",
            body({"secret_id": "x", "secret_id_ttl": 60}),
            Kind.TTL,
            60,
        ),
        (
            "auth/approle/role/a/secret-id",
            body({"secret_id": "x", "secret_id_ttl": 0}),
            Kind.ISSUED,
            None,
        ),
        ("sys/wrapping/unwrap", body({"secret_id_ttl": 60}), Kind.ISSUED, None),
        ("sys/wrapping/unwrap", body({"password": "x"}, **LEASED), Kind.ISSUED, None),
    ],
)
def test_what_a_write_is(path, answer, kind, life):
    found = kind_and_life(path, answer, write=True)

    assert found == (kind, math.inf if life is None else life)


def test_an_engine_set_by_the_user_takes_precedence():
    odd = body(STATIC_ROLE, lease_duration=2764800)

    assert kind_and_life("kv/a", odd, engine="kv1")[0] is Kind.STATIC
    with pytest.raises(MissingError, match="not KV version 2"):
        understand(VaultRef.of("kv/a"), odd, engine="kv2")


@pytest.mark.parametrize(
    "answer",
    [
        body(None),
        body([1]),
        {},
        body({"data": None, "metadata": {"version": 1, "destroyed": True}}),
        body({"data": None, "metadata": {"version": 1, "deletion_time": "2026"}}),
        body({"data": "text", "metadata": {"version": 1}}),
    ],
)
def test_an_answer_without_data_is_missing(answer):
    with pytest.raises(MissingError):
        understand(VaultRef.of("secret/data/a"), answer)


@pytest.mark.parametrize("lease", [0, -5, 1, 1e400, "x", None, True, 315360000])
@pytest.mark.parametrize("ttl", [0, -5, 1, 1e400, "x", None, True, 315360000])
@pytest.mark.parametrize("lease_id", ["", "a/b/c"])
@pytest.mark.parametrize("more", [{}, STATIC_ROLE, CERTIFICATE, {"code": "1", "expire_time": 0}])
@pytest.mark.parametrize("write", [True, False])
def test_no_answer_causes_an_immediate_request(lease, ttl, lease_id, more, write):
    answer = body({**more, "ttl": ttl}, lease_duration=lease, lease_id=lease_id, renewable=True)
    found = understand(VaultRef.of("x/y", {} if write else None), answer)
    life = Life(found.kind, 0.0, found.life(DATE, WALL), found.renewable)

    step = next_step(life, Timing(refresh=60), 0.0)

    assert step.at >= (0.2 if found.kind is Kind.STATIC_ROLE else 1.0)
    assert found.renewable is (lease_id != "")
    assert step.action is Action.FETCH or lease_id


KEYS = [
    *STATIC_ROLE,
    *CERTIFICATE,
    "code",
    "expire_time",
    "signed_key",
    "secret_id",
    "secret_id_ttl",
]
KEYS += ["data", "metadata", "version", "token", "token_ttl"]
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=20,
)
bodies = st.dictionaries(
    st.sampled_from(["data", "wrap_info", "lease_id", "lease_duration", "renewable"]), json
)
dates = st.text() | st.sampled_from(
    [DATE, "Mon, 01 Jan 0001 00:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 -2359"]
)


@given(
    st.sampled_from(["secret/data/a", "cubbyhole/x", "database/creds/x"]),
    st.booleans(),
    bodies,
    st.sampled_from(["auto", "kv1", "kv2"]),
    dates,
)
def test_any_answer_is_understood_or_missing(path, write, answer, engine, date):
    """Whoever may write one secret must not be able to stop the others."""
    try:
        found = understand(VaultRef.of(path, {} if write else None), answer, engine=engine)
    except MissingError:
        return

    assert not math.isnan(found.life(date, WALL))


def test_without_the_servers_clock_ours_is_used():
    found = understand(VaultRef.of("pki/issue/a", {}), body(CERTIFICATE))

    assert found.life("", SERVED + 400) == 86000
    assert found.life("no date", SERVED + 400) == 86000


def test_a_countdown_is_not_a_new_value():
    before = understand(VaultRef.of("d/static-creds/a"), body(STATIC_ROLE))
    later = understand(VaultRef.of("d/static-creds/a"), body({**STATIC_ROLE, "ttl": 2}))
    rotated = understand(VaultRef.of("d/static-creds/a"), body({**STATIC_ROLE, "password": "two"}))

    assert before.lasting == later.lasting
    assert before.lasting != rotated.lasting


def test_the_ttl_of_a_key_value_secret_is_a_value():
    kv = [
        understand(VaultRef.of("kv/a"), body({"ttl": ttl, "generated": 1}, lease_duration=60))
        for ttl in (1, 2)
    ]

    assert kv[0].lasting != kv[1].lasting


def test_a_repr_of_an_answer_shows_no_secret():
    found = understand(
        VaultRef.of("database/creds/a"), body({"password": "hidden-value"}, **LEASED)
    )

    assert "hidden-value" not in repr(found)
    assert "x/y/z" not in repr(found)


# --- SSH certificates


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ssh-rsa-cert-v01@openssh.com", 2),
        ("ssh-ed25519-cert-v01@openssh.com", 1),
        ("ssh-dss-cert-v01@openssh.com", 4),
        ("ecdsa-sha2-nistp384-cert-v01@openssh.com", 2),
        ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3),
    ],
)
def test_the_expiry_of_an_ssh_certificate_is_found_for_every_kind_of_key(name, fields):
    assert certificates.ssh_end(signed_key(1234567890, name=name, fields=fields)) == 1234567890


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519-cert-v01@openssh.com !",
        "ssh-ed25519-cert-v01@openssh.com AAAA",
        "ssh-ed25519-cert-v01@openssh.com " + base64.b64encode(b"\xff" * 99).decode(),
        signed_key(1)[:90],
    ],
)
def test_other_data_is_not_an_ssh_certificate_and_has_no_expiry(text):
    assert certificates.ssh_end(text) == math.inf


# --- X.509 chains


def authority(end: dt.datetime, begin: dt.datetime = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)) -> str:
    name = cx509.Name([cx509.NameAttribute(cx509.NameOID.COMMON_NAME, "issuer")])
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        cx509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(2**150)
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("year", [2001, 2026, 2049, 2050, 9999])
def test_the_expiry_of_a_certificate_is_read_in_both_formats(year):
    end = dt.datetime(year, 12, 31, 23, 59, 58, tzinfo=dt.UTC)
    pem = authority(end)

    assert certificates.validity(pem).ends == end.timestamp()
    assert (
        certificates.validity("".join(pem.splitlines()[1:-1])).ends == end.timestamp()
    )  # `format: der`


@given(st.text() | st.binary().map(lambda noise: base64.b64encode(noise).decode()))
def test_other_data_is_not_a_certificate_and_has_no_expiry(text):
    assert certificates.validity(text) == certificates.ALWAYS


@given(st.data())
def test_a_damaged_certificate_is_read_or_not(data):
    der = base64.b64decode("".join(PEM.splitlines()[1:-1]))
    place = data.draw(st.integers(0, len(der) - 1))
    damaged = der[:place] + bytes([data.draw(st.integers(0, 255))]) + der[place + 1 :]

    for odd in (damaged, der[:place]):
        found = certificates.validity(base64.b64encode(odd).decode())
        assert not any(map(math.isnan, found))


PEM = authority(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({}, 86400),
        ({"ca_chain": [PEM]}, 86400),
        ({"issuing_ca": PEM}, 86400),
        ({"ca_chain": None, "issuing_ca": "odd"}, 86400),
        ({"ca_chain": "odd"}, 86400),
        ({"ca_chain": [PEM, authority(dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC))]}, 3600),
        ({"issuing_ca": authority(dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC))}, 3600),
    ],
)
def test_a_certificate_lives_no_longer_than_the_first_of_its_issuers(more, left):
    found = understand(VaultRef.of("pki/issue/a", {}), body({**CERTIFICATE, **more}))

    assert found.life(DATE, WALL) == left


def test_an_issuer_that_expired_before_the_certificate_began_is_not_needed():
    """As an old root which was cross-signed, and is still in the chain that Vault puts together."""
    hour = [dt.datetime(2026, 11, 25, hour, tzinfo=dt.UTC) for hour in range(24)]
    leaf = {"certificate": authority(hour[20], begin=hour[1])}
    old, next_to_end = authority(hour[0]), authority(hour[3])

    for chain, left in ([old], 86400), ([old, next_to_end], 3600):
        data = {**CERTIFICATE, **leaf, "ca_chain": chain}
        assert understand(VaultRef.of("pki/issue/a", {}), body(data)).life(DATE, WALL) == left
