"""What becomes of a pod, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Operations = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a pod that cannot be done as it says. `stage` is vault-k8s' name of the step."""

    stage: str
    text: str
    annotation: str = ""  # with its prefix


@dataclass(frozen=True, slots=True)
class Outcome:
    """A patch, a refusal, or neither: then the pod is left alone.

    `why` says in a few words what was done and why, for the log and for `--explain`.
    """

    why: str
    patch: Operations | None = None  # JSON patch (RFC 6902) of the pod
    problems: tuple[Problem, ...] = ()
    message: str = ""  # what the user is told of a refusal
    warnings: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.problems


class Problems:
    """Collects problems in the order in which vault-k8s would have met them."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.stage = ""

    def add(self, text: str, annotation: str = "") -> None:
        self.found.append(Problem(self.stage, text, annotation))

    def __bool__(self) -> bool:
        return bool(self.found)


def refused(problems: Sequence[Problem], warnings: tuple[str, ...] = ()) -> Outcome:
    """Return a refusal with every problem in one message, each with its annotation."""
    lines = [
        f"{problem.annotation}: {problem.text}" if problem.annotation else problem.text
        for problem in problems
    ]
    count = f"{len(lines)} problems" if len(lines) > 1 else "1 problem"
    message = f"vault-injector: {count} with the pod's annotations: {'; '.join(lines)}"
    return Outcome("refused", problems=tuple(problems), message=message, warnings=warnings)
