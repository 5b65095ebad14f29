"""What must hold whenever nothing is in flight that will get on by itself."""

import asyncio
import io
from dataclasses import dataclass
from math import inf
from pathlib import Path

from injector.base.health import Health
from injector.engine.store import Store
from tests.model.clock import LATER, ModelClock
from tests.model.rules import BUDGET_MISSED, Credential
from tests.model.server import ModelServer, look_at
from tests.model.vault import CERT, DB
from tests.model.world import (
    FILES,
    FRESH_WITHIN,
    NOTIFIED_WITHIN,
    TARGETS,
    VARIANTS,
    WRONG_WITHIN,
    World,
)

# The longest wait after a failure, and a moment.
LONGEST_WAIT = 62.0
# What everybody waits after an outage, at most.
SPREAD = 1.0
# Of a secret: the current lease, a pending one, and some in their overlap.
MOST_LEASES = 6
# Of a secret that the configuration does not name any more.
DEFAULT_OVERLAP = 60.0
PATHS = {"db": DB, "cert": CERT}


@dataclass(frozen=True)
class Now:
    """The running assembly, as far as it is judged."""

    variant: str
    health: Health
    store: Store
    task: "asyncio.Task[None]"

    @property
    def files(self) -> tuple[str, ...]:
        return VARIANTS[self.variant][0]

    @property
    def min_interval(self) -> float:
        return VARIANTS[self.variant][1]


