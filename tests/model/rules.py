"""What the engine must not do, judged at the moment at which a request arrives."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from tests.model.clock import LATER, ModelClock

# Seconds between two requests for the same thing. The first backoff is 1 s, jittered over its upper
# half; a node that lags (412) is asked again after 0.1 s.
FLOOR, STALE_FLOOR = 0.5, 0.1
# … and around a static role's rotation, which is looked for.
ROTATION_FLOOR = 0.2
# Probes of an unreachable Vault are at least this far apart.
PROBE_FLOOR = 2.0
# A request is counted when it is decided on; it may have to wait for a login.
BUDGET_WINDOW, SENT_LATER = 600.0, 60.0
# Vault's own refusals: for sure nothing was issued. Of no answer, or a gateway's, nobody knows.
NOTHING_DONE = (400, 403, 404, 412, 429, 500, 503)
# How long a spent budget is missed: its window, and the wait of somebody who was refused.
BUDGET_MISSED = 662.0
# The earliest share of a life at which something may be issued anew, and the server's rounding.
EARLIEST, ROUNDED = 0.6, 1.0
# The share of a life after which its own end is reason enough, whatever else was asked for.
WORN = 0.5
# A renewal that is not answered is given up this long before the end.
NEAR_THE_END = 3.0


@dataclass
class ModelToken:
    """Of the engine. `ends_at` is its max TTL."""

    value: str
    expires_at: float
    ends_at: float
    revoked: bool = False


@dataclass
class Credential:
    """A lease, or a certificate (which has no `id`)."""

    id: str
    path: str
    value: str
    token: ModelToken
    epoch: int
    issued_at: float
    granted_at: float
    granted: float
    ends_at: float
    renewable: bool
    truncated: bool = False
    revoked: bool = False
    renewal_failed: bool = False
    renewal_refused: bool = False
    delivered: bool = False  # the whole answer was sent
    unused: bool = False  # a reload has dropped it
    lost: bool = False  # it never will be: nobody knows of this one

    @property
    def expires_at(self) -> float:
        return self.granted_at + self.granted

    @property
    def is_lease(self) -> bool:
        return bool(self.id)

    def is_worn(self, now: float, *, sooner: float = 0.0) -> bool:
        """Tell whether its own end, or its token's, is near enough to replace it."""
        lives = self.granted
        if self.is_lease:
            lives = min(lives, self.token.expires_at - self.issued_at)
        return now >= self.issued_at + WORN * lives - sooner


@dataclass
class Call:
    """One request, and what became of it (status 0: no answer)."""

    at: float
    what: str
    subject: str  # the secret it is about, or ""
    token: str
    of_older: bool = False  # it renews a lease that has been replaced and is still in use
    beyond: bool = False  # what the engine has got is far from its end
    status: int = -1

    @property
    def one_at_a_time(self) -> str:
        """What nothing else in flight may be about: its secret, or the older lease; "" is free."""
        return self.what if self.of_older else self.subject

    def __str__(self) -> str:
        return f"{self.at:8.1f} {self.status:4} {self.what} {self.token[-4:]}"


