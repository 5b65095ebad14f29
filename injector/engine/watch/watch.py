"""Runs a watcher for each wanted secret, no more and no fewer."""

import asyncio
from collections.abc import Iterable, Mapping

from injector.base.context import Context
from injector.base.errors import MissingError
from injector.base.health import HealthState
from injector.config import model
from injector.engine.store import Store
from injector.engine.watch.replaced import Replaced
from injector.engine.watch.settings import SettingsBySecret
from injector.engine.watch.watcher import Demand, Watcher
from injector.secret import Kind, Ref, Step
from injector.sources.source import Source, Token


class Watch:
    """Starts and stops watchers as secrets become wanted or unwanted."""

    name = "watch"

    def __init__(
        self,
        config: model.Config,
        names: Mapping[str, Ref],
        context: Context,
        *,
        store: Store,
        sources: Mapping[str, Source],
    ) -> None:
        self.settings = SettingsBySecret(config, names, context.redactor.proofread)
        self._context = context
        self._store = store
        self._sources = sources
        self._watchers: dict[Ref, tuple[Watcher, asyncio.Task[None]]] = {}
        self._replaced = [
            Replaced(self.settings.of, context, store=store, source=source)
            for source in sources.values()
        ]

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for replaced in self._replaced:
                group.create_task(replaced.run(), name="watch replaced leases")
            while True:
                self._adjust(group)
                await self._context.clock.sleep(float("inf"), self._store.wanted_changed)

    def static(self) -> list[Ref]:
        """Return the secrets that can be re-read without issuing anything."""
        found = {ref: self._store.current(ref) for ref in self._watchers}
        return [ref for ref, now in found.items() if now is None or now.life.kind is Kind.STATIC]

    def named(self) -> dict[str, Ref]:
        """Return every wanted secret by name."""
        return {watcher.settings.name: ref for ref, (watcher, _) in self._watchers.items()}

    def refresh(self, refs: Iterable[Ref]) -> dict[Ref, Demand]:
        """Re-read or reissue these now."""
        return {ref: self._watchers[ref][0].demand() for ref in refs}

    def refresh_static(self) -> None:
        """Read static secrets again now (SIGUSR1)."""
        self.refresh(self.static())

    def follow(self, source: str, token: Token) -> None:
        """Extend leases with their token, and reissue what would die with an old one."""
        self._store.extend(source, token)
        for watcher, _ in self._watchers.values():
            watcher.follow_token()

    def step(self, ref: Ref) -> Step | None:
        """Return the next step of a secret."""
        found = self._watchers.get(ref)
        return None if found is None else found[0].step

    def called(self, ref: Ref) -> str:
        """Return the name of a secret, or the path of one that is no longer wanted."""
        found = self._watchers.get(ref)
        return (
            self._context.redactor.proofread(str(ref)) if found is None else found[0].settings.name
        )

    def gone(self) -> list[str]:
        """Return the secrets that disappeared and whose `on_missing` is fail."""
        return [
            watcher.settings.name
            for watcher, _ in self._watchers.values()
            if watcher.settings.on_missing == "fail"
            and (report := self._context.health.of("secret", watcher.settings.name)) is not None
            and report.state is HealthState.FAILING
            and isinstance(report.error, MissingError)
        ]

    def forget_unwanted(self) -> None:
        """Drop what an earlier process left and nothing uses; a watcher's record goes with it."""
        for ref in self._store.unwanted() - self._watchers.keys():
            self._store.forget(ref, self._context.clock.now())

    def _adjust(self, group: asyncio.TaskGroup) -> None:
        context = self._context
        wanted = self._store.wanted
        for ref in self._watchers.keys() - wanted:
            watcher, task = self._watchers.pop(ref)
            task.cancel()
            self._store.forget(ref, context.clock.now())
            context.health.forget("secret", watcher.settings.name)
            self.settings.forget(ref)
        for ref in sorted(wanted - self._watchers.keys(), key=lambda ref: ref.order):
            watcher = self._watcher(ref)
            if self._store.current(ref) is None:
                context.health.waiting("secret", watcher.settings.name)
            task = group.create_task(watcher.run(), name=f"watch {ref}")
            self._watchers[ref] = (watcher, task)
        context.metrics.keep_secrets(self.named().keys())

    def _watcher(self, ref: Ref) -> Watcher:
        return Watcher(
            ref,
            self.settings.of(ref),
            self._context,
            store=self._store,
            source=self._sources[ref.source],
        )
