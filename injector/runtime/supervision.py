"""Sets up the supervised command: its environment, its notifications, what it waits for."""

from collections.abc import Mapping
from functools import partial
from math import inf

from injector.base.context import Context
from injector.config import model
from injector.config.rules.supervision import ENVIRONMENT, TARGET, restarting
from injector.engine.delivery import Output
from injector.engine.delivery.renderers import Together
from injector.runtime.plan import Plan
from injector.runtime.readiness import Readiness
from injector.runtime.signals import IGNORED
from injector.runtime.state import ProcessState
from injector.targets.child import Child, ChildTarget, Command, Environment, PatientTarget, Variable
from injector.targets.child.terminal import Terminal
from injector.targets.notify import Application, target_of, verifier_of


class Supervision:
    """What one configuration's `exec` adds around the command, which outlives a reload."""

    def __init__(self, plan: Plan, state: ProcessState) -> None:
        config = plan.config
        assert config.exec is not None
        if state.command is None:
            state.command = Command(state.clock, state.redactor, Terminal.ours(), IGNORED)
        self._settings = config.exec
        self._command = state.command
        self._state = state
        keeps_variables = config.exec.restart_on_secret_changes == "never"  # noqa: S105 - a policy
        restarts = restarting(config)
        # An entry that restarts the command anyway is notified of its variables, too.
        notified = restarts[0] if restarts and not keeps_variables else TARGET
        self.own_target = {} if notified in config.notify else {notified: _RESTART}
        self._targets = self.own_target.keys() | {
            name for name, notify in config.notify.items() if _concerns_it(notify)
        }
        self._patient = TARGET if keeps_variables else ""
        self.environment = _environment(plan, self._command, notified)

    def application(self, name: str, notify: model.Notify, context: Context) -> Application | None:
        """Return the command as an application, if this target concerns it."""
        command, state = self._command, self._state
        if name not in self._targets:
            return None
        if name == self._patient:
            return Application(name, PatientTarget(command, state.log))
        signal = None
        if notify.signal:
            signal = target_of(notify, context, child_pid=lambda: command.pid)
        overtaken = partial(state.ledger.is_pending, name)
        how = ChildTarget(command, signal, notify.on_failure == "rollback", overtaken)
        ask = verifier_of(notify, context, overtaken)
        return Application(name, how, ask and partial(how.confirm, ask))

    def child(self, readiness: Readiness, context: Context) -> Child:
        """Return the service that keeps the command running."""
        command, state = self._command, self._state
        at_once = self._targets - {self._patient}

        def lacking() -> list[str]:
            if command.starts:
                return readiness.lacking()
            unasked = self._targets | state.ledger.notified_at.keys()
            return readiness.lacking() + readiness.before_first_start(unasked)

        def changed_at() -> float:
            pending = state.ledger.unconfirmed()
            return max(
                (pending[name].written_at for name in at_once & pending.keys()), default=-inf
            )

        return Child(
            self._settings,
            command,
            context,
            lacking=lacking,
            unfinished=readiness.delivery.unfinished,
            changed_at=changed_at,
        )


_RESTART = model.Notify(process=model.Process(child=True))


def _concerns_it(notify: model.Notify) -> bool:
    return notify.process is not None and notify.process.child


def _environment(plan: Plan, command: Command, notified: str) -> Output[Mapping[str, bytes]]:
    """Return the output of `env_template`; without entries it is empty."""
    variables = {
        entry.name: Variable(entry.name, plan.templates[entry])
        for entry in plan.config.env_template
    }
    return Output(
        kind="environment",
        name=ENVIRONMENT,
        renderer=Together(variables),
        destination=Environment(command),
        targets=(notified,),
    )
