"""The one owner of tokens: logs in, renews, logs in again."""

from collections.abc import Callable
from math import inf

from msgspec import Struct

from injector.base.clock import Clock
from injector.base.errors import AuthError, InjectorError, TransientError, nothing_unforeseen
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.base.retry import Availability
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.engine.auth.timing import TokenAction, after_failed_renewal, after_renewal, next_step
from injector.secret import backoff
from injector.sources.vault import Token, Tokens, Vault


class Parts(Struct, frozen=True):
    """What auto-auth works with. `renewed` tells the sinks that there may be a new token."""

    clock: Clock
    jitter: Callable[[], float]
    vault: Vault
    tokens: Tokens
    availability: Availability
    health: Health
    metrics: Metrics
    redactor: Redactor
    log: Logger
    renewed: Callable[[], None]


class AutoAuth:
    """Keeps `tokens` filled. While a login is impossible, the old token is kept alive."""

    name = "auth"

    def __init__(self, settings: model.Method, method: Method, parts: Parts) -> None:
        self._settings = settings
        self._method = method
        self._parts = parts
        self._failures = 0
        self._uses_said = False
        self._material_at = inf  # when to use what has come since the last login
        self._used: dict[str, bytes] = {}  # digests of what was there at the last login
        self.step = (TokenAction.LOG_IN, parts.clock.now())  # what is to be done next, and when
        if parts.tokens.held is None:
            parts.health.waiting("token", "token")

    @property
    def inputs(self) -> frozenset[str]:
        """Return the files that a login reads."""
        return self._method.inputs

    def material_changed(self, changed: frozenset[str]) -> None:
        """Use a new secret id, JWT or token at once if a login failed, or if the method says so."""
        meant = changed & self._method.at_once
        new = any(material.digest(path) not in (b"", self._used.get(path)) for path in meant)
        if self._failures or new:
            self._material_at = self._parts.clock.now()
            self._parts.tokens.bad.ring()

    async def run(self) -> None:
        """Act on the token whenever it is due. Runs until cancelled."""
        parts = self._parts
        if (held := parts.tokens.held) is not None:
            self._measure(held)
            self.step = next_step(held, parts.jitter())
        while True:
            self.step = await self._next(*self.step)

    async def _next(self, action: TokenAction, at: float) -> tuple[TokenAction, float]:
        """Wait until something is due and do it; return what is next. A ring makes it recheck."""
        clock, tokens = self._parts.clock, self._parts.tokens
        before = tokens.held
        if before is None and action is TokenAction.RENEW:
            action, at = (
                TokenAction.LOG_IN,
                clock.now(),
            )  # it was dropped while it was being renewed
        await clock.sleep(self._due_at(at) - clock.now(), tokens.bad)
        await self._parts.availability.wait()
        tokens.drop_ended()
        held, now = tokens.held, clock.now()
        dropped = before is not None and held is None
        if dropped and before is not None and before.uses:
            self._parts.log.info("token used up, logging in again")
        elif dropped:
            self._parts.log.warning("token no longer valid, logging in again")
        new_material = self._material_at <= now
        if dropped or (new_material and (held is None or self._failures)):
            action, at = TokenAction.LOG_IN, now
        if at <= now:
            return await (
                self._log_in()
                if action is TokenAction.LOG_IN or held is None
                else self._renew(held)
            )
        if held is not None and (new_material or tokens.doubt.due_at <= now):
            return await self._log_in_beside(held, for_more=not new_material) or (action, at)
        return action, at

    def _due_at(self, at: float) -> float:
        return min(at, self._parts.tokens.doubt.due_at, self._material_at)

    async def _log_in(self) -> tuple[TokenAction, float]:
        try:
            token = await self._new_token()
        except InjectorError as exc:
            return self._login_failed(exc)
        self._accept(token)
        return next_step(token, self._parts.jitter())

    async def _log_in_beside(
        self, held: Token, *, for_more: bool
    ) -> tuple[TokenAction, float] | None:
        """Log in although there is a valid token; None if that one stays.

        There is new material, which may be good for one login and a few minutes. Or, `for_more`, a
        policy refuses something: then a token that may do no more is not taken over, since that
        would issue every lease anew, for nothing.
        """
        parts = self._parts
        if for_more:
            parts.tokens.doubt.tried(parts.clock.now())
        try:
            token = await self._new_token()
        except InjectorError as exc:
            if parts.tokens.held is None:  # dropped meanwhile
                return self._login_failed(exc)
            self._not_beside(exc, for_more=for_more)
            return None
        if for_more and parts.tokens.held is held and token.adds_nothing_to(held):
            parts.log.info("a new token would have no more rights, keeping the old one")
            parts.tokens.retire(token)
            return None
        self._accept(token)
        return next_step(token, parts.jitter())

    def _not_beside(self, error: InjectorError, *, for_more: bool) -> None:
        parts = self._parts
        parts.metrics.errors.add(error.label)
        parts.availability.report(error)
        refused = not isinstance(error, TransientError)
        if not for_more and not refused:
            self._material_at = parts.clock.now() + self._settings.max_backoff
        (parts.log.error if refused and not for_more else parts.log.info)(
            "no new token, keeping the old one", error=str(error)
        )

    async def _new_token(self) -> Token:
        parts = self._parts
        self._material_at = inf
        self._used = {path: material.digest(path) for path in self._method.at_once}
        with nothing_unforeseen():
            token = await self._method.log_in(parts.vault)
        parts.redactor.learn("token", [each.value for each in (token, *parts.tokens.alive)])
        parts.log.info("logged in", method=self._settings.type, lease_duration=token.duration)
        if token.uses and not self._uses_said:
            self._uses_said = True
            parts.log.warning(
                "the token has limited uses: every request uses one up; set token_num_uses to 0",
                uses=token.uses,
            )
        return token

    async def _renew(self, held: Token) -> tuple[TokenAction, float]:
        parts = self._parts
        try:
            with nothing_unforeseen():
                token = await self._method.renew(parts.vault, held)
        except TransientError as exc:
            self._failed(exc)
            return after_failed_renewal(
                held, self._failures, now=parts.clock.now(), jitter=parts.jitter()
            )
        except InjectorError as exc:
            # Denied, or unknown by now: whatever it is, this token will not live longer.
            parts.log.info("token not renewed, logging in", reason=str(exc))
            return TokenAction.LOG_IN, parts.clock.now()
        parts.log.debug("token renewed", lease_duration=token.duration)
        self._accept(token)
        return after_renewal(held, token, parts.jitter())

    def _accept(self, token: Token) -> None:
        parts = self._parts
        self._failures = 0
        parts.tokens.put(token)
        parts.health.ok("token", "token")
        self._measure(token)
        parts.renewed()

    def _measure(self, token: Token) -> None:
        parts = self._parts
        if token.duration:
            expires_in = token.expires_at - parts.clock.now()
            parts.metrics.token_expires.set(parts.clock.wall() + expires_in)
        else:
            parts.metrics.token_expires.forget()

    def _login_failed(self, error: InjectorError) -> tuple[TokenAction, float]:
        if self._settings.exit_on_err and isinstance(error, AuthError):
            raise error
        self._failed(error)
        parts = self._parts
        wait = backoff(
            self._failures,
            first=self._settings.min_backoff,
            longest=self._settings.max_backoff,
            jitter=parts.jitter(),
        )
        # While logins fail, a token that can be renewed is kept alive: the two take turns.
        held = parts.tokens.held
        renewable = held is not None and held.duration > 0 and held.renewable
        if error.retry_after is not None and (held is None or isinstance(error, TransientError)):
            wait = max(wait, error.retry_after)
        return TokenAction.RENEW if renewable else TokenAction.LOG_IN, parts.clock.now() + wait

    def _failed(self, error: InjectorError) -> None:
        parts = self._parts
        self._failures += 1
        report = parts.health.failing("token", "token", error)
        parts.availability.report(error)
        event = "login failed" if parts.tokens.held is None else "token not renewed"
        report.log(parts.log, event)
