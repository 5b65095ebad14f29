"""From a pod with our own annotations to a patch, or to every reason why there is none."""

from collections.abc import Iterator, Mapping
from typing import Any

from injector.inject.defaults import Defaults
from injector.inject.go import values
from injector.inject.outcome import Outcome, Problem, refused
from injector.inject.own import containers
from injector.inject.own.annotations import FAMILY, OF_CONFIG, PREFIX
from injector.inject.own.config import config_text
from injector.inject.own.reading import Annotations, of_pod
from injector.inject.own.settings import Settings, settings_of

INJECTED = "injected"


def asks(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod asks for an injection; raises ValueError if that cannot be told."""
    text = of_pod(pod).get("inject", "").strip()
    try:
        return values.boolean(text)
    except ValueError:
        raise ValueError(f"{PREFIX}inject: expected true or false, got '{text}'") from None


def inject(
    pod: Mapping[str, Any],
    namespace: str,
    defaults: Defaults,
    server: tuple[int, int] | None,
) -> Outcome:
    """Return what becomes of a pod that asks."""
    given = of_pod(pod)
    if (pod.get("status") or {}).get("phase", "") not in ("", "Pending"):
        return Outcome("the pod is running")
    if given.get("status") == INJECTED:
        return Outcome("it has been injected")
    read = Annotations(given, defaults)
    settings = settings_of(read, pod, server)
    configmap = read.given.get("configmap", "").strip()
    config = ""
    if configmap:
        _only_the_configmap(read)
    else:
        if not (read.files() or "config" in read):
            read.problem(
                "nothing says what is wanted; for a secret in a file: "
                f'{PREFIX}{FAMILY}app.env: "secret/data/app"',
                "inject",
            )
        config = config_text(read, pod, namespace, defaults, settings)
    _nothing_is_there_already(read, pod)
    warnings = (*read.unknown(), *_unreadable(read, settings))
    if not read.problems:
        try:
            operations = containers.patch(pod, settings, defaults, config, configmap)
        except ValueError as exc:
            read.problem(str(exc), "patch")
        else:
            return Outcome("injected", operations, warnings=warnings)
    return refused(read.problems.found, warnings)


def _only_the_configmap(read: Annotations) -> None:
    """Note what has no effect beside a ConfigMap."""
    for key in sorted(read.given):
        if key in OF_CONFIG or key.startswith(FAMILY):
            read.problem("has no effect beside a ConfigMap; write it there", key)


def _nothing_is_there_already(read: Annotations, pod: Mapping[str, Any]) -> None:
    spec = pod["spec"]
    kinds = {"container": [*spec["containers"], *(spec.get("initContainers") or ())]}
    kinds["volume"] = spec.get("volumes") or []
    for kind, things in kinds.items():
        for thing in things:
            if thing["name"] in containers.NAMES:
                read.problem(f"the pod has a {kind} '{thing['name']}' already", "inject")


def _unreadable(read: Annotations, settings: Settings) -> Iterator[str]:
    if settings.ids.user is None and read.text("run-as") == "same":
        yield (
            "neither the container nor the pod says runAsUser: its files can be read by the uid of "
            f"the injector's image only; say it there, or annotate {PREFIX}run-as"
        )


def unclear(exc: ValueError) -> Outcome:
    """Return the refusal of a pod of which nobody can tell whether it asks."""
    annotation, _, text = str(exc).partition(": ")
    return refused([Problem("", text, annotation)])
