"""Looks for each program that will be run, without running any."""

import os
from collections.abc import Iterator, Mapping

from injector.base.errors import HookError
from injector.config import model
from injector.preflight.check.finding import Finding, ok, problem
from injector.runtime import programs


def check_programs(config: model.Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check each program once, whatever runs it."""
    for program, uses in programs.used(config).items():
        about = programs.named(uses)
        if (found := programs.find(program, environ)) is not None:
            yield ok(about, f"{found} can be run; it was not")
            continue
        text = f"there is no program {program} that uid {os.geteuid()} may run"
        remedy = "install it here, or give its full path"
        yield problem(about, text, remedy, like=HookError).at(uses[0][1])
