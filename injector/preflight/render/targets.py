"""Everything that a configuration writes: files, members of bundles, variables of the command."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from injector.base.errors import ConfigError
from injector.config import model
from injector.config.problem import suggest
from injector.engine.delivery.output import Renderer
from injector.runtime import build
from injector.runtime.plan import Plan
from injector.secret import Ref


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One thing that is written: its name and its renderer. `whole` is the bundle's directory."""

    path: str
    entry: model.Template | model.EnvTemplate
    renderer: Renderer[Any] = field(repr=False)
    ref: Ref | None = None  # of a ready format; None for a template
    whole: str = ""


def targets(plan: Plan, refs: Mapping[str, Ref], wanted: Sequence[str] = ()) -> list[Target]:
    """Return the requested targets, by destination or bundle directory, or all of them."""
    found = list(_targets(plan, refs))
    if not wanted:
        return found
    named = {name for target in found for name in (target.path, target.whole) if name}
    for path in wanted:
        if path not in named:
            raise ConfigError(f"no file here is {path!r}; {suggest(path, sorted(named))}")
    return [target for target in found if {target.path, target.whole}.intersection(wanted)]


def _targets(plan: Plan, refs: Mapping[str, Ref]) -> Iterator[Target]:
    for entry in plan.config.template:
        yield _file(plan, refs, entry, entry.destination)
    for bundle in plan.config.bundle:
        for member in bundle.template:
            path = os.path.join(bundle.directory, member.destination)
            yield _file(plan, refs, member, path, bundle.directory)
    for variable in plan.config.env_template:
        yield Target(f"env_template {variable.name}", variable, build.variable_of(variable, plan))


def _file(
    plan: Plan, refs: Mapping[str, Ref], entry: model.Template, path: str, whole: str = ""
) -> Target:
    renderer = build.everything_of(entry, plan, refs)
    return Target(path, entry, renderer, refs[entry.secret] if entry.format else None, whole)
