"""Makes outputs, notifiers and their targets from the configuration. Builds; runs nothing."""

import asyncio
import os
import shlex
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from injector.base.context import Context
from injector.base.log import Logger
from injector.config import model
from injector.engine.delivery.contract import Contracts
from injector.engine.delivery.output import Check, Output, Renderer
from injector.runtime.plan import Plan, rights
from injector.secret import Ref
from injector.targets.files import File, Rights, leftovers
from injector.targets.files.protocol import Staging
from injector.targets.notify import Application, InTurn, application_of, target_of

# A command's name in logs and metrics is its command line; longer ones end with a checksum.
LONGEST_NAME = 60

C = TypeVar("C")


def outputs(plan: Plan, refs: Mapping[str, Ref], context: Context) -> list[Output[Any]]:
    """Return an output for each entry of `template:` and of `bundle:`."""
    return [
        *(_output(entry, plan, refs, context) for entry in plan.config.template),
        *(_bundle(entry, plan, refs, context) for entry in plan.config.bundle),
    ]


def _output(
    entry: model.Template, plan: Plan, refs: Mapping[str, Ref], context: Context
) -> Output[Any]:
    if entry.appends:
        return _github_env(entry, refs)
    if _may_write_more(entry, plan):
        return _file_with_extras(entry, plan, refs, context)
    return _file(entry, plan, refs, context)


def _github_env(entry: model.Template, refs: Mapping[str, Ref]) -> Output[Any]:
    from injector.engine.delivery.github import GithubEnv, GithubVariables

    return Output(
        kind="file",
        name=f"{entry.destination} ({entry.secret})",  # another secret's output may have this path
        renderer=GithubVariables(refs[entry.secret]),
        destination=GithubEnv(entry.destination),
        targets=(*entry.notify, *commands(entry)),
        wait=entry.wait,
    )


def _file(
    entry: model.Template, plan: Plan, refs: Mapping[str, Ref], context: Context
) -> Output[bytes]:
    destination = _destination(entry, plan, entry.destination, rights(entry))
    return _template(entry, entry.destination, renderer_of(entry, plan, refs), destination, context)


def _file_with_extras(
    entry: model.Template, plan: Plan, refs: Mapping[str, Ref], context: Context
) -> Output[Any]:
    from injector.rendering.template.dialect import AllFiles
    from injector.targets.files.extra_files import FileWithExtras

    make = partial(_destination, entry, plan)
    name, main = entry.destination, None
    if entry.is_discarded:  # other templates may have this destination, too
        name = f"{entry.destination} (template {plan.config.template.index(entry) + 1})"
    else:
        main = make(entry.destination, rights(entry))
    renderer = AllFiles(plan.templates[entry], renderer_of(entry, plan, refs))
    return _template(entry, name, renderer, FileWithExtras(entry.destination, main, make), context)


def _template(
    entry: model.Template,
    name: str,
    renderer: Renderer[C],
    destination: Staging[C],
    context: Context,
) -> Output[C]:
    return Output(
        kind="file",
        name=name,
        renderer=renderer,
        destination=destination,
        targets=(*entry.notify, *commands(entry)),
        wait=entry.wait,
        check=_check(entry.destination, entry.check, destination, context),
        delete_on_remove=entry.on_remove == "delete",
    )


def _destination(entry: model.Template, plan: Plan, path: str, rights: Rights) -> File:
    return File(
        path,
        rights,
        create_dest_dirs=entry.create_dest_dirs,
        in_place=entry.in_place and path == entry.destination,
        require_memory_backed=plan.config.template_config.require_memory_backed,
        require_trusted_directory=plan.config.template_config.require_trusted_directory,
        revertible=_revertible(entry, plan),
    )


def _revertible(entry: model.Template | model.Bundle, plan: Plan) -> bool:
    return any(plan.config.notify[name].on_failure == "rollback" for name in entry.notify)


def _bundle(
    entry: model.Bundle, plan: Plan, refs: Mapping[str, Ref], context: Context
) -> Output[Mapping[str, bytes]]:
    from injector.engine.delivery.renderers import Together
    from injector.targets.files.bundle import Bundle

    destination = Bundle(
        entry.directory,
        {member.destination: rights(member) for member in entry.template},
        require_memory_backed=plan.config.template_config.require_memory_backed,
        require_trusted_directory=plan.config.template_config.require_trusted_directory,
        revertible=_revertible(entry, plan),
    )
    return Output(
        kind="bundle",
        name=entry.name,
        renderer=Together(
            {member.destination: renderer_of(member, plan, refs) for member in entry.template}
        ),
        destination=destination,
        targets=entry.notify,
        wait=entry.wait,
        check=_check(f"bundle {entry.name}", entry.check, destination, context),
        delete_on_remove=entry.on_remove == "delete",
    )


