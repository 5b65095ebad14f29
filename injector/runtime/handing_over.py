"""Hands over: loads what the last process left, and keeps the file current for the next one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from injector.base.clock import Wakeup
from injector.base.context import Context
from injector.base.errors import WriteError
from injector.config import model
from injector.engine.auth import Method, Remembers
from injector.engine.delivery import Ledger, Output
from injector.engine.handover import Handover, HandoverState, Left, Record, capture, restore, stamp
from injector.engine.store import Store
from injector.runtime.sources import shapes
from injector.runtime.state import ProcessState
from injector.sources.vault import Tokens
from injector.targets.files.protocol import Destination

# A hand-over file that could not be written is tried again after this long, seconds.
RETRY = 10.0


@contextmanager
def take_over(config: model.Config, path: str, state: ProcessState) -> Iterator[None]:
    """Hold the lock, and load the file.

    Raises ConfigError if another injector runs on the same file.
    """
    state.handover = Handover(path, state.log, shapes())
    with state.handover.lock():
        now = stamp(config, state.clock)
        if (record := state.handover.load(now)) is not None:
            _take(restore(record.state, now.at), state)
        yield


class HandingOver:
    """Writes the file whenever there is something new to hand over."""

    name = "handover"

    def __init__(
        self,
        handover: Handover,
        context: Context,
        *,
        config: model.Config,
        store: Store,
        tokens: Tokens,
        ledger: Ledger,
        outputs: Sequence[Output[Any]],
        method: Method,
        dirty: Wakeup,
        forget_unwanted: Callable[[], None],
    ) -> None:
        self._handover = handover
        self._context = context
        self._config = config
        self._store = store
        self._tokens = tokens
        self._ledger = ledger
        self._outputs = outputs
        self._method = method
        self._dirty = dirty
        self._forget_unwanted = forget_unwanted
        self._tidied = False

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            wait = RETRY if self._handover.error else inf
            rung = await self._context.clock.sleep(wait, self._dirty)
            if rung or self._handover.error:  # otherwise it has been saved meanwhile
                self.save()

    def save(self) -> None:
        """Write the current state; a failure affects only the next process, and is logged."""
        self._dirty.hush()
        if not self._tidied and self._context.health.settled:
            self._tidied = True
            self._forget_unwanted()
        made = stamp(self._config, self._context.clock)
        error = ""
        try:
            self._handover.save(Record(made, capture(self._state())))
        except WriteError as exc:
            error = str(exc)
        self._say(error)
        self._handover.error = error

    def _say(self, error: str) -> None:
        """Log a failure once, and its end."""
        if error and error != self._handover.error:
            self._context.log.error("hand-over file not written", error=error, retry_in=RETRY)
        elif self._handover.error and not error:
            self._context.log.info("hand-over file written again")

    def remove(self) -> None:
        """Leave nothing to hand over: it has been revoked."""
        try:
            self._handover.remove()
        except WriteError as exc:
            self._context.log.error("hand-over file not removed", error=str(exc))  # noqa: TRY400

    def _state(self) -> HandoverState:
        ledger = self._ledger
        return HandoverState(
            token=self._tokens.held,
            replaced_tokens=tuple(self._tokens.replaced),
            generations=tuple(self._store.everything()),
            issuances=self._store.issuances.all(),
            pending=ledger.unconfirmed(),
            notified_at={
                target: at
                for target, at in ledger.notified_at.items()
                if target not in ledger.absent
            },
            rejected=tuple(ledger.rejected),
            files={
                output.name: _left(output.destination)
                for output in self._outputs
                if output.destination.content_hash
            },
            secret_id=self._method.secret_id if isinstance(self._method, Remembers) else None,
        )


def _left(destination: Destination[Any]) -> Left:
    return Left(destination.content_hash, destination.identity, destination.earlier)


def _asked_once(unnotified: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    """Answer yes at most once per file: later on, this process has notified of it itself."""
    asked: set[str] = set()

    def once(path: str, content_hash: str) -> bool:
        first = path not in asked
        asked.add(path)
        return first and unnotified(path, content_hash)

    return once


def _take(left: HandoverState, state: ProcessState) -> None:
    """Continue where the last process stopped. The redactor knows its values from the start."""
    state.token = left.token
    state.replaced_tokens = list(left.replaced_tokens)
    state.secret_id = left.secret_id
    state.files = dict(left.files)
    state.unnotified = _asked_once(left.unnotified)
    state.store.restore(left.generations, left.issuances)
    state.ledger.pending.update(left.pending)
    state.ledger.notified_at.update(left.notified_at)
    state.ledger.rejected.extend(left.rejected)
    tokens = [left.token] if left.token is not None else []
    state.redactor.learn("token", [token.value for token in (*tokens, *left.replaced_tokens)])
    if (secret_id := left.secret_id) is not None:
        state.redactor.learn("secret id", (secret_id.value, secret_id.file_text))
    state.log.info(
        "handed over",
        token=left.token is not None,
        secrets=len(left.generations),
        pending=sorted(left.pending),
    )
