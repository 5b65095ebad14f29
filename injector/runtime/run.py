"""The daemon: runs until stopped, and is rebuilt around the store when its files change."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from math import inf
from signal import SIGHUP, SIGINT, SIGUSR1, Signals

from injector.base import safe_open
from injector.base.clock import ResumeWatch, SystemClock
from injector.base.errors import (
    ConfigError,
    InjectorError,
    UnforeseenError,
    WriteError,
    nothing_unforeseen,
)
from injector.base.health import Health, Report, verdict
from injector.config import model
from injector.runtime.assembly import Assembly, rehearse, take_over, tidy
from injector.runtime.files import FileWatch
from injector.runtime.listeners import listener_settings, listeners
from injector.runtime.once import GRACE, LAST_REQUESTS
from injector.runtime.plan import Plan
from injector.runtime.services import Service, alongside
from injector.runtime.signals import FORWARDED, UNUSED, Stop, handling
from injector.runtime.state import ProcessState
from injector.runtime.systemd import Systemd
from injector.secret import Kind
from injector.status.sockets import Sockets
from injector.targets.program import signal_name

# However many SIGHUPs arrive, reloads are at least this far apart, seconds.
RELOAD_INTERVAL = 1.0
# Settings that a reload cannot change in a running process.
AT_START = (
    "cache",
    "log_level",
    "log_format",
    "log_file",
    "log_rotate_bytes",
    "log_rotate_duration",
    "log_rotate_max_files",
    "pid_file",
)


async def run(plan: Plan, state: ProcessState, *, load: Callable[[], Plan]) -> int:
    """Run until SIGTERM, SIGINT or `POST /quit`; return the exit code.

    `load` re-reads the configuration. Raises an InjectorError that ends the program.
    """
    with take_over(plan, state):
        return await Daemon(plan, state, load).run()


class Daemon:
    """One assembly at a time; a usable new configuration replaces it, a broken one does not."""

    def __init__(self, plan: Plan, state: ProcessState, load: Callable[[], Plan]) -> None:
        self._state = state
        self._load = load
        self._plan = plan
        self._assembly = Assembly(plan, state)
        self._sockets = Sockets()
        self._stop = Stop(self._ring)
        self._other_signals = ExitStack()  # for the command, if there is one
        self._quit = False
        self._reload_asked = False
        self._reloaded_at = -inf
        self._systemd = _systemd(self._assembly, state)

    async def run(self) -> int:
        reactions: dict[Signals, Callable[[], None]] = {
            **self._stop.reactions(),
            SIGINT: self._interrupt,
            SIGHUP: self._hang_up,
            SIGUSR1: self._refresh,
        }
        pid_file = _pid_file(self._assembly.loaded.config.pid_file)
        with pid_file, handling(reactions), self._other_signals, closing(self._sockets):
            self._ignore_unused_signals()
            loaded, log = self._assembly.loaded, self._state.log
            self._sockets.open(listener_settings(loaded, log))
            self._assembly.remove_leftovers()
            self._state.last_reload.record_success(loaded.path)
            log.info("started", config=loaded.path)
            while True:
                self._forward_signals()
                outcome = await self._run_assembly()
                if isinstance(outcome, int):
                    log.info("stopped", exit_code=outcome)
                    return outcome
                self._replace(outcome)

    async def _run_assembly(self) -> int | Plan:
        """Run one assembly until shutdown (an exit code) or until another replaces it (a plan)."""
        assembly = self._assembly
        services: list[Service] = [
            *assembly.services(),
            *listeners(assembly, self._state, self._sockets, stop=self._ask_to_quit),
            FileWatch(assembly, self._state, reload=self._ask_to_reload),
            self._systemd,
        ]
        if isinstance(self._state.clock, SystemClock):
            services.append(ResumeWatch(self._state.clock))
        reloads = False
        try:
            outcome = await alongside(services, self._conduct(assembly.health))
            reloads = isinstance(outcome, Plan) and outcome.config.exec is not None
            if isinstance(outcome, int):
                self._systemd.stops()
                await self._end_command()
                await assembly.release()
            return outcome
        finally:
            if not reloads:
                await self._end_command()
            await assembly.close()

    async def _conduct(self, health: Health) -> int | Plan:
        """Return what ends this assembly, once no result in flight would be lost."""
        unrepeatable = self._assembly.unrepeatable
        outcome = await self._until_over(health)
        if isinstance(outcome, Plan):
            longest = self._assembly.loaded.config.vault.timeout
            if unrepeatable.busy:
                self._state.log.info("reload waiting for a request in flight", at_most=longest)
            await unrepeatable.finish(self._state.clock, longest)
            if self._stopping:
                outcome = await self._until_over(health)
        if isinstance(outcome, int):
            await unrepeatable.finish(self._state.clock, LAST_REQUESTS)
        return outcome

    async def _until_over(self, health: Health) -> int | Plan:
        clock = self._state.clock
        while True:
            if (code := self._exit_code()) is not None:
                return code
            now = clock.now()
            due = inf
            if self._reload_asked and not self._stopping:
                due = self._reloaded_at + RELOAD_INTERVAL - now
            if due <= 0 and (plan := self._reload()) is not None:
                return plan
            code, wait = self._verdict(health, now)
            if code is not None:
                return code
            await clock.sleep(min(wait, due if due > 0 else inf), health.changed)

    @property
    def _stopping(self) -> bool:
        return self._stop.signal is not None or self._quit

    def _exit_code(self) -> int | None:
        """Return the exit code if it is time to exit, with the command if there is one."""
        child, command = self._assembly.child, self._state.command
        if child is None or command is None:
            return 0 if self._stopping else None
        if self._stopping:
            child.stop(self._stop.signal)
        return command.exit_code

    def _forward_signals(self) -> None:
        """Forward signals to the command, once there is one."""
        command = self._state.command
        if command is not None and self._stop.kill is None:
            from injector.targets.child.signals import reactions

            self._stop.kill = command.kill
            self._other_signals.enter_context(handling(reactions(command, FORWARDED)))

    def _ignore_unused_signals(self) -> None:
        """Ignore signals that mean nothing here, as the agents do: by default they would kill."""
        self._other_signals.enter_context(
            handling({number: partial(self._note, number) for number in UNUSED})
        )

    def _note(self, number: Signals) -> None:
        self._state.log.info("signal ignored", signal=signal_name(number))

    async def _end_command(self) -> None:
        if self._assembly.child is not None:
            await self._assembly.child.close()
            self._other_signals.close()
            self._ignore_unused_signals()
            self._state.command = self._stop.kill = None

    def _verdict(self, health: Health, now: float) -> tuple[int | None, float]:
        """Decide whether the configuration says that this daemon should exit."""
        config = self._assembly.loaded.config
        code, wait = verdict(health, now=now, grace=self._grace)
        asked = config.template_config.exit_on_retry_failure if code else config.exit_after_auth
        return (code, wait) if asked else (None, wait if code is None else inf)

    def _grace(self, report: Report) -> float:
        """Return how long an error may last that waiting could fix."""
        loaded = self._assembly.loaded
        if report.kind == "token" and not loaded.behaviour.ends_without_login:
            return inf
        after = loaded.config.template_config.exit_on_retry_failure_after
        return after if report.kind == "secret" else GRACE

    # -- what signals, requests and changed files ask for

    def _ring(self) -> None:
        self._assembly.health.changed.ring()
        self._assembly.unrepeatable.hurry()

    def _interrupt(self) -> None:
        """SIGINT: a command that shares our terminal gets Ctrl-C itself, and handles it."""
        if self._state.command is None or not self._state.command.shares_terminal:
            self._stop.ask(SIGINT)

    def _ask_to_quit(self) -> None:
        self._quit = True
        self._ring()

    def _ask_to_reload(self) -> None:
        self._reload_asked = True
        self._assembly.health.changed.ring()

    def _hang_up(self) -> None:
        """SIGHUP: configuration and templates, then static secrets."""
        self._state.store.make_due(Kind.STATIC)
        self._assembly.delivery.retry_rejected()
        self._ask_to_reload()

    def _refresh(self) -> None:
        """SIGUSR1: static secrets only; nothing is reissued."""
        self._assembly.delivery.retry_rejected()
        self._assembly.watch.refresh_static()

    # -- reloading

    def _reload(self) -> Plan | None:
        """Re-read the configuration; return None, and change nothing, if it is not usable."""
        self._reload_asked = False
        self._reloaded_at = self._state.clock.now()
        self._systemd.reloads()
        try:
            with nothing_unforeseen():
                plan = self._load()
                rehearse(plan, self._state)
                self._sockets.open(listener_settings(plan.loaded, self._state.log))
        except InjectorError as exc:
            self._keep_old(exc)
            return None
        return plan

    def _keep_old(self, error: InjectorError) -> None:
        """Go on with the old configuration, whatever is wrong with the new one, and say so."""
        self._state.last_reload.record_failure(self._assembly.loaded.path, error)
        # A user's mistake: the problems say it all, without a traceback.
        problems = error.problems if isinstance(error, ConfigError) else (str(error),)
        ours = {"trace": error.trace} if isinstance(error, UnforeseenError) else {}
        self._state.log.error(
            "new configuration not usable, keeping the old one", problems=problems, **ours
        )
        self._systemd.stays()
        self._assembly.watch.refresh_static()

    def _replace(self, plan: Plan) -> None:
        """Replace the assembly by one of the new plan or, if that cannot be, of the old one again.

        The rehearsal has built it around an empty state; here it is built around what is known.
        """
        before = self._assembly
        self._state.outgrow(before.loaded.config, plan.config)
        try:
            with nothing_unforeseen():
                self._use(Assembly(plan, self._state))
        except InjectorError as exc:
            self._use(Assembly(self._plan, self._state))
            self._sockets.open(listener_settings(before.loaded, self._state.log))
            self._sockets.settle()
            self._keep_old(exc)
            return
        self._plan = plan
        self._sockets.settle()
        self._clean_up(before)
        self._say_reloaded(before.loaded.config)

    def _use(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._systemd = _systemd(assembly, self._state)

    def _clean_up(self, before: Assembly) -> None:
        """Remove what only the last assembly had."""
        staying = {output.key for output in self._assembly.outputs}
        # An output of another name may write the same path now.
        written = {output.destination.path for output in self._assembly.outputs}
        for output in before.outputs:
            if output.key in staying:
                continue
            if not output.delete_on_remove or output.destination.path in written:
                tidy(output, can_go_back=False)
                continue
            with suppress(WriteError):
                output.destination.remove()
                event = f"{output.kind} removed"
                self._state.log.info(event, path=output.name)

    def _say_reloaded(self, before: model.Config) -> None:
        loaded, log = self._assembly.loaded, self._state.log
        after = loaded.config
        self._state.last_reload.record_success(loaded.path)
        log.info("reloaded", files=len(self._assembly.outputs), secrets=len(after.secrets))
        if late := [name for name in AT_START if getattr(before, name) != getattr(after, name)]:
            log.warning("read only at startup, restart to apply", settings=late)


def _systemd(assembly: Assembly, state: ProcessState) -> Systemd:
    address = state.environ.get("NOTIFY_SOCKET", "")
    when_settled = assembly.loaded.behaviour.is_ready_when_settled
    waits_for = assembly.readiness.reasons if when_settled else list
    return Systemd(address, assembly.health, state.clock, waits_for=waits_for)


@contextmanager
def _pid_file(path: str) -> Iterator[None]:
    """Keep our process id in the file while running; raises WriteError."""
    if not path:
        yield
        return
    try:
        with open(path, "w", encoding="ascii", opener=_opener) as file:
            file.write(f"{os.getpid()}\n")
    except OSError as exc:
        raise WriteError(
            f"pid_file {path}: {exc.strerror}; name a file that uid {os.geteuid()} can make"
        ) from exc
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(path)


def _opener(path: str, flags: int) -> int:
    return safe_open.ours(path, flags, 0o644)
