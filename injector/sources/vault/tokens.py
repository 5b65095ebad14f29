"""The token in use: one owner fills it (`auth`), everybody else borrows it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from injector.base.clock import Clock, Wakeup
from injector.base.errors import DeniedError, TransientError
from injector.sources.vault.adapter import InvalidRequest
from injector.sources.vault.relogin import Relogin, pause_after

T = TypeVar("T")

# A node that lags behind the one of the login refuses a new token for a moment, seconds.
REPLICATION = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A token and what is known of its life; `duration` 0 never expires (root)."""

    value: str = field(repr=False)
    accessor: str
    granted_at: float
    duration: float
    renewable: bool
    ours: bool = True  # made by a login of ours, so that revoking it is ours as well
    uses: int = 0  # how many requests it is good for (`token_num_uses`); 0 is any number
    # What it may do: its entity and the policies of its login; () is not known. The policies of an
    # entity are looked up at each request, so they are the same for all of its tokens.
    rights: tuple[str, ...] = ()
    namespace: str = ""  # of its login, if that is another one than everything else's

    def is_same(self, other: "Token") -> bool:
        """Return whether this is the same token, perhaps before or after a renewal."""
        return self.value == other.value

    @property
    def is_ours_to_revoke(self) -> bool:
        """Return whether we made it and can revoke it: batch tokens have no accessor."""
        return self.ours and self.accessor != ""

    def adds_nothing_to(self, held: "Token") -> bool:
        """Return whether this token of ours may do no more than the one that is held."""
        return self.ours and self.rights != () and self.rights == held.rights

    @property
    def expires_at(self) -> float:
        return self.granted_at + self.duration if self.duration else math.inf


class _Verdict(Struct, frozen=True):
    """The result of a token lookup: it is dead, or policy is to blame, or we cannot tell."""

    token: Token | None
    asked_at: float
    dead: bool = False
    error: TransientError | None = None

    def is_about(self, token: Token, refused_at: float) -> bool:
        """Return whether it is about this token, and the lookup began after its 403."""
        is_same = self.token is not None and self.token.is_same(token)
        return is_same and self.asked_at >= refused_at


