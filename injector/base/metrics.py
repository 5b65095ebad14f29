"""Plain counters, gauges and observations.

No exporter is imported here: `status` turns these into Prometheus' text form, so that `once`
never pays for it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from injector.base.errors import InjectorError

Labels = tuple[str, ...]

# All that a result or reason can be: each has a line before the first event.
RENDERS = ("written", "unchanged", "failed", "rolled_back")
NOTIFICATIONS = ("sent", "current", "absent", "failed", "rejected")
STATES = ("ok", "waiting", "failing")
STARTS = ("first", "changed", "crashed")

# Seconds. Vault answers in milliseconds, a debounced notification takes up to 15 s.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Counter:
    """Something that happened, counted per combination of label values."""

    name: str
    help: str
    labels: Labels = ()
    values: dict[Labels, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, *labels: str) -> None:
        self.values[labels] += 1

    def expect(self, *labels: str) -> None:
        """Start at 0: to Prometheus, an increase from an absent series is none."""
        self.values[labels] += 0

    def keep(self, names: Collection[str]) -> None:
        """Drop the series whose first label is not among `names`."""
        self.values = _only(self.values, names)


@dataclass(slots=True)
class Gauge:
    """A value that can change in both directions."""

    name: str
    help: str
    labels: Labels = ()
    values: dict[Labels, float] = field(default_factory=dict)

    def has(self, *labels: str) -> bool:
        return labels in self.values

    def set(self, value: float, *labels: str) -> None:
        self.values[labels] = value

    def show(self, states: Mapping[str, str], possible: Collection[str]) -> None:
        """Set 1 for the state that each thing is in, and 0 for the others."""
        self.values = {
            (name, each): float(each == state)
            for name, state in states.items()
            for each in possible
        }

    def forget(self, *labels: str) -> None:
        self.values.pop(labels, None)

    def keep(self, names: Collection[str]) -> None:
        """Drop the series whose first label is not among `names`."""
        self.values = dict(_only(self.values, names))


@dataclass(slots=True)
class Histogram:
    """How long something took, in seconds."""

    name: str
    help: str
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        self.total += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.counts[index] += 1
                return
        self.counts[-1] += 1


class Metrics:
    """Every metric of the program, by the names of docs/metrics.md."""

    def __init__(self) -> None:
        self.ready = Gauge("injector_ready", "1 once every file of this run is in place.")
        self.reload_successful = Gauge(
            "injector_config_last_reload_successful",
            "1 while what the configuration and template files say is in force.",
        )
        self.reload_succeeded_at = Gauge(
            "injector_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read.",
        )
        self.token_expires = Gauge(
            "injector_token_expires_timestamp_seconds", "When the current token expires."
        )
        self.secret_expires = Gauge(
            "injector_secret_expires_timestamp_seconds",
            "When the value in use expires.",
            ("secret",),
        )
        self.secret_refreshed = Gauge(
            "injector_secret_refreshed_timestamp_seconds",
            "When Vault last confirmed or renewed the secret.",
            ("secret",),
        )
        self.secret_generation = Gauge(
            "injector_secret_generation",
            "How many different values this run has seen.",
            ("secret",),
        )
        self.secret_state = Gauge(
            "injector_secret_state",
            "1 for the state that the secret is in: ok, waiting or failing.",
            ("secret", "state"),
        )
        self.notify_state = Gauge(
            "injector_notify_state",
            "1 for the state that the notification is in: ok, absent, waiting or failing.",
            ("notify", "state"),
        )
        self.file_stale = Gauge(
            "injector_file_stale",
            "1 while a file is missing, or older than the secrets it is made from.",
            ("destination",),
        )
        self.renders = Counter(
            "injector_renders_total",
            "Renders by result: written, unchanged, failed or rolled_back.",
            ("destination", "result"),
        )
        self.notifications = Counter(
            "injector_notifications_total",
            "Notifications by result: sent, current (started after the change), absent, failed, "
            "rejected (rolled back).",
            ("notify", "result"),
        )
        self.errors = Counter("injector_errors_total", "Errors by class.", ("class",))
        for kind in InjectorError.__subclasses__():
            self.errors.expect(kind.label)
        self.vault_requests = Counter(
            "injector_vault_requests_total", "Requests to Vault.", ("operation", "code")
        )
        self.vault_request_seconds = Histogram(
            "injector_vault_request_seconds", "How long Vault took to answer."
        )
        self.rotation_seconds = Histogram(
            "injector_rotation_seconds",
            "From Vault's answer with a new value to the application having been notified.",
        )
        self.unwrap_failed = Counter(
            "injector_unwrap_failed_total",
            "Wrapped secret ids that somebody else may have opened. Alarm on any.",
        )

        self.child_up = Gauge("injector_child_up", "1 while the supervised command runs.")
        self.child_starts = Counter(
            "injector_child_starts_total",
            "Starts of the supervised command: the first, and because something changed or it "
            "crashed.",
            ("reason",),
        )

    def keep_secrets(self, names: Collection[str]) -> None:
        """Drop the series of secrets that are no longer wanted."""
        for gauge in (self.secret_expires, self.secret_refreshed, self.secret_generation):
            gauge.keep(names)

    def keep_outputs(self, names: Collection[str]) -> None:
        """Drop the series of files that a reload has removed."""
        self.file_stale.keep(names)
        self.renders.keep(names)
        for name in names:
            for result in RENDERS:
                self.renders.expect(name, result)

    def keep_targets(self, names: Collection[str]) -> None:
        """Drop the series of targets that a reload has removed."""
        self.notifications.keep(names)
        for name in names:
            for result in NOTIFICATIONS:
                self.notifications.expect(name, result)

    def has_command(self, *, runs: bool) -> None:
        """Say that there is a supervised command."""
        self.child_up.set(int(runs))
        for reason in STARTS:
            self.child_starts.expect(reason)

    def all(self) -> list[Counter | Gauge | Histogram]:
        return [getattr(self, name) for name in vars(self)]


def _only(values: Mapping[Labels, float], names: Collection[str]) -> defaultdict[Labels, float]:
    kept = {labels: value for labels, value in values.items() if labels[0] in names}
    return defaultdict(float, kept)
