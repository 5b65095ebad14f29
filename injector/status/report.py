"""What the status page says: a pure reading of health, store and tokens."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import injector
from injector.clock import Clock
from injector.health import Health, State
from injector.metrics import Metrics
from injector.secret import Ref
from injector.store import Generation, Store
from injector.vault import Tokens


@dataclass(frozen=True, slots=True)
class Report:
    """Reads the parts that know; knows nothing itself.

    `missing` lists files not in place yet, `ended` those whose readers see a value that has ended,
    `gone` secrets that disappeared and may not.
    """

    clock: Clock
    health: Health
    metrics: Metrics
    store: Store
    tokens: Tokens
    redact: Callable[[str], str]
    name_of: Callable[[Ref], str]
    missing: Callable[[], list[str]]
    ended: Callable[[], list[tuple[str, Generation]]]
    gone: Callable[[], list[str]]
    started_at: float

    def not_ready(self) -> list[str]:
        """Return why this is not ready; nothing when it is.

        Every file of this run is in place, and nothing in use has expired: an outage of Vault alone
        changes nothing.
        """
        reasons = [f"{path} is not in place yet" for path in self.missing()]
        reasons += [f"{name} does not exist any more (on_missing: fail)" for name in self.gone()]
        reasons += sorted({self._ended(name, generation) for name, generation in self.ended()})
        return reasons

    def _ended(self, output: str, generation: Generation) -> str:
        name = self.name_of(generation.ref)
        if generation is self.store.current(generation.ref):
            return f"{name} has expired"
        return f"{output} holds a value of {name} that has expired"

    def as_json(self) -> dict[str, Any]:
        now = self.clock.now()
        reasons = self.not_ready()
        return {
            "version": injector.__version__,
            "uptime": round(now - self.started_at, 1),
            "ready": not reasons,
            "not_ready": reasons,
            "vault": self._state("vault", "server"),
            "token": self._token(),
            "secrets": self._secrets(),
            "files": [
                {"destination": report.name, **self._state("file", report.name)}
                for report in self.health.all("file")
            ],
            "bundles": [
                {"name": report.name, **self._state("bundle", report.name)}
                for report in self.health.all("bundle")
            ],
            "sinks": [
                {"path": report.name, **self._state("sink", report.name)}
                for report in self.health.all("sink")
            ],
            "notify": [
                {"name": report.name, **self._state("notify", report.name)}
                for report in self.health.all("notify")
            ],
        }

    def _state(self, kind: str, name: str) -> dict[str, Any]:
        report = self.health.of(kind, name)
        if report is None:  # the server is only spoken of once it has been down
            return {"state": State.OK.value}
        state: dict[str, Any] = {"state": report.state.value, "since": self._wall(report.since)}
        if report.error is not None:
            state["error"] = self.redact(str(report.error))
            state["error_class"] = report.error.label
        return state

    def _token(self) -> dict[str, Any]:
        token = self.tokens.held
        state = self._state("token", "token")
        if token is not None and token.duration:
            state["expires_at"] = self._wall(token.expires_at)
            state["renewable"] = token.renewable
        return state

    def _secrets(self) -> list[dict[str, Any]]:
        generations = {self.name_of(g.ref): self._generation(g) for g in self.store.all()}
        return [
            {
                "name": report.name,
                **self._state("secret", report.name),
                **generations.get(report.name, {}),
            }
            for report in self.health.all("secret")
        ]

    def _generation(self, generation: Generation) -> dict[str, Any]:
        life, answer = generation.life, generation.answer
        return {
            "path": str(generation.ref),
            "kind": life.kind.value,
            "generation": generation.number,
            "version": (answer.version if answer else "") or None,
            "phase": generation.phase.value,
            "published_at": self._wall(generation.added_at),
            "refreshed_at": self._wall(life.granted_at),
            "expires_at": None if life.expires_at == math.inf else self._wall(life.expires_at),
        }

    def _wall(self, moment: float) -> float:
        """Return a moment of the injected clock as seconds since the epoch."""
        return round(self.clock.wall() + moment - self.clock.now(), 3)
