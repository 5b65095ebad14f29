"""The requests this program makes, each with its errors told apart."""

import contextlib
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from injector.base.clock import Clock
from injector.base.errors import AuthError, DeniedError, InjectorError, TransientError
from injector.base.retry import while_stale
from injector.secret import Life
from injector.sources.unrepeatable import Unrepeatable
from injector.sources.vault import answer as answers
from injector.sources.vault.adapter import (
    Adapter,
    InKV2,
    Intercepted,
    InvalidRequest,
    NotThere,
    Stale,
)
from injector.sources.vault.answer import VaultAnswer
from injector.sources.vault.mounts import Mounts
from injector.sources.vault.ref import VaultRef
from injector.sources.vault.token_answers import (
    ODD,
    Grant,
    Known,
    Wrap,
    rights_of,
    token_of,
    understood,
)
from injector.sources.vault.tokens import Token
from injector.sources.vault.transport import Transport

if TYPE_CHECKING:
    from injector.sources.vault.api import Api

T = TypeVar("T")

# What comes after the mount in KV version 2, and in the usual engines that are not KV.
OF_KV2 = ("data", "metadata")
OF_ENGINES = ("creds", "static-creds", "sts", "issue", "sign", "cert", "ca", "crl", "keys", "code")
# Seconds: a server that comes back is to be noticed soon, so this does not hang as others may.
HEALTH_WITHIN = 5.0


