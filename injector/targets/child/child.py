"""Keeps the command running: starts it once everything is in place, restarts it on changes."""

from collections.abc import Callable, Mapping
from math import inf
from signal import Signals

from injector.base.context import Context
from injector.base.errors import HookError
from injector.config import model
from injector.targets.child import policy
from injector.targets.child.command import Command, Wanted
from injector.targets.child.environment import inherited
from injector.targets.child.policy import Ending, Restart
from injector.targets.child.process import CannotStart, Launch

# A shell's script lets what it starts with `&` ignore these. The agents' commands do not.
BACKGROUND = (Signals.SIGINT, Signals.SIGQUIT, Signals.SIGTERM)
# How often the conditions of a start are checked, since not all of them wake us. Seconds.
LOOK_EVERY = 1.0


class Child:
    """Runs the supervised command according to one configuration's `exec`.

    `lacking` says why the command may not be started yet, `unfinished` what will change in a moment
    and is worth waiting for. `changed_at` is when the newest change happened that the command has
    not been notified of, on the wall clock.
    """

    name = "child"

    def __init__(
        self,
        settings: model.Exec,
        command: Command,
        context: Context,
        *,
        lacking: Callable[[], list[str]],
        unfinished: Callable[[], list[str]],
        changed_at: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._stop_signal = Signals[settings.restart_stop_signal]
        self._passed = inherited(context.environ, settings.env)
        self._command = command
        self._context = context
        self._lacking = lacking
        self._unfinished = unfinished
        self._changed_at = changed_at
        self._waited = False
        context.health.also_ring(command.state_changed)
        command.release()  # the target that held it is gone with the last configuration
        command.on_trial = None
        before = command.launch
        if command.pid is None:
            context.health.waiting("child", "exec")
        elif before is not None and before != self._launch(before.variables):
            command.restart()
        context.metrics.has_command(runs=command.pid is not None)

    async def run(self) -> None:
        """Bring the command into the wanted state, whenever that may have changed."""
        while True:
            wait = await self._step()
            await self._context.clock.sleep(wait, self._command.state_changed)

    def stop(self, number: Signals | None) -> None:
        """Stop the command permanently, with the signal that stops us, or with its own."""
        self._command.stop(number or self._stop_signal)

    async def close(self) -> None:
        """Stop the command if it still runs: we exit because of an error, or go on without it."""
        if self._command.process is not None:
            await self._stop(self._stop_signal)
        if self._command.exit_code is None:
            await self._command.end(0)

    async def _step(self) -> float:
        """Do what is due now; return the seconds until there may be more."""
        command = self._command
        process, wanted = command.process, command.wanted
        if process is None:
            return await self._start_when_due()
        if process.has_ended:
            await self._take_end(process.ending())
        elif wanted is Wanted.STOPPED and command.stop_with is not None:
            await self._end((await self._stop(command.stop_with)).code)
        elif wanted is Wanted.RESTARTED:
            unfinished = [f"{output} is not finished" for output in self._unfinished()]
            if self._has_to_wait(self._lacking() + unfinished):
                return LOOK_EVERY
            self._context.log.info("command restarting", pid=command.pid)
            await self._stop(self._stop_signal)
        else:
            return inf
        return 0.0

    # -- its end

    async def _stop(self, number: Signals) -> Ending:
        """Stop it, and what it has started, which would still hold its port or its lock."""
        process, timeout = self._command.process, self._settings.kill_timeout
        assert process is not None
        if not await process.stop(number, within=timeout):
            self._context.log.warning("command killed", not_ended_within=timeout)
        return self._let_go()

    def _let_go(self) -> Ending:
        process = self._command.process
        assert process is not None
        ending = self._command.let_go()
        self._context.metrics.child_up.set(0)
        wrong = ending.crashed and not process.asked_to_end
        log = self._context.log.error if wrong else self._context.log.info
        log("command ended", how=ending.how, ran_for=round(ending.ran_for, 1))
        return ending

    async def _take_end(self, ending: Ending) -> None:
        """Decide what follows when it has exited by itself."""
        command = self._command
        if command.wanted is Wanted.STOPPED:
            await self._stop(self._stop_signal)
            await self._end(ending.code)
        elif command.wanted is Wanted.RESTARTED:
            await self._stop(self._stop_signal)
        elif command.on_trial is not None:
            self._report(ending)
            await self._stop(self._stop_signal)
            command.hold()
        else:
            step = self._decide(ending)
            if isinstance(step, Restart):
                self._report(ending)
                await self._stop(self._stop_signal)
                self._wait(step)
            else:
                await self._stop(self._stop_signal)
                await self._end(step.code)

    def _decide(self, ending: Ending) -> policy.Exit | Restart:
        command, context = self._command, self._context
        return policy.decide(
            ending,
            outdated=self._changed_at() > command.started_at,
            restarts=self._settings.restart_on_crash == "always",
            crashes=command.crashes,
            jitter=context.jitter(),
        )

    def _wait(self, restart: Restart) -> None:
        command, context = self._command, self._context
        command.crashes = restart.crashes
        command.start_reason, command.start_at = "crashed", context.clock.now() + restart.after
        context.log.warning("command starting again", starts_in=round(restart.after, 1))

    def _report(self, ending: Ending) -> None:
        error = HookError(f"the command ended with {ending.how}")
        self._context.health.failing("child", "exec", error)

    async def _end(self, code: int) -> None:
        """Make the injector exit as well."""
        await self._command.end(code)
        self._context.health.changed.ring()

    # -- its start

    async def _start_when_due(self) -> float:
        command, context = self._command, self._context
        if command.exit_code is not None or command.is_held:
            return inf
        if command.wanted is Wanted.STOPPED and command.stop_with is not None:
            code = 128 + command.stop_with if command.last is None else command.last.code
            await self._end(code)
            return inf
        if self._has_to_wait(self._lacking()):
            return LOOK_EVERY
        wait = command.start_at - context.clock.now()
        if wait > 0:
            return wait
        assert command.variables is not None
        try:
            command.start(self._launch(command.variables))
        except CannotStart as exc:
            await self._could_not_start(exc)
            return 0.0
        self._waited = False
        context.metrics.child_up.set(1)
        context.metrics.child_starts.add(command.start_reason)
        context.health.ok("child", "exec")
        context.log.info("command started", pid=command.pid, reason=command.start_reason)
        return inf

    async def _could_not_start(self, error: CannotStart) -> None:
        command, context = self._command, self._context
        context.health.failing("child", "exec", error)
        context.log.error("command not started", error=str(error))
        command.last = Ending(error.status, 0.0)
        if command.on_trial is not None:
            command.hold()
            return
        step = self._decide(command.last)
        if isinstance(step, Restart):
            self._wait(step)
        else:
            await self._end(step.code)

    def _has_to_wait(self, reasons: list[str]) -> bool:
        """Return whether there is a reason to wait; log it once."""
        if reasons and not self._waited:
            self._context.log.info("command waiting", reasons=reasons)
        self._waited = bool(reasons)
        return self._waited

    def _launch(self, variables: Mapping[str, bytes]) -> Launch:
        settings = self._settings
        # Who may not be reached by Ctrl-C has to be reached by us.
        ignored = self._command.ignored - {*BACKGROUND, self._stop_signal}
        return Launch(settings.command, self._passed, settings.mask_output, variables, ignored)
