"""What every source is to the rest of the program: nothing else is asked of one."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from injector.base.retry import Availability
from injector.secret import Answer, Life, Ref


class Token(Protocol):
    """What a source's login has given; what is issued with it ends with it."""

    @property
    def expires_at(self) -> float:
        """Return when it ends, on the injected clock; `inf` is never."""

    def is_same(self, other: Any) -> bool:
        """Return whether this is the same token, perhaps before or after a renewal."""


class Attempt(Struct):
    """What a source notes while it asks, for whoever asked: also if that fails or is cut off."""

    token: Token | None = None  # the one that the last request was made with
    undone: bool = True  # the last request certainly issued nothing


class Fetched(Struct, frozen=True):
    """An answer, how long it is good for, and what it ends with."""

    answer: Answer
    life: Life
    token: Token | None = None


class Shapes(Struct, frozen=True):
    """The classes of what a source knows of a secret, to read it back from a hand-over file."""

    ref: type[Ref]
    answer: type[Answer]
    token: Any  # a type, or None where a source has no tokens


class Source(Protocol):
    """Where some of the secrets are.

    A source has errors of its own; it raises ours (`base.errors`), by what the caller can do about
    it. References are of its own class. One that is down affects no secret of another.
    """

    name: str  # in the configuration, and in references
    title: str  # in messages
    availability: Availability

    @property
    def token(self) -> Token | None:
        """Return the token that requests are made with; None if there is none at the moment."""

    @property
    def obstacle(self) -> tuple[str, str] | None:
        """Return the kind and name under which health knows what delays every request."""

    @property
    def reports(self) -> Sequence[tuple[str, str]]:
        """Return the kinds and names under which health knows what concerns every request."""

    async def fetch(self, ref: Any, attempt: Attempt, *, repeatable: bool) -> Fetched:
        """Ask for a secret: read it, or have it issued. Waits for a login.

        `repeatable` is what another request would get as well: nothing is lost if it is cut off.
        Raises MissingError, DeniedError, TransientError.
        """

    async def renew(self, ref: Any, lease_id: str, life: Life) -> Life:
        """Renew what was issued; raises as `fetch` does."""

    async def revoke(self, ref: Any, lease_id: str) -> bool:
        """Give back what was issued; return whether that is done with, one way or the other."""

    async def revoke_all(self, issued: Sequence[tuple[Any, str]], *, with_token: bool) -> None:
        """Give back everything, at the end; `with_token` what it logged in with as well."""

    async def give_back(self, in_use: Callable[[Token], bool]) -> float:
        """Give back what is the source's own and no longer used; return when next."""
