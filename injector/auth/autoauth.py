"""The one owner of tokens: logs in, renews, logs in again."""

from collections.abc import Callable
from dataclasses import dataclass

from injector.auth.method import Method
from injector.auth.timing import Act, after_failed_renewal, after_renewal, next_step
from injector.clock import Clock
from injector.config import model
from injector.errors import AuthError, InjectorError, TransientError
from injector.health import Health
from injector.log import Logger, Redactor
from injector.metrics import Metrics
from injector.retry import Availability
from injector.secret import backoff
from injector.vault import Token, Tokens, Vault
from injector.vault.transport import Unreachable


@dataclass(frozen=True, slots=True)
class Parts:
    """What auto-auth works with. `renewed` tells the sinks that there may be a new token."""

    clock: Clock
    draw: Callable[[], float]
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
        if parts.tokens.held is None:
            parts.health.waiting("token", "token")

    @property
    def inputs(self) -> frozenset[str]:
        """Return the files that a login reads."""
        return self._method.inputs

    def material_changed(self) -> None:
        """Use a new secret id, JWT or token at once if the last login failed."""
        if self._failures:
            self._parts.tokens.bad.ring()

    async def run(self) -> None:
        """Act on the token whenever it is due. Runs until cancelled."""
        parts = self._parts
        held = parts.tokens.held
        act, at = (Act.LOG_IN, parts.clock.now()) if held is None else next_step(held, parts.draw())
        while True:
            held = parts.tokens.held
            cut_short = await parts.clock.sleep(at - parts.clock.now(), parts.tokens.bad)
            if cut_short:
                act = Act.LOG_IN
                if held is not None and parts.tokens.held is None:
                    parts.log.warning("token not valid any more, logging in again")
            await parts.availability.wait()
            held = parts.tokens.held
            if act is Act.RENEW and held is not None:
                act, at = await self._renew(held)
            else:
                parts.tokens.bad.hush()  # whoever rang while Vault was away means this login
                act, at = await self._log_in()

    async def _log_in(self) -> tuple[Act, float]:
        parts = self._parts
        try:
            token = await self._method.log_in(parts.vault)
        except InjectorError as exc:
            return self._login_failed(exc)
        parts.redactor.learn("token", [each.value for each in (token, *parts.tokens.alive)])
        parts.log.info("logged in", method=self._settings.type, lease_duration=token.duration)
        if token.uses:
            parts.log.warning(
                "the token has limited uses: every request uses one up; set token_num_uses to 0",
                uses=token.uses,
            )
        self._accept(token)
        return next_step(token, parts.draw())

    async def _renew(self, held: Token) -> tuple[Act, float]:
        parts = self._parts
        try:
            token = await self._method.renew(parts.vault, held)
        except TransientError as exc:
            self._failed(exc)
            return after_failed_renewal(
                held, self._failures, now=parts.clock.now(), draw=parts.draw()
            )
        except InjectorError as exc:
            # Denied, or unknown by now: whatever it is, this token will not live longer.
            parts.log.info("token not renewed, logging in", reason=str(exc))
            return Act.LOG_IN, parts.clock.now()
        parts.log.debug("token renewed", lease_duration=token.duration)
        self._accept(token)
        return after_renewal(held, token, parts.draw())

    def _accept(self, token: Token) -> None:
        parts = self._parts
        self._failures = 0
        parts.tokens.put(token)
        parts.tokens.bad.hush()  # rung while this login was under way: here is the answer
        parts.health.ok("token", "token")
        expires_in = token.expires_at - parts.clock.now()
        if token.duration:
            parts.metrics.token_expires.set(parts.clock.wall() + expires_in)
        parts.renewed()

    def _login_failed(self, error: InjectorError) -> tuple[Act, float]:
        if self._settings.exit_on_err and isinstance(error, AuthError):
            raise error
        self._failed(error)
        parts = self._parts
        wait = backoff(
            self._failures,
            first=self._settings.min_backoff,
            longest=self._settings.max_backoff,
            draw=parts.draw(),
        )
        if isinstance(error, TransientError) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
        # While logins fail, a token that can be renewed is kept alive: the two take turns.
        held = parts.tokens.held
        renewable = held is not None and held.duration > 0 and held.renewable
        return Act.RENEW if renewable else Act.LOG_IN, parts.clock.now() + wait

    def _failed(self, error: InjectorError) -> None:
        parts = self._parts
        self._failures += 1
        parts.health.failing("token", "token", error)
        if isinstance(error, Unreachable):
            parts.availability.report(error)
        quiet = isinstance(error, TransientError) and self._failures < 3  # noqa: PLR2004
        (parts.log.info if quiet else parts.log.error)(
            "login failed" if parts.tokens.held is None else "token not renewed",
            error=str(error),
            error_class=error.label,
            failures=self._failures,
        )
