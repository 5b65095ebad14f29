"""Renders Go templates with secrets of a real server, without the daemon."""

import asyncio
from collections.abc import Sequence

from injector.base.clock import SystemClock
from injector.base.errors import InjectorError
from injector.base.metrics import Metrics
from injector.config import model
from injector.dev.bao import Bao
from injector.dialects.gotemplate import Surroundings
from injector.rendering.template import Lacking
from injector.secret import Content, Ref
from injector.sources.vault import Token, Transport, Vault
from injector.sources.vault.ref import VaultRef
from tests.dialects.gotemplate.judge import Case
from tests.dialects.gotemplate.render import template


def render(bao: Bao, cases: Sequence[Case], surroundings: Surroundings) -> list[bytes | str]:
    """Return the result of each template, or a str with the error."""
    return asyncio.run(_render(bao, cases, surroundings))


async def _render(bao: Bao, cases: Sequence[Case], surroundings: Surroundings) -> list[bytes | str]:
    clock = SystemClock()
    transport = Transport(
        model.Vault(address=bao.address),
        connections=10,
        clock=clock,
        metrics=Metrics(),
        redact=lambda text: text,
    )
    vault = Vault(transport, clock)
    token = Token(bao.root_token, "", 0.0, 0.0, renewable=False)
    snapshot: dict[Ref, Content] = {}

    async def fetch(ref: Ref) -> None:
        assert isinstance(ref, VaultRef)
        answer, _ = await vault.fetch(ref, token)
        snapshot[ref] = Content(answer)

    async def one(case: Case) -> bytes | str:
        try:
            compiled = template(
                case.text,
                surroundings=surroundings,
                left_delimiter=case.left,
                right_delimiter=case.right,
                error_on_missing_key=case.strict,
            )
            while True:
                match compiled.render(snapshot):
                    case Lacking(refs):
                        await asyncio.gather(*(fetch(ref) for ref in refs - snapshot.keys()))
                    case rendered:
                        return rendered.content
        except InjectorError as error:
            return str(error)

    try:
        return [await one(case) for case in cases]
    finally:
        await transport.reconnect()
