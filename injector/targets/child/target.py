"""Notifies the command of changes: by a signal, or by restarting it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from injector.base.errors import HookError
from injector.base.log import Logger
from injector.targets.child.command import Command, Wanted
from injector.targets.child.process import Process
from injector.targets.notify import NotifyResult, Overtaken, Target


@dataclass(frozen=True, slots=True)
class ChildTarget:
    """Notifies it by `signal`, or restarts it if there is none.

    If it is not running, its start is awaited: it will see the change. With `revertible`, exiting
    between notification and confirmation means that it rejects the change, unless there is a newer
    change (`overtaken`), which is tried first.
    """

    command: Command
    signal: Target | None
    revertible: bool
    overtaken: Callable[[], bool]

    async def notify(self, written_at: float) -> NotifyResult:
        command = self.command
        if command.is_held and command.on_trial is self:
            if command.has_seen(written_at):  # the same again, because there is nothing newer
                command.on_trial = None
            return await self._started_by(command.release)
        if command.pid is None:
            command.hurry()
            await command.until(lambda: command.has_seen(written_at))
        if command.has_seen(written_at):
            return NotifyResult.CURRENT
        if self.revertible:
            command.on_trial = self
        if self.signal is None:
            return await self._started_by(command.restart)
        outcome = None
        try:
            outcome = await self.signal.notify(written_at)
        finally:
            if outcome is not NotifyResult.SENT:
                self._trial_is_over()
        return outcome

    async def confirm(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Return once the application confirms the change; raise if it exits.

        Raises HookError, or Overtaken.
        """
        try:
            async with asyncio.TaskGroup() as group:
                end = group.create_task(self._until_it_ends(), name="end of the command")
                await ask()
                end.cancel()
        except ExceptionGroup as failures:
            if self.command.wanted is Wanted.STOPPED:
                await self.command.until(lambda: False)  # for ever: it is being stopped with us
            if self.overtaken():
                raise Overtaken from None
            raise failures.exceptions[0] from None
        finally:
            self._trial_is_over()

    async def _started_by(self, act: Callable[[], None]) -> NotifyResult:
        """Return once it has been started, or has failed to start."""
        command, before = self.command, self.command.starts
        act()
        await command.until(lambda: command.starts > before or command.is_held)
        return NotifyResult.SENT

    async def _until_it_ends(self) -> None:
        """Wait until it exits by itself; raises HookError."""
        command = self.command
        while (process := command.process) is not None or command.starts_again:
            if process is not None:
                await process.ended.wait()
                if not process.asked_to_end:
                    raise HookError(f"the command ended with {process.ending().how}")
            await command.until(partial(self._is_another, process))
        assert command.last is not None
        raise HookError(f"the command ended with {command.last.how}")

    def _is_another(self, process: Process | None) -> bool:
        """Return whether another one runs, or none will."""
        command = self.command
        return command.process is not process or (process is None and not command.starts_again)

    def _trial_is_over(self) -> None:
        if self.command.on_trial is self and not self.command.is_held:
            self.command.on_trial = None


@dataclass(frozen=True, slots=True)
class PatientTarget:
    """For `restart_on_secret_changes: never`: it keeps the old variables until it is next started.

    Their leases are kept until then.
    """

    command: Command
    log: Logger

    async def notify(self, written_at: float) -> NotifyResult:
        if self.command.pid is not None and not self.command.has_seen(written_at):
            self.log.info("environment changed, not restarting the command")
        await self.command.until(lambda: self.command.has_seen(written_at))
        return NotifyResult.CURRENT
