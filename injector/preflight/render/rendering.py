"""Renders files from a source of secrets, requesting what they turn out to need."""

import asyncio
from collections.abc import Iterable, Sequence

from injector.base.errors import InjectorError
from injector.engine.delivery.contract import Contracts
from injector.preflight.render import Source
from injector.preflight.render.targets import Target
from injector.rendering.template import Content, Lacking, Snapshot
from injector.secret import Ref

# The content and the secrets it is made from, or the error.
Outcome = tuple[object, Snapshot] | InjectorError


async def rendered(
    targets: Sequence[Target], source: Source, contracts: Contracts
) -> list[Outcome]:
    """Return the outcome of each target. Each secret is requested once."""
    known: dict[Ref, Content | None] = {}
    failed: dict[Ref, InjectorError] = {}
    wants = {target: frozenset(target.renderer.refs) for target in targets}
    while True:
        await _ask(frozenset().union(*wants.values()), source, known, failed)
        lacking = False
        outcomes: list[Outcome] = []
        for target in targets:
            outcome = _render(target, wants[target], known, failed, contracts)
            if isinstance(outcome, Lacking):
                wants[target] |= outcome.refs
                lacking = True
            else:
                outcomes.append(outcome)
        if not lacking:
            return outcomes


async def _ask(
    refs: Iterable[Ref],
    source: Source,
    known: dict[Ref, Content | None],
    failed: dict[Ref, InjectorError],
) -> None:
    async def ask(ref: Ref) -> None:
        try:
            known[ref] = await source(ref)
        except InjectorError as exc:
            failed[ref] = exc

    async with asyncio.TaskGroup() as group:
        for ref in refs:
            if ref not in known and ref not in failed:
                group.create_task(ask(ref), name=f"ask {ref}")


def _render(
    target: Target,
    wants: frozenset[Ref],
    known: Snapshot,
    failed: dict[Ref, InjectorError],
    contracts: Contracts,
) -> Outcome | Lacking:
    errors = [failed[ref] for ref in wants if ref in failed]
    if errors:
        return min(errors, key=lambda error: (error.exit_code, str(error)))
    snapshot = {ref: known[ref] for ref in wants}
    try:
        contracts.require(snapshot)
        result = target.renderer.render(snapshot)
    except InjectorError as exc:
        return exc
    return result if isinstance(result, Lacking) else (result.content, snapshot)
