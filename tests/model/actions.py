"""What may happen to the engine: to its server, its files, its machine and its process."""

from dataclasses import dataclass

from injector.secret import Kind
from tests.model.play import Play
from tests.model.server import Fault
from tests.model.world import FRESH_WITHIN

# In an outage, probes left out: five secrets, a renewal, the token, a revocation; twice at most.
MOST_ASKED = 16


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: float

    async def play(self, play: Play) -> None:
        await play.clock.advance(self.seconds)


@dataclass(frozen=True)
class Change:
    """Somebody writes a KV secret; with `same` its value stays."""

    name: str
    same: bool = False

    async def play(self, play: Play) -> None:
        value = play.model.current(self.name)
        if self.same and value is not None:
            play.model.put(self.name, value)
        else:
            play.checks.change(self.name)


@dataclass(frozen=True)
class Delete:
    """Somebody deletes the newest version of a KV secret."""

    name: str

    async def play(self, play: Play) -> None:
        if play.model.current(self.name) is not None and not play.checks.edited:
            play.model.put(self.name, None)


@dataclass(frozen=True)
class Fail:
    """The next requests at a path go wrong."""

    part: str
    kind: str
    times: int = 1

    async def play(self, play: Play) -> None:
        play.server.faults.append(Fault(self.part, self.kind, self.times))


@dataclass(frozen=True)
class Outage:
    """Nothing at the server answers as it should, for a while."""

    kind: str
    seconds: float

    async def play(self, play: Play) -> None:
        play.server.outage = self.kind
        play.model.trouble(self.seconds + 60.0)
        asked = play.model.rules.asked
        await play.clock.advance(self.seconds)
        play.server.outage = ""
        # Everybody who was due asks once, and those who had asked already; then only the probe.
        if play.model.rules.asked - asked > MOST_ASKED:
            play.model.rules.broken(f"{play.model.rules.asked - asked} requests in an outage")


@dataclass(frozen=True)
class Deny:
    """A policy forbids a path for a while."""

    path: str
    seconds: float

    async def play(self, play: Play) -> None:
        play.model.denied.add(self.path)
        play.model.trouble(self.seconds + 65.0)
        await play.clock.advance(self.seconds)
        play.model.denied.discard(self.path)


@dataclass(frozen=True)
class RevokeTokens:
    """An operator revokes the token, and with it every lease."""

    async def play(self, play: Play) -> None:
        play.model.revoke_tokens()
        # A refused lookup proves a token dead once in five minutes.
        left = play.model.rules.lookup_refused_at + 300.0 - play.clock.now()
        play.model.trouble(FRESH_WITHIN + 62.0 + max(0.0, left))


@dataclass(frozen=True)
class RevokeLeases:
    """An operator revokes the leases: noticed when they are due."""

    async def play(self, play: Play) -> None:
        play.model.revoke_leases()
        play.model.trouble(max(play.model.roles.lease_ttl, play.world.roles.lease_ttl) + 5.0)


@dataclass(frozen=True)
class Shrink:
    """An administrator changes the roles: lives become shorter."""

    factor: float

    async def play(self, play: Play) -> None:
        roles = play.model.roles
        roles.lease_ttl = max(20.0, roles.lease_ttl * self.factor)
        roles.token_max = max(30.0, roles.token_max * self.factor)


@dataclass(frozen=True)
class Jump:
    """The machine is suspended."""

    seconds: float

    async def play(self, play: Play) -> None:
        play.model.trouble(self.seconds + FRESH_WITHIN + 25.0)
        await play.clock.jump(self.seconds)


@dataclass(frozen=True)
class Step:
    """Somebody sets the wall clock of the machine: nothing may follow from that."""

    seconds: float

    async def play(self, play: Play) -> None:
        play.clock.stepped += self.seconds


@dataclass(frozen=True)
class Tamper:
    """Somebody removes or edits a file: put right when its secret is confirmed."""

    name: str

    async def play(self, play: Play) -> None:
        path = play.files[self.name]
        if path.exists() and play.model.current("a") is not None:
            path.write_text("edited=1\n")
            play.model.trouble(FRESH_WITHIN)
            play.checks.tampered(self.name)


@dataclass(frozen=True)
class Reload:
    """SIGHUP with another configuration, or with the same."""

    variant: str

    async def play(self, play: Play) -> None:
        play.state.store.make_due(Kind.STATIC)
        await play.reload(self.variant)


@dataclass(frozen=True)
class Refresh:
    """SIGUSR1."""

    async def play(self, play: Play) -> None:
        play.model.rules.nudged |= {"GET secret/data/a", "GET secret/data/b"}
        play.model.rules.another_assembly()
        play.assembly.watch.refresh_static()
        await play.clock.settled()


@dataclass(frozen=True)
class Restart:
    """The process ends, or is killed, and another one starts."""

    killed: bool = False

    async def play(self, play: Play) -> None:
        await play.restart(killed=self.killed)
