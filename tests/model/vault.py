"""A small Vault that knows the truth: which tokens and credentials are alive, and when."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

from tests.model.clock import LATER, ModelClock
from tests.model.rules import Credential, ModelToken, Rules

DB, CERT, ROLE = "database/creds/app", "pki/issue/app", "database/static-creds/app"
JSON = dict[str, Any]
PHASE = 13.7  # when the static role rotates: at no round moment


@dataclass
class Roles:
    """What the server grants. Seconds."""

    token_ttl: float = 600.0
    token_max: float = 3000.0
    token_renewable: bool = True
    lease_ttl: float = 120.0
    lease_max: float = 600.0
    lease_renewable: bool = True
    cert_ttl: float = 900.0
    rotation: float = 40.0  # how often the password of the static role changes


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Model:
    """The truth. `epoch` counts processes of the engine that know nothing of the one before."""

    clock: ModelClock
    roles: Roles
    rules: Rules
    denied: set[str] = field(default_factory=set)
    epoch: int = 0
    troubled_until: float = -inf
    values: dict[str, list[tuple[float, str | None]]] = field(default_factory=dict)
    _tokens: dict[str, ModelToken] = field(default_factory=dict)
    _issued: dict[str, list[Credential]] = field(default_factory=lambda: defaultdict(list))
    _last: ModelToken | None = None
    _numbers: int = 0

    # -- what a test does, and asks

    def put(self, name: str, value: str | None) -> None:
        """Write a KV secret; None deletes its newest version."""
        self.values.setdefault(name, []).append((self.clock.now(), value))

    def current(self, name: str) -> str | None:
        return self.values[name][-1][1] if name in self.values else None

    def revoke_tokens(self) -> None:
        self.rules.token_killed_at = self.clock.now()
        for token in self._tokens.values():
            token.revoked = True

    def revoke_leases(self) -> None:
        for credential in self._credentials():
            credential.revoked = credential.revoked or credential.is_lease

    def trouble(self, seconds: float) -> None:
        """Note that nothing has to be right before `seconds` are over."""
        self.troubled_until = max(self.troubled_until, self.clock.now() + seconds)

    def alive(self, credential: Credential) -> bool:
        if credential.revoked or credential.expires_at <= self.clock.now():
            return False
        return not credential.is_lease or self.valid(credential.token)

    def valid(self, token: ModelToken) -> bool:
        return not token.revoked and token.expires_at > self.clock.now()

    def works(self, value: str) -> bool:
        """Tell whether an application could log in with this user name, or certificate."""
        return any(c.value == value and self.alive(c) for c in self._credentials())

    def given_up(self, body: JSON) -> None:
        """Note that a revocation was refused: this lease is left to end by itself."""
        for credential in self._credentials():
            if credential.id == body.get("lease_id"):
                credential.lost = True

    def abandon(self, path: str) -> None:
        """Note that no file is made from these credentials any more: they may be taken away."""
        for credential in self._issued[path]:
            credential.unused = True

    def newest(self, path: str) -> Credential | None:
        return self._issued[path][-1] if self._issued[path] else None

    def is_replaced(self, path: str, body: JSON) -> bool:
        """Tell whether the engine has got a newer lease than this one."""
        got = [c for c in self._issued[path] if c.delivered]
        return bool(got) and got[-1].id != body.get("lease_id")

    def is_early(self, path: str) -> bool:
        """Tell whether what the engine, in this life, has got here is far from its end."""
        got = [c for c in self._issued[path] if c.delivered and not c.lost]
        last = got[-1] if got and got[-1].epoch == self.epoch else None
        return last is None or not last.is_worn(self.clock.now())

    def living(self) -> list[Credential]:
        """Return the leases that live on for a while and that the engine, in this life, has got."""
        # Lives are rounded, and counted from the first of several tries at a node that lags.
        soon = self.clock.now() + 7.0
        return [
            c
            for c in self._credentials()
            if c.is_lease and c.delivered and not c.lost and c.epoch == self.epoch
            if self.alive(c) and min(c.expires_at, c.token.expires_at) > soon
        ]

    # -- answers

    def answer(self, method: str, path: str, token: str, body: JSON) -> JSON | None:
        """Return the answer's JSON (None: no content); raises Refused."""
        if path == "sys/health":
            return {"initialized": True, "sealed": False, "standby": False}
        if path == "auth/approle/login":
            return self._log_in()
        held = self._tokens.get(token)
        if held is None or not self.valid(held) or path in self.denied:
            raise Refused(403, "permission denied")
        for pattern, respond in ANSWERS.items():
            if re.fullmatch(pattern, f"{method} {path}"):
                return respond(self, path, held, body)
        raise Refused(404, "")

    def _log_in(self) -> JSON:
        now, roles = self.clock.now(), self.roles
        if self._last is not None and not self._last.revoked:
            self._in_time(f"token {self._last.value}", self._last.expires_at)
        ends_at = now + roles.token_max
        token = ModelToken(self._name("hvs."), now + min(roles.token_ttl, roles.token_max), ends_at)
        self._tokens = {t.value: t for t in self._tokens.values() if self.valid(t)}
        self._tokens[token.value] = self._last = token
        return self._auth(token)

    def _in_time(self, what: str, ended_at: float) -> None:
        """Judge a replacement: while nothing is wrong, it comes before the end."""
        if self.troubled_until < ended_at < self.clock.now() - LATER:
            self.rules.broken(f"{what} was replaced only after its end at {ended_at:.1f}")

    def _auth(self, token: ModelToken) -> JSON:
        return {
            "auth": {
                "client_token": token.value,
                "accessor": f"accessor-{token.value[-6:]}",
                "lease_duration": int(token.expires_at - self.clock.now() + LATER),
                "renewable": self.roles.token_renewable,
            }
        }

    def look_up(self, _path: str, token: ModelToken, _body: JSON) -> JSON:
        left = int(token.expires_at - self.clock.now() + LATER)
        return {"data": {"ttl": left, "renewable": self.roles.token_renewable}}

    def renew_token(self, _path: str, token: ModelToken, _body: JSON) -> JSON:
        if not self.roles.token_renewable:
            raise Refused(400, "lease is not renewable")
        now = self.clock.now()
        token.expires_at = now + int(min(self.roles.token_ttl, token.ends_at - now) + LATER)
        return self._auth(token)

    def revoke_token(self, _path: str, token: ModelToken, _body: JSON) -> None:
        for credential in self._credentials():
            if credential.is_lease and credential.token is token and self.alive(credential):
                self.rules.revoked(credential)
        token.revoked = True

    def read(self, path: str, _token: ModelToken, _body: JSON) -> JSON:
        history = self.values.get(path.rpartition("/")[2], [])
        if not history:
            raise Refused(404, "")
        value = history[-1][1]
        metadata = {
            "version": len(history),
            "deletion_time": "" if value else "then",
            "destroyed": False,
        }
        return {"data": {"data": {"value": value} if value else None, "metadata": metadata}}

    def password(self, at: float) -> str:
        """Return what the static role's password is, or was."""
        return f"rotated-{math.floor((at - PHASE) / self.roles.rotation)}"

    def read_role(self, _path: str, _token: ModelToken, _body: JSON) -> JSON:
        now, period = self.clock.now(), self.roles.rotation
        password = self.password(now)
        left = period - (now - PHASE) % period
        return {
            "data": {
                "last_vault_rotation": password.replace("rotated", "at"),
                "rotation_period": period,
                "ttl": round(left),
                "username": "app",
                "password": password,
            }
        }

    def issue_lease(self, path: str, token: ModelToken, _body: JSON) -> JSON:
        roles = self.roles
        ttl = int(min(roles.lease_ttl, roles.lease_max))
        made = self._issue(path, token, ttl, lease=True)
        return {
            "lease_id": made.id,
            "lease_duration": ttl,
            "renewable": roles.lease_renewable,
            "data": {"username": made.value, "password": f"password-of-{made.value}"},
        }

    def issue_certificate(self, path: str, token: ModelToken, _body: JSON) -> JSON:
        made = self._issue(path, token, self.roles.cert_ttl, lease=False)
        return {
            "data": {
                "certificate": f"-----BEGIN {made.value}",
                "private_key": f"key-of-{made.value}",
                "serial_number": made.value,
                "expiration": int(self.clock.server_wall() + self.roles.cert_ttl),
            }
        }

    def renew_lease(self, _path: str, _token: ModelToken, body: JSON) -> JSON:
        lease = self._lease(body)
        if not lease.renewable:
            raise Refused(400, "lease is not renewable")
        now, before = self.clock.now(), lease.granted
        lease.granted_at = now
        lease.granted = int(min(self.roles.lease_ttl, lease.ends_at - now) + LATER)
        lease.truncated = lease.granted < before * 0.9 + 1
        return {"lease_id": lease.id, "lease_duration": lease.granted, "renewable": True}

    def revoke_lease(self, _path: str, _token: ModelToken, body: JSON) -> None:
        lease = self._lease(body)
        self.rules.revoked(lease)
        lease.revoked = True

    def _issue(self, path: str, token: ModelToken, ttl: float, *, lease: bool) -> Credential:
        last = self.newest(path)
        counts = last is not None and self.alive(last) and last.epoch == self.epoch
        self.rules.issued(path, token, last, alive=counts and not (last and last.lost))
        if last is not None and not self._excused(last):
            end = min(last.expires_at, last.token.expires_at) if last.is_lease else last.expires_at
            self._in_time(last.value, end)
        now, name = self.clock.now(), self._name("v")
        made = Credential(
            id=f"{path}/{name}" if lease else "",
            path=path,
            value=name,
            token=token,
            epoch=self.epoch,
            issued_at=now,
            granted_at=now,
            granted=ttl,
            ends_at=now + self.roles.lease_max,
            renewable=lease and self.roles.lease_renewable,
        )
        self._issued[path] = [c for c in self._issued[path] if self.alive(c)] + [made]
        return made

    def _excused(self, last: Credential) -> bool:
        if last.revoked or last.lost or last.unused or last.token.revoked:
            return True
        return last.epoch != self.epoch or self.rules.exhausted(last.path)

    def _lease(self, body: JSON) -> Credential:
        for credential in self._credentials():
            if credential.id == body.get("lease_id") and self.alive(credential):
                return credential
        raise Refused(400, "lease not found")

    def _credentials(self) -> Iterator[Credential]:
        for credentials in self._issued.values():
            yield from credentials

    def _name(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}{self._numbers:06}"


ANSWERS: dict[str, Callable[[Model, str, ModelToken, JSON], JSON | None]] = {
    "GET auth/token/lookup-self": Model.look_up,
    ".* auth/token/renew-self": Model.renew_token,
    ".* auth/token/revoke-self": Model.revoke_token,
    ".* sys/leases/renew": Model.renew_lease,
    ".* sys/leases/revoke": Model.revoke_lease,
    "GET secret/data/.*": Model.read,
    "GET database/creds/.*": Model.issue_lease,
    "GET database/static-creds/.*": Model.read_role,
    "(POST|PUT) pki/issue/.*": Model.issue_certificate,
}


def subject(path: str, body: JSON) -> str:
    """Return which secret a request is about, or nothing."""
    if path == "sys/leases/renew":
        return str(body.get("lease_id", "")).rpartition("/")[0]
    return path if path.startswith(("secret/", "database/", "pki/")) else ""
