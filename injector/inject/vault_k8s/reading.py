"""A pod's annotations with the webhook's defaults in them, read by what each of them takes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from injector.inject.defaults import Defaults
from injector.inject.go import values
from injector.inject.outcome import Problems
from injector.inject.shape import annotations
from injector.inject.vault_k8s.annotations import ALL, OPENBAO_PREFIX, PREFIX

T = TypeVar("T")

# Go's messages name its own functions.
EXPECTED: dict[Callable[[str], Any], str] = {
    values.boolean: "true or false",
    values.integer: "a whole number",
    values.unsigned: "a whole number that is not negative",
    values.real: "a number",
}


def of_pod(pod: Mapping[str, Any]) -> dict[str, str]:
    """Return vault-k8s' annotations of a pod without their prefix; `openbao.org/` goes first."""
    given = annotations(pod)
    found = {}
    for prefix in (PREFIX, OPENBAO_PREFIX):
        own = {key.removeprefix(prefix): given[key] for key in given if key.startswith(prefix)}
        found.update(own)
    return found


class Annotations:
    """Annotations by key, without their prefix. What cannot be read becomes a problem."""

    def __init__(
        self, given: Mapping[str, str], pod: Mapping[str, Any], defaults: Defaults, namespace: str
    ) -> None:
        self.given = given
        self._exact = defaults.exact
        self._as_written = annotations(pod)
        self.problems = Problems()
        self._texts = {**_defaults_of(defaults), **_defaults_of_pod(pod, namespace), **given}

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def set(self, key: str, text: str) -> None:
        """Give an annotation another value than the pod does."""
        self._texts[key] = text

    def drop(self, key: str) -> None:
        self._texts.pop(key, None)

    def text(self, key: str) -> str:
        return self._texts.get(key, "")

    def words(self, key: str) -> list[str]:
        """Return a list: no spaces are removed, as with vault-k8s."""
        return self.text(key).split(",")

    def flag(self, key: str, *, default: bool = False) -> bool:
        if key not in self._texts:
            return default
        return self._read(key, values.boolean, default)

    def integer(self, key: str) -> int:
        return self._read(key, values.integer, 0)

    def unsigned(self, key: str) -> int:
        return self._read(key, values.unsigned, 0)

    def real(self, key: str) -> float:
        return self._read(key, values.real, 0.0)

    def family(self, key: str) -> dict[str, str]:
        """Return what follows the key in each annotation, with its text, in order."""
        return {
            name.removeprefix(key): self._texts[name]
            for name in sorted(self._texts)
            if name.startswith(key)
        }

    def of_name(self, key: str, name: str, default: str = "") -> str:
        """Return the annotation of one NAME of a family."""
        return self._texts.get(f"{key}{name}", default)

    def problem(self, text: str, key: str = "") -> None:
        """Note that the pod cannot be injected; `key` is the annotation to correct."""
        self.problems.add(text, self.spelled(key) if key else "")

    def spelled(self, key: str) -> str:
        """Return a key with the prefix that the user gave it, or would."""
        theirs = f"{OPENBAO_PREFIX}{key}"
        of_openbao = theirs in self._as_written or (
            f"{PREFIX}{key}" not in self._as_written
            and f"{OPENBAO_PREFIX}agent-inject" in self._as_written
        )
        return theirs if of_openbao and not self._exact else f"{PREFIX}{key}"

    def _read(self, key: str, parse: Callable[[str], T], otherwise: T) -> T:
        try:
            return parse(self.text(key))
        except ValueError as exc:
            said = (
                str(exc) if self._exact else f"expected {EXPECTED[parse]}, got '{self.text(key)}'"
            )
            self.problem(said, key)
            return otherwise


def _defaults_of(defaults: Defaults) -> dict[str, str]:
    texts = {}
    for key, row in ALL.items():
        if row.flag:
            texts[key] = defaults.text(row.flag)
        elif row.default is not None and not row.is_family:
            texts[key] = row.default
    for key in ("auth-min-backoff", "auth-max-backoff"):
        if not texts[key]:
            del texts[key]
    if defaults.exact:  # vault-k8s reads this default, and drops it
        texts["template-lease-renewal-threshold"] = "0"
    return texts


def _defaults_of_pod(pod: Mapping[str, Any], namespace: str) -> dict[str, str]:
    names = [container["name"] for container in pod["spec"]["containers"]]
    return {"agent-request-namespace": namespace, "agent-inject-containers": ",".join(names)}
