"""The status of a running injector: read from its parts, never with values."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import injector
from injector.base.clock import Clock, iso
from injector.base.health import Health, HealthState, Report
from injector.base.metrics import STATES, Metrics
from injector.engine.auth.autoauth import AutoAuth
from injector.engine.delivery import Delivery, Ledger, Output
from injector.engine.history import Event, Rotations
from injector.engine.store import Generation, Store
from injector.engine.watch import Watch
from injector.secret import READ, Action, Ref
from injector.sources.vault import Tokens
from injector.status.attention import attention, counts, health
from injector.status.place import Place

if TYPE_CHECKING:
    from injector.engine.journal import Journal

# How many rotations are reported, latest first.
LAST = 20


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Reads the status from the parts; has no state itself.

    `not_ready` returns the reasons, none if it is ready; `expired` the secrets that are read
    although they have expired, in words and since when; `command` facts about the supervised
    command, if there is one.
    """

    clock: Clock
    health: Health
    metrics: Metrics
    store: Store
    rotations: Rotations
    ledger: Ledger
    tokens: Tokens
    auth: AutoAuth
    watch: Watch
    delivery: Delivery
    redact: Callable[[str], str]
    journal: "Journal | None"
    address: str  # where Vault is
    configuration: Callable[[], Report]  # whether what its file says is in force
    not_ready: Callable[[], list[str]]
    expired: Callable[[], list[tuple[str, str, float]]]
    place: Place
    command: Callable[[], dict[str, Any]] | None
    started_at: float

    def as_json(self) -> dict[str, Any]:
        """Return everything; times are as in the log and the journal."""
        status = self._parts()
        status["attention"] = attention(status)
        return {"health": health(status), "counts": counts(status), **status}

    def measure(self) -> None:
        """Set the metrics that are states, not events."""
        self.metrics.ready.set(0 if self.not_ready() else 1)
        self.metrics.secret_state.show(
            {name: self._state("secret", name)["state"] for name in self.watch.named()}, STATES
        )
        targets = [self._target(report.name) for report in self.health.all("notify")]
        self.metrics.notify_state.show(
            {target["name"]: _state_of(target) for target in targets}, (*STATES, "absent")
        )

    def _parts(self) -> dict[str, Any]:
        reasons = self.not_ready()
        outputs = self.delivery.outputs
        return {
            "version": injector.__version__,
            "now": iso(self.clock.wall()),
            "host": self.place.host,
            "in_kubernetes": self.place.in_kubernetes,
            "namespace": self.place.namespace,
            "uptime": round(self.clock.now() - self.started_at, 1),
            "ready": not reasons,
            "not_ready": reasons,
            "alarms": self._alarms(),
            "configuration": self._configuration(),
            "vault": {"address": self.address, **self._state("vault", "server")},
            "token": self._token(),
            "secrets": self._secrets(),
            "files": [
                {"destination": output.name, **self._output(output)}
                for output in outputs
                if output.kind == "file"
            ],
            "bundles": [
                {"name": output.name, "directory": output.destination.path, **self._output(output)}
                for output in outputs
                if output.kind == "bundle"
            ],
            "sinks": [
                {"path": report.name, **self._state("sink", report.name)}
                for report in self.health.all("sink")
            ],
            "notify": [self._target(report.name) for report in self.health.all("notify")],
            "command": self._command(),
            "journal": None if self.journal is None else self._journal(self.journal),
            "rotations": [self._rotation(event) for event in self.rotations.last(LAST)],
        }

    def _alarms(self) -> list[dict[str, Any]]:
        """Return problems that do not resolve themselves: a person has to act."""
        rejected = {name for change in self.ledger.rejected for name in change}
        found = [
            {"alarm": "rolled_back", "name": output.name, **self._state(output.kind, output.name)}
            for output in self.delivery.outputs
            if output.name in rejected
        ]
        found += [
            {"alarm": "expired", "name": name, "problem": words, "since": self._wall(at)}
            for name, words, at in self.expired()
        ]
        found += [
            {"alarm": "gone", "name": name, **self._state("secret", name)}
            for name in self.watch.gone()
        ]
        if self.metrics.unwrap_failed.values:
            found.append({"alarm": "unwrap_failed", "name": "secret id", "since": None})
        if (last := self.configuration()).state is HealthState.FAILING:
            found.append({"alarm": "not_reloaded", "name": last.name, **self._reported(last)})
        return found

    # -- the parts of it

    def _configuration(self) -> dict[str, Any]:
        """Return the file, and since when what it says has been in force, or has not."""
        last = self.configuration()
        return {"path": last.name, **self._reported(last)}

    def _state(self, kind: str, name: str) -> dict[str, Any]:
        report = self.health.of(kind, name)
        if report is None:  # there is a report on the server only once it has been down
            return {"state": HealthState.OK.value}
        return self._reported(report)

    def _reported(self, report: Report) -> dict[str, Any]:
        state: dict[str, Any] = {"state": report.state.value, "since": self._wall(report.since)}
        if report.error is not None:
            state["error"] = self.redact(str(report.error))
            state["error_class"] = report.error.label
            state["failures"] = report.failures
        return state

    def _command(self) -> dict[str, Any] | None:
        """Return the status of the supervised command and its environment."""
        if self.command is None:
            return None
        environment = [out for out in self.delivery.outputs if out.kind == "environment"]
        return {
            **self._state("child", "exec"),
            **self.command(),
            "environment": [self._output(output) for output in environment],
        }

    def _token(self) -> dict[str, Any]:
        token = self.tokens.held
        state = self._state("token", "token")
        if token is not None:
            state["granted_at"] = self._wall(token.granted_at)
            state["expires_at"] = self._wall(token.expires_at)
            state["renewable"] = token.renewable
        act, at = self.auth.step
        return {**state, "next": {"act": act.value, "at": self._wall(at)}}

    def _secrets(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                **self._state("secret", name),
                **self._generation(self.store.current(ref)),
                "next": self._next(ref),
                "used_by": [output.name for output in self.delivery.consumers(ref)],
            }
            for name, ref in sorted(self.watch.named().items())
        ]

    def _generation(self, generation: Generation | None) -> dict[str, Any]:
        if generation is None:
            return {}
        life = generation.life
        return {
            "path": self.redact(str(generation.ref)),
            "kind": life.kind.value,
            "generation": generation.number,
            "rotation": generation.rotation_id,
            "version": generation.rotation.version or None,
            "phase": generation.phase.value,
            "published_at": self._wall(generation.added_at),
            "refreshed_at": self._wall(life.granted_at),
            "expires_at": self._wall(life.expires_at),
        }

    def _next(self, ref: Ref) -> dict[str, Any] | None:
        """Return the next step of a secret, in words that say whether it issues anything."""
        if (step := self.watch.step(ref)) is None:
            return None
        current = self.store.current(ref)
        issued = ref.issues if current is None else current.life.kind not in READ
        action = (
            step.action.value if step.action is not Action.FETCH else "issue" if issued else "read"
        )
        return {"act": action, "at": self._wall(step.at)}

    def _output(self, output: Output[Any]) -> dict[str, Any]:
        return {
            **self._state(output.kind, output.name),
            "secrets": sorted(map(self.watch.called, output.state.wants)),
            "notify": list(output.targets),
        }

    def _target(self, name: str) -> dict[str, Any]:
        is_absent = name in self.ledger.absent
        notified_at = None if is_absent else self.ledger.notified_at.get(name)
        pending = self.ledger.unconfirmed().get(name)
        return {
            "name": name,
            **self._state("notify", name),
            "absent": is_absent,
            "notified_at": None if notified_at is None else self._wall(notified_at),
            "pending": [] if pending is None else sorted(pending.outputs),
        }

    def _journal(self, journal: "Journal") -> dict[str, Any]:
        state = HealthState.FAILING if journal.error else HealthState.OK
        return {"path": journal.path, "state": state.value, "error": journal.error or None}

    def _rotation(self, event: Event) -> dict[str, Any]:
        rotation = event.rotation
        return {
            "secret": self.watch.called(rotation.ref),
            "kind": rotation.kind.value,
            "generation": rotation.generation,
            "rotation": rotation.id,
            "version": rotation.version or None,
            "answered_at": self._wall(rotation.answered_at),
            "outcome": event.outcome.value,
            "at": self._wall(event.at),
            "error": event.reason or None,
            "error_class": event.error_class or None,
        }

    def _wall(self, moment: float) -> str | None:
        """Return a moment of the injected clock as people write it; None for never."""
        if math.isinf(moment):
            return None
        return iso(self.clock.wall() + moment - self.clock.now())


def _state_of(target: dict[str, Any]) -> str:
    """Return the state of a target: absence is no failure, and no success."""
    state: str = target["state"]
    return "absent" if target["absent"] and state == HealthState.OK else state
