"""A second source: a folder of files, with versions, leases, a login and outages of its own."""

import json
import os
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from injector.base.context import Context
from injector.base.errors import DeniedError, MissingError, Unreachable
from injector.base.retry import Availability
from injector.config import model
from injector.secret import Answer, Kind, Life, Ref
from injector.sources.source import Attempt, Fetched, Shapes, Token
from injector.sources.unrepeatable import Unrepeatable

NAME = "folder"


class FolderRef(Ref, frozen=True, cache_hash=True):
    """A file below the folder; `folder/` in front of its path says so in a configuration."""

    source: str = NAME

    def __str__(self) -> str:
        return f"{self.source}/{self.path}"


class Session(Struct, frozen=True):
    """What a login in the folder is: the text of a file."""

    value: str
    expires_at: float = inf

    def is_same(self, other: "Session") -> bool:
        return self.value == other.value


class FolderSource:
    """Reads `NAME.json`: data, perhaps a version, and for a lease its ttl."""

    name = NAME
    title = "The folder"
    reports = (("source", NAME),)

    def __init__(
        self, root: Path, context: Context, token_changed: Callable[[Token], None]
    ) -> None:
        self.availability = Availability(
            context, probe=self._reach, report=self.reports[0], facts={"source": NAME}
        )
        self.token_changed = token_changed
        self._root = root
        self._clock = context.clock

    @property
    def token(self) -> Session | None:
        return Session((self._root / "session").read_text())

    @property
    def obstacle(self) -> tuple[str, str] | None:
        return self.reports[0] if self.availability.down else None

    async def fetch(self, ref: FolderRef, attempt: Attempt, *, repeatable: bool) -> Fetched:
        attempt.undone, attempt.token = True, self.token
        await self._reach()
        try:
            found = json.loads((self._root / f"{ref.path}.json").read_bytes())
        except FileNotFoundError:
            raise MissingError(f"read {ref}: there is no such file; write it") from None
        if found.get("locked"):
            raise DeniedError(f"read {ref}: it is locked; unlock it")
        if "ttl" not in found:
            answer = Answer(found["data"], Kind.STATIC, str(found.get("version", "")))
            return Fetched(answer, Life(Kind.STATIC, self._clock.now()))
        attempt.undone = False
        number = 1 + self.journal.count(f"issued {ref.path}")
        self._note(f"issued {ref.path}")
        data = {**found["data"], "user": f"{ref.path}-{number}"}
        answer = Answer(data, Kind.LEASE, lease_id=f"{ref.path}-{number}")
        life = Life(Kind.LEASE, self._clock.now(), found["ttl"], renewable=True)
        return Fetched(answer, life, self.token)

    async def renew(self, ref: FolderRef, lease_id: str, life: Life) -> Life:
        await self._reach()
        self._note(f"renewed {lease_id}")
        return structs.replace(life, granted_at=self._clock.now())

    async def revoke(self, ref: FolderRef, lease_id: str) -> bool:
        self._note(f"revoked {lease_id}")
        return True

    async def revoke_all(self, issued: Sequence[tuple[Any, str]], *, with_token: bool) -> None:
        for ref, lease_id in issued:
            await self.revoke(ref, lease_id)
        if with_token:
            self._note("logged out")

    async def give_back(self, in_use: Callable[[Token], bool]) -> float:
        return inf

    @property
    def journal(self) -> list[str]:
        path = self._root / "journal"
        return path.read_text().splitlines() if path.exists() else []

    def _note(self, line: str) -> None:
        with open(self._root / "journal", "a") as file:
            file.write(f"{line}\n")

    async def _reach(self) -> None:
        if (self._root / "down").exists():
            raise Unreachable("the folder is down; wait", undone=True)


class Folder:
    """The folder itself, as a test has it, and what makes a source of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log_in("first")

    def put(self, name: str, *, ttl: float | None = None, version: str = "", **data: Any) -> None:
        lives = {} if ttl is None else {"ttl": ttl}
        self._write(name, json.dumps({"data": data, "version": version, **lives}))

    def lock(self, name: str) -> None:
        self._write(name, json.dumps({"locked": True}))

    def remove(self, name: str) -> None:
        (self.root / f"{name}.json").unlink()

    def log_in(self, session: str) -> None:
        (self.root / "session").write_text(session)

    @property
    def journal(self) -> list[str]:
        path = self.root / "journal"
        return path.read_text().splitlines() if path.exists() else []

    def go_down(self) -> None:
        (self.root / "down").touch()

    def come_back(self) -> None:
        (self.root / "down").unlink()

    def _write(self, name: str, text: str) -> None:
        new = self.root / ".new"
        new.write_text(text)
        os.replace(new, self.root / f"{name}.json")

    # -- what `runtime.sources` asks

    def shapes(self) -> Shapes:
        return Shapes(FolderRef, Answer, Session)

    def refer(self, secret: model.Secret) -> Ref | None:
        path = secret.path.removeprefix(f"{NAME}/")
        return None if path == secret.path else FolderRef(path)

    def make(
        self,
        config: model.Config,
        context: Context,
        *,
        unrepeatable: Unrepeatable,
        token_changed: Callable[[Token], None],
    ) -> FolderSource:
        self.source = FolderSource(self.root, context, token_changed)
        return self.source