class Vault:
    """Sends paths from the configuration as they are spelled there, and Vault's own API by hvac."""

    def __init__(
        self, transport: Transport, clock: Clock, unrepeatable: Unrepeatable | None = None
    ) -> None:
        self.transport = transport
        self.unrepeatable = unrepeatable or Unrepeatable()
        self.clock = clock
        self._namespace = transport.settings.namespace
        self._mounts = Mounts()

    async def fetch(
        self,
        ref: VaultRef,
        token: Token,
        *,
        engine: str = "auto",
        repeatable: bool = False,
        on_sending: Callable[[], None] = lambda: None,
    ) -> tuple[VaultAnswer, Life]:
        """Ask for a secret: read it, or with parameters write to it.

        `repeatable` is what another request would get as well: nothing is lost if it is cut off.
        `on_sending` is called once the request can no longer be kept back.
        Raises MissingError, DeniedError, TransientError.
        """
        try:
            async with (
                contextlib.nullcontext() if repeatable else self.unrepeatable.one(token.value)
            ):
                on_sending()
                body = await self._ask(ref, token)
        except NotThere as exc:
            raise NotThere(_missing(ref, exc)) from exc
        except InvalidRequest:
            raise
        except DeniedError as exc:
            raise DeniedError(_denied(ref, exc)) from exc
        sent, date = body.pop("sent"), body.pop("date")  # ours: some answers are data as a whole
        answer = answers.understand(ref, body, engine=engine)
        duration = answer.life(date, self.clock.wall())
        life = Life(
            answer.kind, sent, duration, answer.renewable, token.expires_at, token.renewable
        )
        return answer, life

    async def _ask(self, ref: VaultRef, token: Token) -> dict[str, Any]:
        adapter = self._adapter(token.value, ref.namespace)
        if ref.body is not None:
            data = json.loads(ref.body)
            return await self._consistent(lambda: adapter.post(f"/v1/{ref.path}", json=data))

        def read(path: str) -> Awaitable[dict[str, Any]]:
            return self._consistent(lambda: adapter.get(f"/v1/{path}"))

        def of_secret(path: str) -> Awaitable[dict[str, Any]]:
            return read(f"{path}?list=true" if ref.lists else path)

        try:
            return await self._mounts.read(ref, of_secret, look_up=read)
        except NotThere:
            if ref.lists:  # Vault does not say whether a folder is empty or missing
                return {"data": {"keys": []}, "date": "", "sent": self.clock.now()}
            raise

    async def renew_lease(
        self, lease_id: str, token: Token, *, increment: float, namespace: str = ""
    ) -> tuple[float, bool]:
        """Renew a lease where it was issued; return (granted duration in seconds, renewable)."""
        leases = self._api(token.value, namespace).leases
        asked = int(increment) if math.isfinite(increment) else 0  # 0: what the server thinks right
        body = await self._consistent(lambda: leases.renew_lease(lease_id, increment=asked))
        granted = understood(body, Grant, "renew a lease")
        if not granted.lease_duration:  # a life of 0 would have it issued anew
            raise TransientError(f"renew a lease: {ODD}")
        return granted.lease_duration, bool(granted.renewable)

    async def revoke_self(self, token: Token) -> None:
        """Revoke the token, and with it every lease it made."""
        await self._api(token.value, token.namespace).token.revoke_self()

    async def revoke_lease(self, lease_id: str, token: Token, *, namespace: str = "") -> None:
        """Revoke a lease where it was issued."""
        await self._api(token.value, namespace).leases.revoke_lease(lease_id)

    async def log_in(
        self, mount: str, body: Mapping[str, Any], *, namespace: str = "", advice: str = ""
    ) -> Token:
        """Post credentials to an auth mount. `advice` is what to look at when they are refused.

        Raises AuthError when they are refused, TransientError when nobody decided.
        """
        adapter = self._adapter("", namespace)
        url = f"/v1/{mount}/login"
        try:
            async with self.unrepeatable.one(""):
                answer = await self._consistent(lambda: adapter.post(url, json=body))
        except TransientError:
            raise
        except InjectorError as exc:
            raise AuthError(f"{exc}; {advice}" if advice else str(exc)) from exc
        granted = understood(answer.get("auth") or {}, Grant, f"login {mount}")
        if not granted.client_token:
            raise AuthError(
                f"login {mount}: the answer has no token; is it an auth mount, without MFA?"
            )
        return replace(token_of(granted, answer["sent"]), namespace=namespace)

    @contextlib.asynccontextmanager
    async def presenting(self, certificate: str, key: str) -> AsyncIterator["Vault"]:
        """Provide the same server over a separate connection, which presents a certificate.

        Requests raise UnusablePair if the files cannot be used.
        """
        transport = self.transport.presenting(certificate, key)
        try:
            yield Vault(transport, self.clock, self.unrepeatable)
        finally:
            await transport.reconnect()

    async def look_up(self, value: str, *, namespace: str = "") -> Token:
        """Return what is known of a token; raises AuthError if Vault does not know it."""
        try:
            answer = await self._consistent(self._api(value, namespace).token.lookup_self)
        except DeniedError as exc:
            raise AuthError(f"the token is not valid: {exc}; provide a valid one") from exc
        known = understood(answer.get("data"), Known, "look up the token")
        if not known.ttl and known.expire_time:  # it is rounded down, and 0 would be forever
            raise AuthError("the token is about to expire; provide a valid one")
        return Token(
            value,
            known.accessor or "",
            answer["sent"],
            known.ttl,
            bool(known.renewable),
            ours=False,
            uses=known.num_uses or 0,
            rights=rights_of(known.entity_id, known.policies),
            namespace=namespace,
        )

    async def is_valid(self, token: Token) -> bool:
        """Return whether Vault still knows the token; a refused lookup counts as no."""
        try:
            await self.look_up(token.value, namespace=token.namespace)
        except TransientError:
            raise
        except InjectorError:
            return False
        return True

    async def renew_self(self, token: Token) -> Token:
        """Renew the token by what it was granted; raises as `fetch` does."""
        itself = self._api(token.value, token.namespace).token
        answer = await self._consistent(
            lambda: itself.renew_self(increment=f"{int(token.duration)}s")
        )
        granted = understood(answer.get("auth"), Grant, "renew the token")
        if not granted.lease_duration:  # in a login's answer, 0 is a token without an end
            raise TransientError(f"renew the token: {ODD}")
        lives = token_of(granted, answer["sent"], value=token.value)
        return replace(
            token,
            granted_at=lives.granted_at,
            duration=lives.duration,
            renewable=lives.renewable,
        )

    async def wrap_creation_path(self, wrapping_token: str, *, namespace: str = "") -> str:
        """Return where a wrapping token was made, without using it up."""
        adapter = self._adapter("", namespace)
        body = {"token": wrapping_token}
        try:
            answer = await self._consistent(
                lambda: adapter.post("/v1/sys/wrapping/lookup", json=body)
            )
        except DeniedError as exc:
            raise AuthError(f"the wrapping token is not valid (expired, or used): {exc}") from exc
        return understood(answer.get("data"), Wrap, "look up a wrapping token").creation_path

    async def unwrap(self, wrapping_token: str, *, namespace: str = "") -> Mapping[str, Any]:
        """Open a wrapped answer, once: never sent twice."""
        try:
            async with self.unrepeatable.one(wrapping_token):
                answer = await self._api(wrapping_token, namespace).wrapping.unwrap()
        except DeniedError as exc:
            raise AuthError(f"unwrapping failed: {exc}") from exc
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    async def wrap(self, token: Token, ttl: float) -> dict[str, Any]:
        """Return a wrapping token for the token, good for one use within `ttl` seconds."""
        wrapping = self._api(token.value, token.namespace).wrapping
        answer = await wrapping.wrap({"token": token.value}, ttl=f"{math.ceil(ttl)}s")
        wrapped = answer.get("wrap_info")
        if not isinstance(wrapped, dict) or not wrapped.get("token"):
            raise TransientError(f"wrap the token: {ODD}")
        return wrapped

    async def health(self) -> None:
        """Return if an active, unsealed node answers; raises TransientError otherwise.

        Raises DeniedError where something in between does not let the question through. Sent
        without a namespace: with one, `sys/health` is 400.
        """
        adapter = Adapter(self.transport, token="", namespace="")
        nodes_that_serve = {"standbyok": "true", "perfstandbyok": "true"}
        try:
            await adapter.get("/v1/sys/health", params=nodes_that_serve, within=HEALTH_WITHIN)
        except Intercepted as exc:
            raise DeniedError(
                f"{exc}; let sys/health through: it tells when an outage is over"
            ) from exc

    def _adapter(self, token: str, namespace: str) -> Adapter:
        return Adapter(self.transport, token=token, namespace=namespace or self._namespace)

    def _api(self, token: str, namespace: str) -> "Api":
        from injector.sources.vault.api import Api  # hvac, which a start by login does without

        return Api(self._adapter(token, namespace))

    async def _consistent(self, request: Callable[[], Awaitable[T]]) -> T:
        """Send once, and where a node has not caught up (412) a few times more."""
        try:
            return await request()
        except Stale:
            return await while_stale(request, self.clock, Stale)


def _denied(ref: VaultRef, exc: DeniedError) -> str:
    """Name the missing capability, and suggest a `data/` that may be missing from the path."""
    need = " and ".join(ref.capabilities)
    words = f"{exc}: the token's policy has to allow {need} on {ref.path!r}"
    mount, _, rest = ref.path.partition("/")
    is_clear = (
        ref.body is not None or ref.by_mount or rest.partition("/")[0] in (*OF_KV2, *OF_ENGINES)
    )
    if is_clear or not rest:
        return words
    return f"{words}; if {mount}/ is KV version 2, write '{mount}/data/{rest}'"


def _missing(ref: VaultRef, exc: NotThere) -> str:
    mount, _, rest = ref.path.partition("/")
    if isinstance(exc, InKV2):
        return (
            f"{exc}: {mount}/ is KV version 2, whose paths have `data/` after the mount; write "
            f"'{mount}/data/{rest}'"
        )
    other = (
        f"version 1 it would be '{mount}/{rest.removeprefix('data/')}'"
        if rest.startswith("data/")
        else f"version 2 it would be '{mount}/data/{rest}'"
    )
    return f"{exc}; put it there, or correct the path {ref.path!r} (in KV {other})"
