"""What is handed over, and what of it is still valid later. Pure functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from msgspec import structs

from injector.engine.auth.approle import SecretId
from injector.engine.delivery.ledger import Pending
from injector.engine.store import Generation, Phase
from injector.secret import Kind, Ref
from injector.sources.vault.tokens import Token

# Kinds that Vault issues: another request would issue another. Everything else is read again, and
# its values are not recorded.
ISSUED = frozenset({Kind.LEASE, Kind.CERTIFICATE, Kind.TTL, Kind.ISSUED})
VISIBLE = frozenset({Phase.PUBLISHED, Phase.DELIVERED})


@dataclass(frozen=True, slots=True)
class Left:
    """How a destination was left: the digest of its content, and what stat() says of it.

    `earlier` is what to roll back to, as long as the application may reject the current content.
    """

    content_hash: str = field(repr=False)
    identity: tuple[int, ...] = ()
    earlier: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HandoverState:
    """What outlives a process. Times are on the injected clock.

    `generations` are in any order. For each secret the highest published number is the current one;
    lower ones wait to be revoked.
    """

    token: Token | None = None
    replaced_tokens: tuple[Token, ...] = ()
    generations: tuple[Generation, ...] = ()
    issuances: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # for issuance budgets
    pending: Mapping[str, Pending] = field(default_factory=dict)  # by target
    notified_at: Mapping[str, float] = field(default_factory=dict)  # by target
    files: Mapping[str, Left] = field(default_factory=dict)  # by output
    # Changes that an application has rejected: hash of the content, by output.
    rejected: tuple[dict[str, str], ...] = field(default=(), repr=False)
    secret_id: SecretId | None = None  # only if it exists nowhere else

    def unnotified(self, path: str, content_hash: str) -> bool:
        """Return whether a file that is correct as found was written after this state was recorded.

        After a kill between the rename and the next record, the application may not have been
        notified.
        """
        left = self.files.get(path)
        return left is not None and left.content_hash != content_hash


def capture(state: HandoverState) -> HandoverState:
    """Return what is worth recording: nothing that can simply be read again.

    A token from outside is read again too; it is recorded only with leases that depend on it.
    """
    return replace(
        state,
        token=state.token if state.token and state.token.ours else None,
        replaced_tokens=tuple(token for token in state.replaced_tokens if token.ours),
        generations=tuple(
            generation
            for generation in state.generations
            if generation.answer is not None and generation.life.kind in ISSUED
        ),
    )


def restore(state: HandoverState, now: float) -> HandoverState:
    """Return the part of a recorded state that is still valid: nothing that has expired."""
    tokens = [token for token in (state.token, *state.replaced_tokens) if token is not None]
    generations = [_with_newest_token(found, tokens) for found in state.generations]
    return replace(
        state,
        token=state.token if state.token and state.token.expires_at > now else None,
        replaced_tokens=tuple(token for token in state.replaced_tokens if token.expires_at > now),
        generations=tuple(_alive(generations, now)),
    )


def _with_newest_token(generation: Generation, tokens: list[Token]) -> Generation:
    """Update a lease's token, which may have been renewed since."""
    asked_with = generation.token
    for token in tokens:
        if asked_with is not None and asked_with.is_same(token):
            life = generation.life
            if generation.is_lease:
                life = structs.replace(life, token_expires_at=token.expires_at)
            return replace(generation, token=token, life=life)
    return generation


def _alive(generations: list[Generation], now: float) -> Iterator[Generation]:
    """Drop what has expired. Generations that an expired one replaced do not come back."""
    current: dict[Ref, Generation] = {}
    for found in sorted(generations, key=lambda generation: generation.number):
        if found.phase in VISIBLE:
            current[found.ref] = found
    for found in generations:
        if found.life.expires_at <= now:
            continue
        if found.phase in VISIBLE and current[found.ref].life.expires_at <= now:
            yield replace(found, phase=Phase.SUPERSEDED, superseded_at=now)
        else:
            yield found