class Checks:
    """Compares files, notifications and the engine's record with the truth."""

    def __init__(
        self, world: World, server: ModelServer, files: dict[str, Path], output: io.StringIO
    ) -> None:
        self.now: Now | None = None
        self.reloaded_at = -inf
        self.edited: set[str] = set()  # files that somebody else has touched
        self._world = world
        self._server = server
        self._model = server.model
        self._model.rules.in_use = self._in_use
        self._broken = self._model.rules.broken
        self._files = files
        self._output = output
        self._seen: set[str] = set()
        self._judged = dict.fromkeys(TARGETS, 0)
        self._heard: dict[str, tuple[object, ...]] = {}
        self._unsure: set[str] = set()  # targets whose pending notification died with a process
        self._pending_since: dict[str, float] = {}
        self._used_at: dict[str, float] = {}
        self._restarted = False
        self._numbers = 0

    def change(self, name: str) -> None:
        """Give a KV secret a value that it never had."""
        self._numbers += 1
        if self._model.current(name) is None:
            self._model.trouble(FRESH_WITHIN + SPREAD)
        self._model.put(name, f"{name}-value-{self._numbers}")

    def another_process(self, variant: str, *, persist: bool) -> None:
        """Note that nobody knows any more what values were, nor what was still to be notified."""
        self._restarted = True
        if persist:
            return
        files = VARIANTS[variant][0]
        self._unsure |= {target for target in TARGETS if not self._knows(target, files)}

    def check(self) -> None:
        if self.now is None:
            return
        if self.now.task.done():
            self.now.task.result()
        if self._model.clock.now() > self._model.troubled_until:
            self._files_right(self.now)
        self._files_whole(self.now)
        for target in TARGETS:
            self._notified_once(target)
            self._notified_in_time(target, self.now)
        self._nothing_leaked(self.now)
        self._raise()

    async def heal(self, clock: ModelClock) -> None:
        """Wait as long as anything may take, and a round of everything; then all is right."""
        assert self.now is not None
        longest = LONGEST_WAIT if self._world.budget > 100 else BUDGET_MISSED
        await clock.advance(max(longest, self._model.troubled_until - clock.now()))
        self._model.troubled_until = clock.now()
        for name in ("a", "b"):
            self.change(name)
        await clock.advance(FRESH_WITHIN + self.now.min_interval + NOTIFIED_WITHIN)
        failures = self.now.health.failures()
        if (
            failures
            and not self._model.rules.exhausted(DB)
            and not self._model.rules.exhausted(CERT)
        ):
            self._broken(f"not settled: {failures}")
        if len(self.now.store.leases()) > MOST_LEASES:
            self._broken(f"{len(self.now.store.leases())} leases are kept")
        self._raise()

    def _raise(self) -> None:
        rules = self._model.rules
        if rules.violations:
            calls = "\n".join(map(str, list(rules.calls)[-30:]))
            log = "".join(self._output.getvalue().splitlines(keepends=True)[-25:])
            raise AssertionError("\n".join([*rules.violations, "", calls, "", log]))

    # -- files

    def _files_whole(self, now: Now) -> None:
        """The last good file is never lost, and no file is ever half."""
        for name in now.files:
            path = self._files[name]
            if not path.exists():
                if name in self._seen:
                    self._broken(f"file {name} was lost")
                continue
            self._seen.add(name)
            values = read(path)
            if name in self.edited:
                troubled = self._model.clock.now() <= self._model.troubled_until
                if "edited" in values and (troubled or self._lacks_a_value(name)):
                    continue
                self.edited.discard(name)
            keys = [line.split("=")[0] for line in FILES[name][0].splitlines()]
            if list(values) != keys or not all(values.values()):
                self._broken(f"file {name} is {path.read_text()!r}")

    def _files_right(self, now: Now) -> None:
        """While Vault answers, no file is older than the rules allow, and no credential dead."""
        for name in now.files:
            if self._lacks_a_value(name):
                continue
            if not self._files[name].exists():
                self._broken(f"file {name} is not there, though nothing prevents it")
                continue
            for key, value in read(self._files[name]).items():
                if key in ("a", "b", "role"):
                    if value not in self._allowed(key):
                        self._broken(f"file {name} has {value}, not {self._allowed(key)}")
                elif not self._model.works(value) and not self._model.rules.exhausted(
                    PATHS.get(key, "")
                ):
                    self._broken(f"file {name} has the dead credential {value}")

    def _lacks_a_value(self, name: str) -> bool:
        """Tell whether one of its values cannot be had: another process cannot make this file."""
        keys = [line.split("=")[0] for line in FILES[name][0].splitlines()]
        return self._restarted and any(
            self._model.rules.exhausted(PATHS[key])
            if key in PATHS
            else key in self._model.values and self._model.current(key) is None
            for key in keys
        )

    def _allowed(self, name: str) -> list[str]:
        """Return the values that `name` had within the time a change may take."""
        if name == "role":
            now = self._model.clock.now()
            return [self._model.password(now), self._model.password(now - WRONG_WITHIN)]
        since = self._model.clock.now() - FRESH_WITHIN
        everything = self._model.values[name]
        history = [(at, value) for at, value in everything if value is not None]
        # What is deleted may never have been seen: then the one before it stays.
        older = 1 + sum(value is None for _, value in everything)
        before = [value for at, value in history if at <= since][-older:]
        return before + [value for at, value in history if at > since]

    # -- notifications

    def tampered(self, name: str) -> None:
        """Expect the file to be put right, and its application to be notified of that."""
        self.edited.add(name)
        self._unsure.add(FILES[name][1])

    def _notified_once(self, target: str) -> None:
        notifications = self._server.notifications[target]
        for notification in notifications[self._judged[target] :]:
            if not notification.heard:
                continue
            # When all wake at once, a notification that was due before a change sees the change.
            woken = notification.at <= self._model.clock.jumped_at + NOTIFIED_WITHIN
            known = notification.seen == self._heard.get(target)
            if known and not woken and target not in self._unsure:
                self._broken(f"{target} was notified again of what it knew")
            self._heard[target] = notification.seen
            self._unsure.discard(target)
        self._judged[target] = len(notifications)

    def _notified_in_time(self, target: str, now: Now) -> None:
        mine = [name for name in now.files if FILES[name][1] == target]
        complete = bool(mine) and all(self._files[name].exists() for name in mine)
        if not complete or target in self._unsure or self._knows(target, now.files):
            self._pending_since.pop(target, None)
            return
        at = self._model.clock.now()
        since = max(self._pending_since.setdefault(target, at), self._model.troubled_until)
        if at > since + NOTIFIED_WITHIN + now.min_interval:
            self._broken(f"{target} was not notified of a change")

    def _knows(self, target: str, files: tuple[str, ...]) -> bool:
        """Tell whether a target was notified of what its files, of this configuration, are now."""
        paths = self._server.files_of[target]
        heard = self._heard.get(target, (None,) * len(paths))
        return all(
            before == found
            for path, before, found in zip(paths, heard, look_at(paths)[0], strict=True)
            if path.name in files
        )

    # -- leases

    def _nothing_leaked(self, now: Now) -> None:
        """Every living lease that was delivered is on record: it will be renewed or revoked."""
        known = {lease.lease_id for lease in now.store.leases()}
        for credential in self._model.living():
            if credential.id not in known:
                self._broken(f"the lease of {credential.value} is on nobody's record")
            self._given_back(credential, now)

    def _given_back(self, credential: Credential, now: Now) -> None:
        """A lease that nobody uses is revoked soon after its overlap."""
        value, at = credential.value, self._model.clock.now()
        if self._used(credential, now) or any(map(self._lacks_a_value, now.files)):
            self._used_at[value] = at
            return
        idle = at - max(self._used_at.setdefault(value, at), self._model.troubled_until)
        overlap = DEFAULT_OVERLAP if credential.unused else self._world.overlap
        if idle > overlap + self._world.publish_delay + NOTIFIED_WITHIN + now.min_interval:
            self._broken(f"the lease of {value} was kept, though nobody uses it")

    def _used(self, credential: Credential, now: Now) -> bool:
        if any(
            self._files[name].exists() and credential.value in self._files[name].read_text()
            for name in now.files
        ):
            return True
        files = [(FILES[name][1], self._files[name]) for name in now.files]
        return any(self._knowledge(credential, *file)[0] for file in files)

    def _in_use(self, credential: Credential) -> str:
        """Return who needs a credential that the engine is about to revoke, or nothing."""
        if self.now is None:
            return ""
        for name in self.now.files:
            path, target = self._files[name], FILES[name][1]
            if path.exists() and credential.value in read(path).values():
                return f"it is in file {name}"
            knows, left_at = self._knowledge(credential, target, path)
            if knows and target not in self._unsure:
                return f"{target} has not been notified of another"
            ago = self._model.clock.now() - left_at
            # A file that a reload brings back may still hold what was given up meanwhile.
            settled = (
                self._model.clock.now() > self.reloaded_at + self._world.overlap + NOTIFIED_WITHIN
            )
            if settled and ago < self._world.overlap - LATER:
                return f"{target} left it only {ago:.1f} s ago"
        return ""

    def _knowledge(self, credential: Credential, target: str, path: Path) -> tuple[bool, float]:
        """Return whether the application works with this one, and since when it does not."""
        index = self._server.files_of[target].index(path)
        knows, left_at = False, -1e9
        for notification in self._server.notifications[target]:
            if notification.heard:
                has = credential.value in notification.texts[index]
                left_at = notification.at if knows and not has else left_at
                knows = has
        return knows, left_at


def read(path: Path) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in path.read_text().splitlines())
