"""Makes outputs, notifiers and their targets from the configuration. Builds; runs nothing."""

import os
import shlex
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from injector.agent.plan import Plan
from injector.config import model
from injector.delivery.output import Formatted, Output, Renderer
from injector.destination import File, Rights, owner_of
from injector.destination import sweep as leftovers
from injector.log import Logger
from injector.secret import Ref

# A command's name in logs and metrics is its command line; what is longer is told apart by a sum.
LONGEST_NAME = 60


def outputs(plan: Plan, refs: Mapping[str, Ref]) -> list[Output]:
    """Return a file for each entry of `template:`."""
    return [
        Output(
            path=entry.destination,
            renderer=_renderer(entry, plan, refs),
            file=_file(entry, plan.config.template_config),
            targets=(*entry.notify, *commands(entry)),
            wait=entry.wait,
        )
        for entry in plan.config.template
    ]


def targets(config: model.Config) -> dict[str, model.Notify]:
    """Return `notify:`, and an entry for each distinct `command` or `exec` of a template."""
    found = dict(config.notify)
    for entry in config.template:
        found.update(commands(entry))
    return found


def commands(entry: model.Template) -> dict[str, model.Notify]:
    """Return the template's own command as a target; the same line in two templates is one."""
    hooks = [entry.exec] if entry.exec else []
    if entry.command:
        hooks.append(model.Command(command=entry.command, timeout=entry.command_timeout))
    return {
        _name(hook.command): model.Notify(command=hook.command, timeout=hook.timeout)
        for hook in hooks
    }


def _name(argv: tuple[str, ...]) -> str:
    """Name a command as no other one is named, and no entry of `notify:`."""
    line = shlex.join(argv)
    if line.isidentifier():
        return f"command {line}"
    if len(line) <= LONGEST_NAME:
        return line
    return f"{line[:LONGEST_NAME]}… {zlib.crc32(os.fsencode(line)):08x}"


def users(files: list[Output]) -> Callable[[str], list[Output]]:
    """Return a look-up: which files tell this target."""
    by_target: dict[str, list[Output]] = defaultdict(list)
    for output in files:
        for target in output.targets:
            by_target[target].append(output)
    return lambda target: by_target[target]


def _renderer(entry: model.Template, plan: Plan, refs: Mapping[str, Ref]) -> Renderer:
    if entry.format is not None:
        return Formatted(refs[entry.secret], entry)
    return plan.templates[entry.destination]


def _file(entry: model.Template, common: model.TemplateConfig) -> File:
    return File(
        entry.destination,
        Rights(entry.perms, owner_of(entry.user, entry.group)),
        create_dest_dirs=entry.create_dest_dirs,
        in_place=entry.in_place,
        require_memory_backed=common.require_memory_backed,
    )


def sweep(files: Iterable[File], log: Logger) -> None:
    """Remove what a killed run left beside its files."""
    directories = {os.path.dirname(file.path) for file in files}
    for path in leftovers(directories):
        log.info("leftover of a killed run removed", path=path)
