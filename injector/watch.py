"""One state machine per secret: fetch, publish, sleep until due, renew or fetch again."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from injector.clock import Clock, Wakeup
from injector.config import model
from injector.errors import InjectorError, MissingError, TransientError
from injector.health import Health
from injector.log import Logger, Redactor
from injector.metrics import Metrics
from injector.retry import Availability
from injector.secret import (
    Act,
    Kind,
    Life,
    Ref,
    Step,
    Timing,
    after_failed_renewal,
    after_failure,
    after_renewal,
    next_step,
)
from injector.store import Generation, Store
from injector.vault import Answer, Tokens, Vault
from injector.vault.transport import Unreachable

# Fewer failures in a row than this are not yet an error in the log: a retry usually mends them.
LOUD = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """How the configuration treats one secret."""

    name: str
    timing: Timing
    engine: str = "auto"
    optional: bool = False


def entries(config: model.Config, names: Mapping[str, Ref]) -> dict[Ref, Entry]:
    """Return the settings of each named secret; `default_entry` is for those named in place."""
    common = config.template_config
    return {
        names[name]: Entry(
            name,
            Timing(
                secret.refresh or common.static_secret_render_interval,
                common.lease_renewal_threshold,
            ),
            secret.engine,
            secret.optional,
        )
        for name, secret in config.secrets.items()
    }


def default_entry(ref: Ref, common: model.TemplateConfig) -> Entry:
    timing = Timing(common.static_secret_render_interval, common.lease_renewal_threshold)
    return Entry(str(ref), timing)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a watcher works with."""

    clock: Clock
    draw: Callable[[], float]
    vault: Vault
    tokens: Tokens
    availability: Availability
    store: Store
    health: Health
    metrics: Metrics
    redactor: Redactor
    log: Logger


class Watcher:
    """Keeps one secret right. Its knowledge is in the store; only the failures are its own."""

    def __init__(self, ref: Ref, entry: Entry, parts: Parts) -> None:
        self.ref = ref
        self.entry = entry
        self._parts = parts
        self._failures = 0
        self._renewing = False
        self.due = Wakeup()

    async def run(self) -> None:
        """Refresh for ever. Runs until cancelled."""
        clock = self._parts.clock
        step = self._resume()
        while True:
            await clock.sleep(step.at - clock.now(), self.due)
            step = await self.refresh(step.act)

    async def refresh(self, act: Act) -> Step:
        """Do what is due; return what is next. A failure is state, not an exception."""
        await self._parts.availability.wait()
        try:
            step = await (self._renew() if act is Act.RENEW else self._fetch())
        except InjectorError as exc:
            return self._failed(exc, act)
        self._succeeded()
        return step

    def _resume(self) -> Step:
        """Go on where the store's record stands: a reload is not a reason to ask again."""
        generation = self._parts.store.current(self.ref)
        if generation is None:
            return Step(Act.FETCH, self._parts.clock.now())
        return next_step(generation.life, self.entry.timing, self._parts.draw())

    async def _fetch(self) -> Step:
        parts = self._parts
        try:
            answer, life = await parts.tokens.use(
                lambda token: parts.vault.fetch(self.ref, token, engine=self.entry.engine)
            )
        except MissingError:
            if not self.entry.optional:
                raise
            return self._absent()
        self._record(answer, life)
        return next_step(life, self.entry.timing, parts.draw())

    async def _renew(self) -> Step:
        parts = self._parts
        generation = parts.store.current(self.ref)
        assert generation is not None
        assert generation.answer is not None
        lease_id, before = generation.answer.lease_id, generation.life
        sent = parts.clock.now()
        token = await parts.tokens.current()
        duration, renewable = await parts.vault.renew_lease(
            lease_id, token, increment=before.duration
        )
        life = Life(Kind.LEASE, sent, duration, renewable, before.token_expires_at)
        parts.store.confirm(self.ref, life)
        self._measure(generation)
        parts.log.debug("lease renewed", secret=self.entry.name, duration=duration)
        return after_renewal(before, life, self.entry.timing, parts.draw())

    def _record(self, answer: Answer, life: Life) -> None:
        """Publish a new value; confirm an old one."""
        parts = self._parts
        before = parts.store.current(self.ref)
        if before is not None and before.answer is not None and _same(before.answer, answer):
            parts.store.confirm(self.ref, life)
            self._measure(before)
            return
        parts.redactor.learn(self.ref, answer.data)
        generation = parts.store.publish(self.ref, answer, life, parts.clock.now())
        self._measure(generation)
        parts.log.debug(
            "secret fetched",
            secret=self.entry.name,
            kind=answer.kind,
            generation=generation.number,
            version=answer.version or None,
        )

    def _absent(self) -> Step:
        """Publish that an optional secret does not exist: its value is none until it does."""
        parts = self._parts
        life = Life(Kind.STATIC, parts.clock.now())
        before = parts.store.current(self.ref)
        if before is not None and before.answer is None:
            parts.store.confirm(self.ref, life)
        else:
            parts.store.publish(self.ref, None, life, parts.clock.now())
        return next_step(life, self.entry.timing, parts.draw())

    def _succeeded(self) -> None:
        if self._failures:
            self._parts.log.info("secret recovered", secret=self.entry.name)
        self._failures = 0
        self._parts.health.ok("secret", self.entry.name)

    def _failed(self, error: InjectorError, act: Act) -> Step:
        parts = self._parts
        self._failures += 1
        parts.health.failing("secret", self.entry.name, error)
        if isinstance(error, Unreachable):
            parts.availability.report(error)
        now = parts.clock.now()
        generation = parts.store.current(self.ref)
        if act is Act.RENEW and generation is not None:
            step = after_failed_renewal(error, self._failures, generation.life, now, parts.draw())
        else:
            at = after_failure(
                error, self._failures, now=now, timing=self.entry.timing, draw=parts.draw()
            )
            step = Step(Act.FETCH, at)
        quiet = isinstance(error, TransientError) and self._failures < LOUD
        (parts.log.info if quiet else parts.log.error)(
            "secret failed",
            secret=self.entry.name,
            error=str(error),
            error_class=error.label,
            failures=self._failures,
            retry_in=round(step.at - now, 1),
        )
        return step

    def _measure(self, generation: Generation) -> None:
        metrics, clock, name = self._parts.metrics, self._parts.clock, self.entry.name
        wall = clock.wall()
        metrics.secret_refreshed.set(wall, name)
        metrics.secret_generation.set(generation.number, name)
        expires_at = generation.life.expires_at
        if expires_at != float("inf"):
            metrics.secret_expires.set(wall + expires_at - clock.now(), name)


