"""Runs `check --online` in this process, against the real server."""

import io
import os

import yaml

from injector.base.clock import SystemClock
from injector.base.context import Context
from injector.base.log import logger
from injector.base.redactor import Redactor
from injector.preflight.check import Finding, Level, check
from injector.preflight.policy import needs
from injector.runtime.plan import plan, refs_by_name


async def findings(
    folder, config, *, environ=None, clock=None, here=False, use_secret_id=False
) -> list[Finding]:
    """Return what a check of this configuration finds; without `here`, only what Vault tells."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    environ = environ or {"PATH": os.environ["PATH"]}
    planned = plan(str(path), environ, elsewhere=True)
    return await of_plan(planned, environ, clock=clock, here=here, use_secret_id=use_secret_id)


async def of_plan(planned, environ=None, *, clock=None, here=False, use_secret_id=False):
    environ = environ or {"PATH": os.environ["PATH"]}
    redactor = Redactor()
    log = logger(level="debug", style="json", redact=redactor.proofread, stream=io.StringIO())
    context = Context.alone(clock or SystemClock(), environ, redactor, log)
    wanted = needs(
        planned.config,
        refs_by_name(planned.config),
        planned.templates.values(),
        directory=os.path.dirname(planned.loaded.path),
    )
    return await check(
        planned,
        wanted,
        context,
        stranger="nobody-has-this",
        here=here,
        use_secret_id=use_secret_id,
    )


def told(found: list[Finding], *levels: Level) -> list[str]:
    """Return the findings of these levels as people read them, without the level."""
    return [str(finding) for finding in found if finding.level in levels]


def problems(found: list[Finding]) -> list[str]:
    return told(found, Level.PROBLEM)


def warnings(found: list[Finding]) -> list[str]:
    return told(found, Level.WARNING)


def fine(found: list[Finding]) -> list[str]:
    return told(found, Level.OK)


def notes(found: list[Finding]) -> list[str]:
    return told(found, Level.NOTE)
