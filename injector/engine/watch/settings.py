"""How the configuration treats one secret."""

from collections.abc import Callable, Mapping
from itertools import count

from msgspec import Struct

from injector.config import model
from injector.secret import Ref, Timing

DEFAULTS = model.Secret(path="-")


class SecretSettings(Struct, frozen=True):
    """The settings of one secret, by name or as named in place. Durations in seconds."""

    name: str
    timing: Timing
    optional: bool = DEFAULTS.optional
    on_missing: str = DEFAULTS.on_missing
    overlap: float = DEFAULTS.overlap
    publish_delay: float = DEFAULTS.publish_delay
    issuance_budget: int = DEFAULTS.issuance_budget


class SettingsBySecret:
    """Settings by secret; secrets that are not in `secrets:` have the defaults.

    A secret named only in a template is called by its path. Several at the same path, with
    different parameters, are numbered: the parameters may be secret themselves. So may parts of a
    path that a template computes.
    """

    def __init__(
        self, config: model.Config, names: Mapping[str, Ref], redact: Callable[[str], str]
    ) -> None:
        self._redact = redact
        self._common = config.template_config
        self._named = {
            names[name]: self._settings(name, secret) for name, secret in config.secrets.items()
        }
        self._in_place: dict[Ref, SecretSettings] = {}  # named only in templates, and wanted now
        self._names: set[str] = set()  # of the secrets in `_in_place`

    def of(self, ref: Ref) -> SecretSettings:
        if (settings := self._named.get(ref) or self._in_place.get(ref)) is None:
            settings = self._in_place[ref] = SecretSettings(self._free_name(ref), self._timing(0.0))
        return settings

    def forget(self, ref: Ref) -> None:
        """Drop the settings of a secret that is no longer wanted: its path may be computed."""
        if (settings := self._in_place.pop(ref, None)) is not None:
            self._names.discard(settings.name)

    def overlap(self, ref: Ref) -> float:
        """Return the overlap of a secret that may have been forgotten."""
        settings = self._named.get(ref)
        return DEFAULTS.overlap if settings is None else settings.overlap

    def _free_name(self, ref: Ref) -> str:
        path = name = self._redact(str(ref))
        numbers = count(2)
        while name in self._names:
            name = f"{path} #{next(numbers)}"
        self._names.add(name)
        return name

    def _settings(self, name: str, secret: model.Secret) -> SecretSettings:
        return SecretSettings(
            name,
            self._timing(secret.refresh),
            secret.optional,
            secret.on_missing,
            secret.overlap,
            secret.publish_delay,
            secret.issuance_budget,
        )

    def _timing(self, refresh: float) -> Timing:
        common = self._common
        return Timing(
            refresh or common.static_secret_render_interval, common.lease_renewal_threshold
        )