@dataclass
class Rules:
    """Remembers what was asked for, and what broke a rule."""

    clock: ModelClock
    budget: int
    violations: list[str] = field(default_factory=list)
    asked: int = 0  # how often, probes left out
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=400))
    # Reasons from outside, told by the test.
    stopping: bool = False  # the engine is being stopped: it may drop what is in flight …
    reloading: bool = False  # … but for a reload no credential
    forgiven: set[str] = field(default_factory=set)  # paths that may be issued anew
    nudged: set[str] = field(default_factory=set)  # requests that a user wants to be made now
    in_use: Callable[[Credential], str] = lambda _: ""  # says who still needs a credential
    # What limits the engine besides the faults: issuances beyond the schedule, and lookups.
    spent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    lookup_refused_at: float = -inf
    token_killed_at: float = -inf
    _newest: dict[str, Call] = field(default_factory=dict)
    _in_flight: Counter[str] = field(default_factory=Counter)
    _issues: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def broken(self, rule: str) -> None:
        self.violations.append(f"at {self.clock.now():.2f}: {rule}")

    def another_assembly(self) -> None:
        """Forget intervals: a reload or a new process may ask at once."""
        self._newest.clear()

    def another_process(self) -> None:
        """Forget the budget: a process to which nothing is handed over cannot know it."""
        self._issues.clear()

    def arrived(self, call: Call) -> None:
        """No hot loop, and never two requests in flight for one secret, or one older lease."""
        before = self._newest.get(call.what)
        self._newest[call.what] = call
        self.calls.append(call)
        self.asked += call.what != "GET sys/health"
        if before is not None:
            self._far_enough(before, call)
        if about := call.one_at_a_time:
            self._in_flight[about] += 1
            if self._in_flight[about] > 1:
                self.broken(f"two requests in flight for {about}")

    def left(self, call: Call, status: int, *, answered: bool, by_vault: bool) -> None:
        """Note what became of a request; `answered` if it was as it should be."""
        call.status = status
        if "lookup" in call.what and status in (400, 403, 404):
            self.lookup_refused_at = self.clock.now()
        if not call.subject:
            return
        self._in_flight[call.one_at_a_time] -= 1
        counts = (call.beyond or not answered) and not (by_vault and status in NOTHING_DONE)
        if call.what.endswith(call.subject) and counts:
            _note(self.spent[call.subject], call.at, BUDGET_WINDOW + 100.0)

    def exhausted(self, path: str) -> bool:
        """Tell whether the issuance budget may stand in the way, or may just have done so."""
        since = self.clock.now() - BUDGET_MISSED
        return sum(at > since for at in self.spent[path]) >= self.budget - 1

    def issued(self, path: str, token: ModelToken, last: Credential | None, *, alive: bool) -> None:
        """One issue per generation, and beyond the schedule no more than the budget of a path."""
        if last is not None and alive and path not in self.forgiven:
            why_not = self._still_good(last, token)
            if why_not:
                self.broken(f"{path} issued again without need: {last.value} {why_not}")
        self.forgiven.discard(path)
        if last is not None and last.is_worn(self.clock.now(), sooner=ROUNDED):
            return
        issues = self._issues[path]
        _note(issues, self.clock.now(), BUDGET_WINDOW - SENT_LATER)
        if len(issues) > self.budget:
            self.broken(f"{path} issued {len(issues)} times too many, budget {self.budget}")

    def revoked(self, credential: Credential) -> None:
        """Never take away what somebody still uses."""
        if not credential.unused and (user := self.in_use(credential)):
            self.broken(f"{credential.value} was revoked by the engine, but {user}")

    def _far_enough(self, before: Call, call: Call) -> None:
        gap, floor = call.at - before.at, self._floor(before, call)
        if gap >= floor - LATER:
            return
        if call.what in self.nudged:  # what was in flight may be older than the wish
            self.nudged.discard(call.what)
        else:
            self.broken(f"hot loop: {call.what} {gap:.3f} s after the last, floor {floor} s")

    def _floor(self, before: Call, call: Call) -> float:
        if call.what == "GET sys/health":
            # After a good one it is another outage, as far as anybody knows.
            return 0.0 if before.status == 200 else PROBE_FLOOR
        if before.status == 412:
            return STALE_FLOOR
        if call.token != before.token or self.stopping or "lookup" in call.what:
            return 0.0  # another token may be let in; a lookup is as rare as what it is about
        if call.what.endswith("/login") and self._died_since(before):
            return 0.0
        if "static-creds" in call.what:
            return ROTATION_FLOOR
        return 0.0 if "revoke" in call.what else FLOOR  # tried again with each other one

    def _died_since(self, login: Call) -> bool:
        """Tell whether a token was killed, or found dead, after this login began."""
        refused = login.status != 200 and self.lookup_refused_at >= login.at
        return refused or self.token_killed_at >= login.at

    def _still_good(self, last: Credential, token: ModelToken) -> str:
        """Return why a living credential need not have been replaced, or nothing."""
        if last.is_lease and (last.token is not token or last.truncated or last.renewal_refused):
            return ""
        end = min(last.expires_at, last.token.expires_at)
        if last.renewal_failed and self.clock.now() >= end - NEAR_THE_END:
            return ""
        if last.renewable:
            return "could be renewed"
        due = last.granted_at + EARLIEST * last.granted - ROUNDED
        return "" if self.clock.now() >= due else f"is not due before {due:.1f}"


def _note(times: deque[float], at: float, window: float) -> None:
    times.append(at)
    while times[0] <= at - window:
        times.popleft()
