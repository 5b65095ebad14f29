"""The one part of a cluster that Vault's Kubernetes login asks: the TokenReview API."""

import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass
class Cluster:
    """Accepts the service-account tokens it has issued."""

    address: str = ""
    accepted: set[str] = field(default_factory=set)
    reviews: int = 0

    def issue(self) -> str:
        token = service_account_token()
        self.accepted.add(token)
        return token

    async def review(self, request: web.Request) -> web.Response:
        self.reviews += 1
        spec = (await request.json())["spec"]
        ok = spec["token"] in self.accepted
        user = {"username": "system:serviceaccount:shop:api", "uid": "u1", "groups": []}
        return web.json_response(
            {
                "kind": "TokenReview",
                "apiVersion": "authentication.k8s.io/v1",
                "status": {
                    "authenticated": ok,
                    "user": user if ok else {},
                    "audiences": spec.get("audiences", []),
                },
            },
            status=201,
        )


@contextlib.asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    made = Cluster()
    app = web.Application()
    app.router.add_post("/apis/authentication.k8s.io/v1/tokenreviews", made.review)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    made.address = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


def any_ca() -> str:
    """The server insists on a CA, even for a plain-http cluster address."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(1))
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def service_account_token() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = int(time.time())
    account = {"namespace": "shop", "serviceaccount": {"name": "api", "uid": "u1"}}
    claims = {
        "iss": "https://kubernetes.default.svc",
        "sub": "system:serviceaccount:shop:api",
        "aud": ["vault"],
        "iat": now,
        "nbf": now - 5,
        "exp": now + 600,
        "kubernetes.io": account,
    }
    return jwt.encode(claims, key, algorithm="RS256")