def _same(before: Answer, after: Answer) -> bool:
    """Tell whether it is the same value: a new KV version with equal data is (rule R12)."""
    return before.data == after.data and not after.lease_id


class Watch:
    """A watcher for each wanted secret, no more and no fewer."""

    name = "watch"

    def __init__(self, config: model.Config, names: Mapping[str, Ref], parts: Parts) -> None:
        self._common = config.template_config
        self._entries = entries(config, names)
        self._parts = parts
        self._watchers: dict[Ref, tuple[Watcher, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Start and stop watchers as wishes change. Runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._adjust(group)
                await self._parts.clock.sleep(float("inf"), self._parts.store.wishes)

    def refresh_static(self) -> None:
        """Read static secrets again now (SIGUSR1, bare refresh): nothing is ever issued anew."""
        for watcher, _ in self._watchers.values():
            generation = self._parts.store.current(watcher.ref)
            if generation is None or generation.life.kind is Kind.STATIC:
                watcher.due.ring()

    def name_of(self, ref: Ref) -> str:
        return self._entry(ref).name

    def _entry(self, ref: Ref) -> Entry:
        return self._entries.get(ref) or default_entry(ref, self._common)

    def _adjust(self, group: asyncio.TaskGroup) -> None:
        wanted = self._parts.store.wanted
        for ref in self._watchers.keys() - wanted:
            watcher, task = self._watchers.pop(ref)
            task.cancel()
            self._parts.store.forget(ref)
            self._parts.redactor.forget(ref)
            self._parts.health.forget("secret", watcher.entry.name)
            for gauge in (
                self._parts.metrics.secret_expires,
                self._parts.metrics.secret_refreshed,
                self._parts.metrics.secret_generation,
            ):
                gauge.forget(watcher.entry.name)
        for ref in wanted - self._watchers.keys():
            watcher = Watcher(ref, self._entry(ref), self._parts)
            if self._parts.store.current(ref) is None:
                self._parts.health.waiting("secret", watcher.entry.name)
            task = group.create_task(watcher.run(), name=f"watch {ref}")
            self._watchers[ref] = (watcher, task)
