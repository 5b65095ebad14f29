"""One `injector dev`: the servers, the injector beside them, and their end."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from injector.base.clock import Clock
from injector.base.errors import InjectorError
from injector.dev import servers
from injector.dev.applied import Applied
from injector.dev.bao import Bao
from injector.dev.chaos import Chaos
from injector.dev.child import Child, Line, child
from injector.dev.follow import told
from injector.dev.place import Place, ServerAccess
from injector.dev.rehearsal import Refresh, Rehearsal
from injector.dev.seed import Seed
from injector.dev.timeline import Timeline

# Seconds that the first delivery may take before we say why it is not there, and go on.
READY_WITHIN, LOOK_EVERY = 10.0, 0.1
TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Injector:
    """What can be asked of a running injector: why it is not ready, and to refresh."""

    not_ready: Callable[[], str]
    refresh: Refresh


@dataclass(frozen=True, slots=True)
class Session:
    """The command's options; `chaos` is the interval in seconds, 0 for none."""

    seed: Seed
    place: Place
    timeline: Timeline
    clock: Clock
    injector: Injector
    environ: dict[str, str] = field(repr=False)
    chaos: float = 0.0
    command: Sequence[str] = ()

    async def run(self) -> int:
        """Run until a signal, or until the injector ends; return the exit code.

        Raises InjectorError if it cannot start, or if something ends that should not.
        """
        self._heed_signals()
        try:
            async with contextlib.AsyncExitStack() as ends:
                return await self._run(ends)
        except asyncio.CancelledError:
            return TERMINATED if self.command else 0  # like `injector run`
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _run(self, ends: contextlib.AsyncExitStack) -> int:
        started = await servers.start(ends, self.seed, self.place, self.timeline)
        bao, environ = started.bao, self.environ | started.database
        applied = Applied(
            self.seed,
            self.place,
            bao,
            environ,
            self.command,
            self.timeline.say,
        )
        known = applied.fingerprints()
        await asyncio.to_thread(applied.apply)
        running = await self._start_injector(ends, environ)
        state = ServerAccess(
            pid=os.getpid(),
            directory=self.place.directory,
            address=bao.address,
            root_token=bao.root_token,
            unseal_key=bao.unseal_key,
            seed=self.seed,
        )
        self.place.save(state)
        self._explain(bao)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._stays(bao), name="server"),
                group.create_task(applied.run(known), name=applied.name),
            ]
            if self.chaos:
                tasks.append(group.create_task(self._chaos(state).run(), name="chaos"))
            code = await running.ended(within=float("inf"))
            for task in tasks:
                task.cancel()
        if self.command:
            return code
        last = [f"  {line.text}" for line in running.lines]
        raise InjectorError("\n".join([f"the injector ended (exit code {code}):", *last]))

    async def _start_injector(
        self, ends: contextlib.AsyncExitStack, environ: Mapping[str, str]
    ) -> Child:
        arguments = ["run", "-c", str(self.place.config)]
        if self.command:
            arguments += ["--", *self.command]
        running = await ends.enter_async_context(
            child(
                "injector",
                *(sys.executable, "-m", "injector", *arguments),
                clock=self.clock,
                environ=environ,
                hear=self._hear,
                foreground=bool(self.command),
            )
        )
        with self.timeline.waiting("the injector starts"):
            await self._ready(running)
        return running

    async def _ready(self, running: Child) -> None:
        """Wait until everything is in place; if that takes too long, say why and return."""
        until = self.clock.now() + READY_WITHIN
        while why := await asyncio.to_thread(self.injector.not_ready):
            if running.exit_code is not None:
                return
            if self.clock.now() > until:
                self.timeline.say("injector", f"not everything is in place yet: {why}")
                return
            await self.clock.sleep(LOOK_EVERY)

    def _hear(self, line: Line) -> None:
        if (said := told(line.text)) is None:
            return
        who, text = said
        try:
            if who:
                self.timeline.say(who, text, at=line.at)
            else:
                self.timeline.note(text)
        except BrokenPipeError:  # its reader is gone: end as by Ctrl-C
            signal.raise_signal(signal.SIGTERM)

    async def _stays(self, bao: Bao) -> None:
        """Raise InjectorError when OpenBao ends by itself."""
        while bao.process.poll() is None:
            await self.clock.sleep(LOOK_EVERY)
        raise InjectorError(f"OpenBao ended (exit code {bao.process.returncode})")

    def _chaos(self, state: ServerAccess) -> Chaos:
        return Chaos(
            Rehearsal(state, self.injector.refresh),
            self.chaos,
            clock=self.clock,
            jitter=random.random,
            tell=lambda text: self.timeline.say("chaos", text),
        )

    def _heed_signals(self) -> None:
        """End on SIGTERM and SIGHUP; also on Ctrl-C, unless a command runs that handles it."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        loop.add_signal_handler(signal.SIGINT, _nothing if self.command else task.cancel)

    def _explain(self, bao: Bao) -> None:
        seed, token = self.seed, self.place.root_token
        rows = [
            ("status", "injector dev status"),
            ("server", f"export BAO_ADDR={bao.address} BAO_TOKEN=$(cat {token})"),
            ("rehearse", f"injector dev rotate {next(iter(seed.secrets))}, expire token, outage"),
        ]
        if not seed.config:
            shown = os.path.relpath(seed.env_file)
            rows.insert(0, ("variables", f"{shown}, for example: set -a; . ./{shown}; set +a"))
            if _is_committable(seed.env_file):
                rows.append(("careful", f"git does not ignore {shown}: add it to .gitignore"))
        lines = [f"  {name:<11}{text}" for name, text in rows]
        end = "All of it ends with the command" if self.command else "Ctrl-C ends all of it"
        left = f"the files of {os.path.relpath(seed.config)}" if seed.config else "nothing"
        for line in ("", *lines, "", f"{end} and leaves {left} behind.", ""):
            self.timeline.note(line)


def _nothing() -> None:
    pass


def _is_committable(path: str) -> bool:
    """Return whether git would add the file: it is in a work tree and not ignored."""
    directory, name = os.path.split(path)
    try:
        asked = subprocess.run(
            ["git", "-C", directory, "check-ignore", "--quiet", name],
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 1
