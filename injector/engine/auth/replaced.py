"""Renews tokens that have been replaced, for as long as a lease that they made is in use."""

from math import inf

from injector.base.clock import Wakeup
from injector.base.context import Context
from injector.base.errors import InjectorError, TransientError, nothing_unforeseen
from injector.base.retry import Availability
from injector.engine.auth.method import Method
from injector.engine.auth.timing import TokenAction, after_failed_renewal, after_renewal
from injector.engine.store import Store
from injector.sources.vault import Token, Tokens, Vault
from injector.sources.vault.ref import NAME

# Shares of a replaced token's remaining life: its leases are nearly always replaced before this.
FIRST_SHARE, FIRST_SPREAD = 0.4, 0.2
NEVER = (TokenAction.LOG_IN, inf)


def first_step(token: Token, now: float, jitter: float) -> tuple[TokenAction, float]:
    """Decide when to renew a token that has just been replaced, in case that becomes necessary."""
    if not token.duration or not token.renewable:
        return NEVER
    return TokenAction.RENEW, now + (token.expires_at - now) * (FIRST_SHARE + FIRST_SPREAD * jitter)


class ReplacedTokens:
    """A lease dies with its token, and after a rollback an application may need it for long."""

    name = "replaced tokens"

    def __init__(
        self,
        method: Method,
        context: Context,
        *,
        store: Store,
        vault: Vault,
        tokens: Tokens,
        availability: Availability,
    ) -> None:
        self._method = method
        self._store = store
        self._context = context
        self._vault = vault
        self._tokens = tokens
        self._availability = availability
        self._steps: dict[str, tuple[TokenAction, float]] = {}  # by token
        self._failures: dict[str, int] = {}
        self.token_set_aside = Wakeup()

    async def run(self) -> None:
        """Renew whatever is due. Runs until cancelled."""
        clock = self._context.clock
        while True:
            next_at = await self.renew_due()
            await clock.sleep(next_at - clock.now(), self.token_set_aside)

    async def renew_due(self) -> float:
        """Renew what is due now; return when the next is."""
        context, before = self._context, self._steps
        self._steps = {}
        for token in tuple(self._tokens.replaced):
            now = context.clock.now()
            action, at = before.get(token.value) or first_step(token, now, context.jitter())
            if action is TokenAction.RENEW and at <= now:
                action, at = await self._renew(token) if self._store.in_use(NAME, token) else NEVER
            self._steps[token.value] = action, at
        self._failures = {key: n for key, n in self._failures.items() if key in self._steps}
        return min(
            (at for action, at in self._steps.values() if action is TokenAction.RENEW), default=inf
        )

    async def _renew(self, token: Token) -> tuple[TokenAction, float]:
        """Return the next step; a login is never one."""
        context = self._context
        await self._availability.wait()
        if token.expires_at <= context.clock.now():  # as after an outage: nothing to renew
            return NEVER
        try:
            with nothing_unforeseen():
                renewed = await self._method.renew(self._vault, token)
        except InjectorError as exc:
            return self._after_failure(token, exc)
        self._failures.pop(token.value, None)
        self._tokens.lives_on(renewed)
        self._store.extend(NAME, renewed)
        context.log.debug("replaced token renewed", lease_duration=renewed.duration)
        return after_renewal(token, renewed, context.jitter())

    def _after_failure(self, token: Token, error: InjectorError) -> tuple[TokenAction, float]:
        context, now = self._context, self._context.clock.now()
        failures = self._failures[token.value] = self._failures.get(token.value, 0) + 1
        self._availability.report(error)
        context.log.warning(
            "replaced token not renewed",
            error=str(error),
            ends_in=round(token.expires_at - now, 1),
        )
        if not isinstance(error, TransientError):
            return NEVER
        return after_failed_renewal(token, failures, now=now, jitter=context.jitter())