class Tokens:
    """Holds the current token, and finds out whether a 403 is its fault.

    `changed` is called with each token that becomes the current one, is renewed, or is set aside.
    """

    def __init__(
        self,
        clock: Clock,
        is_valid: Callable[[Token], Awaitable[bool]],
        token: Token | None = None,
        replaced: Iterable[Token] = (),
        *,
        changed: Callable[[Token], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._is_valid = is_valid
        self._token = token
        self._arrived = asyncio.Event()
        if token is not None:
            self._arrived.set()
        self._judging = asyncio.Lock()
        self._verdict = _Verdict(None, -math.inf)  # the newest
        self._new_since = -math.inf  # when the current one came from a login
        self._guessed_at = -math.inf
        self._used = 0  # how many requests the current one has made, as far as we know
        self._lookup_works = False
        self._learning = False
        self._rights: tuple[str, ...] = () if token is None else token.rights
        self.relogin = Relogin(-math.inf if token is None else token.granted_at)
        # Rung for auth: the token is dropped, or another may be allowed more.
        self.login_due = Wakeup()
        self.replaced: list[Token] = list(replaced)  # replaced, and perhaps still alive
        self._changed = changed

    @property
    def held(self) -> Token | None:
        """The current token, or None while there is none."""
        return self._token

    @property
    def alive(self) -> list[Token]:
        """Every token that may still be of use to somebody."""
        return [token for token in (self._token, *self.replaced) if token is not None]

    def put(self, token: Token) -> None:
        """Make a token current: a new one, or the same one renewed."""
        before, self._token = self._token, token
        self._arrived.set()
        if before is not None and before.is_same(token):
            self._used += 1  # for the renewal
        else:
            self._used = 0
            self._new_since = self._clock.now()
            self.relogin.settled(self._new_since, changed=token.rights != self._rights)
            self._rights = token.rights
            if before is not None:
                self.set_aside(before)
        self._changed(token)

    def set_aside(self, token: Token) -> None:
        """Put aside a token that is no longer used but may still be valid."""
        self.replaced.append(token)
        self._changed(token)

    def lives_on(self, renewed: Token) -> None:
        """Note that a token that had been put aside was renewed."""
        self.replaced = [renewed if renewed.is_same(each) else each for each in self.replaced]
        self._changed(renewed)

    def gone(self, token: Token) -> None:
        """Forget a token that has ended."""
        self.replaced = [each for each in self.replaced if not each.is_same(token)]

    async def current(self) -> Token:
        """Return the token; waits for a login if there is none or it has expired."""
        while True:
            self.drop_ended()
            if self._token is not None:
                return self._token
            await self._arrived.wait()

    def drop_ended(self) -> None:
        """Drop a token that has expired or is used up, without asking Vault."""
        token = self._token
        if token is None:
            return
        used_up = 0 < token.uses <= self._used
        if used_up or token.expires_at <= self._clock.now():
            self.report_bad(token)

    def report_bad(self, token: Token) -> None:
        """Report that this token, which the caller used, no longer works."""
        if self._holds(token):
            self._token = None
            self._arrived.clear()
            self.login_due.ring()

    async def use(self, request: Callable[[Token], Awaitable[T]]) -> T:
        """Run a request; if its token turns out revoked, once more with the next one.

        Raises DeniedError if the token is not to blame: then policy is.
        """
        token = await self._spend()
        try:
            return await request(token)
        except InvalidRequest:
            raise
        except DeniedError:
            if not await self._to_blame(token):
                raise
        fresh = await self._spend()
        await self._learn(fresh)
        return await request(fresh)

    def _holds(self, token: Token) -> bool:
        """Return whether this is the current token, perhaps before it was renewed."""
        return self._token is not None and self._token.is_same(token)

    async def _spend(self) -> Token:
        """Return the token for one request; its number of uses may be limited."""
        token = await self.current()
        self._used += 1
        return token

    async def _to_blame(self, token: Token) -> bool:
        """Return whether a token that got a 403 is dead; concurrent callers share one lookup."""
        refused_at = self._clock.now()
        async with self._judging:
            if not self._holds(token):
                return True  # it has been replaced meanwhile
            if not self._verdict.is_about(token, refused_at):
                self._verdict = await self._judge(token)
            if self._verdict.error is not None:
                raise self._verdict.error
            return self._verdict.dead

    async def _judge(self, token: Token) -> "_Verdict":
        """Look up a token; drop it if it is dead."""
        asked_at = self._clock.now()
        try:
            valid = await self._is_valid(token)
        except TransientError as exc:
            return _Verdict(token, asked_at, error=exc)
        if valid:
            self._lookup_works = True
            self.relogin.denied_at = self._clock.now()
            self.login_due.ring()  # it stays in use: only a new one shows whether policies changed
            return _Verdict(token, asked_at)
        if self._clock.now() < self._new_since + REPLICATION:
            lags = TransientError("a new token is refused: this node may not know it yet")
            return _Verdict(token, asked_at, error=lags)
        # A refused lookup proves the token dead only where a lookup has ever worked: without the
        # default policy it is refused for a good token too. A token of limited uses is used up by
        # its requests, lookups included.
        proven = self._lookup_works or token.uses > 0
        if not proven and not self._may_guess():
            return _Verdict(token, asked_at)
        self.report_bad(token)
        self._learning = not self._lookup_works
        return _Verdict(token, asked_at, dead=True)

    def _may_guess(self) -> bool:
        """Return whether to assume without proof that the token is dead: less and less often."""
        now = self._clock.now()
        if now < self._guessed_at + pause_after(self.relogin.fruitless):
            return False
        self._guessed_at = now
        self.relogin.fruitless += 1
        return True

    async def _learn(self, fresh: Token) -> None:
        """Look up a dead token's successor: if it works, a refused lookup proves one dead."""
        if self._learning:
            self._learning = False  # one question, however many wait
            with suppress(TransientError):
                self._lookup_works = await self._is_valid(fresh)
