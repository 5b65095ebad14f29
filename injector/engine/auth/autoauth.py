"""The one owner of tokens: logs in, renews, logs in again."""

from math import inf

from injector.base.context import Context
from injector.base.errors import AuthError, InjectorError, TransientError, nothing_unforeseen
from injector.base.retry import Availability
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.engine.auth.timing import TokenAction, after_failed_renewal, after_renewal, next_step
from injector.secret import backoff
from injector.sources.vault import Token, Tokens, Vault


class AutoAuth:
    """Keeps `tokens` filled. While a login is impossible, the old token is kept alive."""

    name = "auth"

    def __init__(
        self,
        settings: model.Method,
        method: Method,
        context: Context,
        *,
        vault: Vault,
        tokens: Tokens,
        availability: Availability,
    ) -> None:
        self._settings = settings
        self._method = method
        self._context = context
        self._vault = vault
        self._tokens = tokens
        self._availability = availability
        self._failures = 0
        self._uses_said = False
        self._material_at = inf  # when to use what has come since the last login
        self._used: dict[str, bytes] = {}  # digests of what was there at the last login
        self.step = (TokenAction.LOG_IN, context.clock.now())  # what is to be done next, and when
        if tokens.held is None:
            context.health.waiting("token", "token")

    @property
    def inputs(self) -> frozenset[str]:
        """Return the files that a login reads."""
        return self._method.inputs

    def material_changed(self, changed: frozenset[str]) -> None:
        """Use a new secret id, JWT or token at once if a login failed, or if the method says so."""
        meant = changed & self._method.at_once
        new = any(material.digest(path) not in (b"", self._used.get(path)) for path in meant)
        if self._failures or new:
            self._material_at = self._context.clock.now()
            self._tokens.login_due.ring()

    async def run(self) -> None:
        """Act on the token whenever it is due. Runs until cancelled."""
        context = self._context
        if (held := self._tokens.held) is not None:
            self._measure(held)
            self.step = next_step(held, context.jitter())
        while True:
            self.step = await self._next(*self.step)

    async def _next(self, action: TokenAction, at: float) -> tuple[TokenAction, float]:
        """Wait until something is due and do it; return what is next. A ring makes it recheck."""
        clock, tokens = self._context.clock, self._tokens
        before = tokens.held
        if before is None and action is TokenAction.RENEW:
            # It was dropped while it was being renewed.
            action, at = TokenAction.LOG_IN, clock.now()
        await clock.sleep(self._due_at(at) - clock.now(), tokens.login_due)
        await self._availability.wait()
        tokens.drop_ended()
        held, now = tokens.held, clock.now()
        dropped = before is not None and held is None
        if dropped and before is not None and before.uses:
            self._context.log.info("token used up, logging in again")
        elif dropped:
            self._context.log.warning("token no longer valid, logging in again")
        new_material = self._material_at <= now
        if dropped or (new_material and (held is None or self._failures)):
            action, at = TokenAction.LOG_IN, now
        if at <= now:
            return await (
                self._log_in()
                if action is TokenAction.LOG_IN or held is None
                else self._renew(held)
            )
        if held is not None and (new_material or tokens.relogin.due_at <= now):
            return await self._log_in_beside(held, for_more=not new_material) or (action, at)
        return action, at

    def _due_at(self, at: float) -> float:
        return min(at, self._tokens.relogin.due_at, self._material_at)

    async def _log_in(self) -> tuple[TokenAction, float]:
        try:
            token = await self._new_token()
        except InjectorError as exc:
            return self._after_failed_login(exc)
        self._accept(token)
        return next_step(token, self._context.jitter())

    async def _log_in_beside(
        self, held: Token, *, for_more: bool
    ) -> tuple[TokenAction, float] | None:
        """Log in although there is a valid token; None if that one stays.

        There is new material, which may be good for one login and a few minutes. Or, `for_more`, a
        policy refuses something: then a token that may do no more is not taken over, since that
        would issue every lease anew, for nothing.
        """
        context = self._context
        if for_more:
            self._tokens.relogin.tried(context.clock.now())
        try:
            token = await self._new_token()
        except InjectorError as exc:
            if self._tokens.held is None:  # dropped meanwhile
                return self._after_failed_login(exc)
            self._report_old_kept(exc, for_more=for_more)
            return None
        if for_more and self._tokens.held is held and token.adds_nothing_to(held):
            context.log.info("a new token would have no more rights, keeping the old one")
            self._tokens.set_aside(token)
            return None
        self._accept(token)
        return next_step(token, context.jitter())

    def _report_old_kept(self, error: InjectorError, *, for_more: bool) -> None:
        context = self._context
        context.metrics.errors.add(error.label)
        self._availability.report(error)
        refused = not isinstance(error, TransientError)
        if not for_more and not refused:
            self._material_at = context.clock.now() + self._settings.max_backoff
        (context.log.error if refused and not for_more else context.log.info)(
            "no new token, keeping the old one", error=str(error)
        )

    async def _new_token(self) -> Token:
        context = self._context
        self._material_at = inf
        self._used = {path: material.digest(path) for path in self._method.at_once}
        with nothing_unforeseen():
            token = await self._method.log_in(self._vault)
        context.redactor.learn("token", [each.value for each in (token, *self._tokens.alive)])
        context.log.info("logged in", method=self._settings.type, lease_duration=token.duration)
        if token.uses and not self._uses_said:
            self._uses_said = True
            context.log.warning(
                "the token has limited uses: every request uses one up; set token_num_uses to 0",
                uses=token.uses,
            )
        return token

    async def _renew(self, held: Token) -> tuple[TokenAction, float]:
        context = self._context
        try:
            with nothing_unforeseen():
                token = await self._method.renew(self._vault, held)
        except TransientError as exc:
            self._record_failure(exc)
            return after_failed_renewal(
                held, self._failures, now=context.clock.now(), jitter=context.jitter()
            )
        except InjectorError as exc:
            # Denied, or unknown by now: whatever it is, this token will not live longer.
            context.log.info("token not renewed, logging in", reason=str(exc))
            return TokenAction.LOG_IN, context.clock.now()
        context.log.debug("token renewed", lease_duration=token.duration)
        self._accept(token)
        return after_renewal(held, token, context.jitter())

    def _accept(self, token: Token) -> None:
        context = self._context
        self._failures = 0
        self._tokens.put(token)
        context.health.ok("token", "token")
        self._measure(token)

    def _measure(self, token: Token) -> None:
        context = self._context
        if token.duration:
            expires_in = token.expires_at - context.clock.now()
            context.metrics.token_expires.set(context.clock.wall() + expires_in)
        else:
            context.metrics.token_expires.forget()

    def _after_failed_login(self, error: InjectorError) -> tuple[TokenAction, float]:
        if self._settings.exit_on_err and isinstance(error, AuthError):
            raise error
        self._record_failure(error)
        context = self._context
        wait = backoff(
            self._failures,
            first=self._settings.min_backoff,
            longest=self._settings.max_backoff,
            jitter=context.jitter(),
        )
        # While logins fail, a token that can be renewed is kept alive: the two take turns.
        held = self._tokens.held
        renewable = held is not None and held.duration > 0 and held.renewable
        if error.retry_after is not None and (held is None or isinstance(error, TransientError)):
            wait = max(wait, error.retry_after)
        return TokenAction.RENEW if renewable else TokenAction.LOG_IN, context.clock.now() + wait

    def _record_failure(self, error: InjectorError) -> None:
        context = self._context
        self._failures += 1
        report = context.health.failing("token", "token", error)
        self._availability.report(error)
        event = "login failed" if self._tokens.held is None else "token not renewed"
        report.log(context.log, event)