def _check(
    what: str, check: model.Check | None, destination: Staging[C], context: Context
) -> Check[C] | None:
    if check is None or not check.command:
        return None
    from injector.engine.delivery.check import check_command

    return Check(destination, partial(check_command, what=what, check=check, context=context))


def contracts(config: model.Config, refs: Mapping[str, Ref]) -> Contracts:
    """Return the contracts of secrets."""
    return Contracts(
        {
            refs[name]: (name, secret.contract)
            for name, secret in config.secrets.items()
            if secret.contract is not None
        }
    )


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


def own_command(
    name: str, notify: model.Notify, context: Context, turn: asyncio.Lock
) -> Application:
    """Return a template's own command as an application that is notified.

    All such commands share a `turn`, because Vault Agent runs them one after another.
    """
    return Application(name, InTurn(target_of(notify, context), turn))


def application(
    name: str, config: model.Config, context: Context, overtaken: Callable[[], bool]
) -> Application:
    """Return the application that is notified, and verified, of an entry of `notify:`."""
    return application_of(
        name,
        config.notify[name],
        context,
        users=readers(config, name),
        overtaken=overtaken,
    )


def readers(config: model.Config, name: str) -> set[int]:
    """Return the uids that own the files of which an application is notified.

    The application most likely runs as one of these; others may have a process of that name.
    """
    entries = [entry for entry in config.template if name in entry.notify]
    entries += [
        member for bundle in config.bundle if name in bundle.notify for member in bundle.template
    ]
    return {rights(entry).owner.uid for entry in entries}


def _name(argv: tuple[str, ...]) -> str:
    """Return a name for a command that differs from all others and from entries of `notify:`."""
    line = shlex.join(argv)
    if line.isidentifier():
        return f"command {line}"
    if len(line) <= LONGEST_NAME:
        return line
    return f"{line[:LONGEST_NAME]}… {zlib.crc32(os.fsencode(line)):08x}"


def outputs_by_target(outputs: list[Output[Any]]) -> Mapping[str, list[Output[Any]]]:
    """Return the outputs of each target; a target that no output names has none."""
    by_target: dict[str, list[Output[Any]]] = defaultdict(list)
    for output in outputs:
        for target in output.targets:
            by_target[target].append(output)
    return by_target


def variable_of(entry: model.EnvTemplate, plan: Plan) -> Renderer[bytes]:
    """Return the renderer of a variable of the supervised command."""
    from injector.targets.child.variables import Variable

    return Variable(entry.name, plan.templates[entry])


def everything_of(entry: model.Template, plan: Plan, refs: Mapping[str, Ref]) -> Renderer[Any]:
    """Return the renderer of a file, with those that its template writes in addition."""
    if _may_write_more(entry, plan):
        from injector.rendering.template.dialect import AllFiles

        return AllFiles(plan.templates[entry], renderer_of(entry, plan, refs))
    return renderer_of(entry, plan, refs)


def _may_write_more(entry: model.Template, plan: Plan) -> bool:
    """Return whether a template writes other files, perhaps none of its own."""
    if entry.language == "jinja" or entry.format is not None:
        return False
    from injector.rendering.template.dialect import writes_files  # most do without

    return entry.is_discarded or writes_files(plan.templates[entry])


def renderer_of(entry: model.Template, plan: Plan, refs: Mapping[str, Ref]) -> Renderer[bytes]:
    renderer: Renderer[bytes]
    if entry.format is not None:
        from injector.engine.delivery.renderers import Formatted

        renderer = Formatted(refs[entry.secret], entry)
    else:
        renderer = plan.templates[entry]
    if entry.check is not None and entry.check.format is not None:
        from injector.engine.delivery.renderers import Validated
        from injector.rendering.formats.validate import problem

        renderer = Validated(entry.destination, renderer, partial(problem, entry.check.format))
    return renderer


def remove_leftovers(outputs: Iterable[Output[Any]], sinks: Iterable[File], log: Logger) -> None:
    """Remove what killed runs have left, and older versions of bundles."""
    files = [output.destination.path for output in outputs if output.kind == "file"]
    files = [path for path in files if path != os.devnull]
    removed = leftovers.remove(
        {os.path.dirname(path) for path in (*files, *(s.path for s in sinks))}
    )
    for output in outputs:
        removed += output.destination.remove_leftovers()
    for path in removed:
        log.info("leftover of a killed run removed", path=path)
