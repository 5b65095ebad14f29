"""The files of a configuration, each by itself: those of `template:` and the members of bundles."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from injector.agent import build
from injector.agent.plan import Plan
from injector.config import model
from injector.config.problem import suggest
from injector.delivery.output import Renderer
from injector.errors import ConfigError
from injector.secret import Ref


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One file: where it goes, and what makes it. `whole` is the bundle's directory, if any."""

    path: str
    entry: model.Template
    renderer: Renderer[bytes] = field(repr=False)
    ref: Ref | None  # of a ready format; None for a template
    whole: str = ""


def targets(plan: Plan, refs: Mapping[str, Ref], wanted: Sequence[str] = ()) -> list[Target]:
    """Return what is wanted, by destination or by the directory of a bundle; or all of them."""
    found = list(_targets(plan, refs))
    if not wanted:
        return found
    named = {name for target in found for name in (target.path, target.whole) if name}
    for path in wanted:
        if path not in named:
            raise ConfigError(f"no file here is {path!r}, {suggest(path, sorted(named))}")
    return [target for target in found if {target.path, target.whole}.intersection(wanted)]


def _targets(plan: Plan, refs: Mapping[str, Ref]) -> Iterator[Target]:
    for entry in plan.config.template:
        yield _target(plan, refs, entry, entry.destination)
    for bundle in plan.config.bundle:
        for member in bundle.template:
            path = os.path.join(bundle.directory, member.destination)
            yield _target(plan, refs, member, path, bundle.directory)


def _target(
    plan: Plan, refs: Mapping[str, Ref], entry: model.Template, path: str, whole: str = ""
) -> Target:
    return Target(
        path,
        entry,
        build.renderer_of(entry, plan, refs),
        refs[entry.secret] if entry.format is not None else None,
        whole,
    )
