"""The part of a Kubernetes cluster that a login needs: tokens and the TokenReview API."""

import base64
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from injector.base.clock import Clock

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
TOKEN_LIFE = 600  # seconds

# Vault insists on a CA for the cluster's address, even over plain HTTP.
UNUSED_AUTHORITY = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}


class Cluster:
    """Issues tokens, vouches only for those, and only to whoever may ask.

    As with the API server, whoever asks for a review shows a token made for the API itself: one
    that a pod logs in with, of audience `vault`, is answered 401.
    """

    def __init__(self, clock: Clock) -> None:
        self.address = ""
        self.reviews = 0
        self._clock = clock
        self.reviewer_token = secrets.token_urlsafe(32)
        self._users: dict[str, dict[str, Any]] = {}

    def service_account_token(self, namespace: str, name: str) -> str:
        """Return a new token, as kubelet would project it into a pod.

        Only this cluster verifies it, by having issued it: the signature may be any bytes.
        """
        user = {
            "username": f"system:serviceaccount:{namespace}:{name}",
            "uid": secrets.token_hex(8),
            "groups": ["system:serviceaccounts"],
        }
        now = int(self._clock.wall())
        claims = {
            "iss": "https://kubernetes.default.svc",
            "sub": user["username"],
            "aud": ["vault"],
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": user["uid"]},
            },
        }
        header = {"alg": "RS256", "typ": "JWT"}
        parts = [json.dumps(header).encode(), json.dumps(claims).encode(), secrets.token_bytes(256)]
        token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        self._users[token] = user
        return token

    async def review(self, request: web.Request) -> web.Response:
        """Answer a TokenReview."""
        if request.headers.get("Authorization") != f"Bearer {self.reviewer_token}":
            return web.json_response(UNAUTHORIZED, status=401)
        spec = (await request.json())["spec"]
        user = self._users.get(spec["token"])
        self.reviews += 1
        status: dict[str, Any] = {"authenticated": False}
        if user is not None:
            # Without the audiences echoed, the login is refused.
            audiences = spec.get("audiences", [])
            status = {"authenticated": True, "user": user, "audiences": audiences}
        answer = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": status}
        return web.json_response(answer, status=201)


@contextlib.asynccontextmanager
async def cluster(clock: Clock) -> AsyncIterator[Cluster]:
    """Serve a cluster's TokenReview API on a free loopback port."""
    made = Cluster(clock)
    app = web.Application()
    app.router.add_post(REVIEWS, made.review)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.address = "http://{}:{}".format(*runner.addresses[0][:2])
        yield made
    finally:
        await runner.cleanup()
