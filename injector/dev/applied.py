"""Applies a configuration: writes its file, and at the server the policy that it needs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from injector.base.errors import InjectorError
from injector.dev import configuration
from injector.dev.bao import Bao, asking
from injector.dev.place import Place
from injector.dev.rehearsal import POLICY
from injector.dev.seed import Seed
from injector.engine.reload import Fingerprint, changes, fingerprints
from injector.runtime.plan import plan

STAGED = "next.yaml"


@dataclass(frozen=True, slots=True)
class Applied:
    """The configuration that the injector runs with; the user's own may change meanwhile."""

    seed: Seed
    place: Place
    bao: Bao
    environ: Mapping[str, str] = field(repr=False)
    command: Sequence[str]
    tell: Callable[[str, str], None]

    name = "configuration"

    def apply(self) -> None:
        """Write policy and configuration. Raises InjectorError and then leaves the last ones."""
        command = tuple(self.command)
        if self.seed.config:
            plan(self.seed.config, self.environ, command=command)  # its own lines
        text = configuration.text(self.seed, self.place, self.bao.address, supervised=bool(command))
        planned = plan(self.place.write(STAGED, text), self.environ, command=command)
        # First, because what is denied is not requested again at once.
        with asking("write the policy"):
            self.bao.admin.sys.create_or_update_policy(POLICY, configuration.policy(planned))
        self.place.write(self.place.config.name, text)
        for path in configuration.unseeded(planned, self.seed):
            self.tell("server", f"nothing is at {path}: the seed file does not have it")

    def fingerprints(self) -> dict[str, Fingerprint]:
        """Return the present version of the user's own file, to be passed to `run`."""
        return fingerprints([self.seed.config] if self.seed.config else [])

    async def run(self, known: dict[str, Fingerprint]) -> None:
        """Apply it whenever the user's own file has changed, until cancelled."""
        if not known:
            await asyncio.Event().wait()
        async for _ in changes(known):
            try:
                await asyncio.to_thread(self.apply)
            except InjectorError as exc:
                for problem in str(exc).splitlines():
                    self.tell("you", problem)
