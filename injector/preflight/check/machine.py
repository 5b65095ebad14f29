"""Checks this machine: files, programs, processes, endpoints."""

import itertools
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from injector.base.clock import Clock
from injector.base.errors import ConfigError, HookError, WriteError
from injector.config import Loaded, model
from injector.config.problem import Where
from injector.preflight.check.finding import Finding, note, ok, problem
from injector.preflight.check.listeners import check_listeners
from injector.preflight.check.processes import check_processes
from injector.preflight.check.programs import check_programs
from injector.runtime import build
from injector.runtime.plan import destination_problems
from injector.targets.files import Owner, mounts, problems
from injector.targets.notify.http import without_secrets
from injector.targets.notify.verify import connect

# Seconds for an application to accept a connection; nothing is sent over it.
CONNECT = 3.0


async def check_machine(loaded: Loaded, clock: Clock, environ: Mapping[str, str]) -> list[Finding]:
    """Check everything that the daemon will use here; nothing is signaled, sent or written."""
    config = loaded.config
    found = [*_files(config), *check_programs(config, environ)]
    for name, notify in config.notify.items():
        about, where = f"notify {name}", ("notify", name)
        if notify.process is not None:
            number, users = signal.Signals[notify.signal], build.readers(config, name)
            reactions = check_processes(about, number, notify.process, users)
            found += [each.at((*where, "process")) for each in reactions]
        elif notify.http is not None:
            found.append(await _endpoint(about, notify.http, clock))
    addresses = (("listener", i, "address") for i in itertools.count())
    return [*found, *map(Finding.at, check_listeners(loaded), addresses)]


def _files(config: model.Config) -> Iterator[Finding]:
    """Check every file that will be written, and its directories."""
    outputs: list[tuple[Where, str, model.Template | model.Bundle]] = [
        *(
            (("template", i, "destination"), template.destination, template)
            for i, template in enumerate(config.template)
        ),
        *(
            (("bundle", i, "directory"), bundle.directory, bundle)
            for i, bundle in enumerate(config.bundle)
        ),
    ]
    for where, path, output in outputs:
        found = destination_problems(config, output)
        yield from _about_file("file", path, found, ConfigError, where)
    sinks = config.auto_auth.sinks if config.auto_auth is not None else ()
    for i, sink in enumerate(sinks):
        found = problems(
            sink.config.path,
            require_memory_backed=config.template_config.require_memory_backed,
            require_trusted_directory=config.template_config.require_trusted_directory,
            in_place=False,
            owner=Owner(sink.config.uid, sink.config.gid),
        )
        where = ("auto_auth", "sinks", i, "config", "path")
        yield from _about_file("sink", sink.config.path, found, WriteError, where)
    if config.cache.persist is not None:
        path = config.cache.persist.path
        found = problems(path, require_memory_backed=True, in_place=False)
        where = ("cache", "persist", "path")
        yield from _about_file("hand-over", path, found, ConfigError, where)


def _about_file(
    what: str,
    path: str,
    found: Iterable[str],
    kind: type[WriteError | ConfigError],
    where: Where,
) -> Iterator[Finding]:
    about = f"{what} {path}"
    bad = [problem(about, text, like=kind).at(where) for text in found]
    yield from bad or [ok(about, f"uid {os.geteuid()} can write it, on {_filesystem(path)}")]


def _filesystem(path: str) -> str:
    """Return the filesystem that a file is on, or would be."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return mounts.current().filesystem(os.stat(path).st_dev, path)


async def _endpoint(about: str, http: model.Http, clock: Clock) -> Finding:
    """Check whether something is listening; if not, that is no fault of the configuration."""
    parts = urlsplit(http.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    where = without_secrets(http.url)
    try:
        await connect(f"{host}:{port}", timeout=CONNECT, clock=clock)
    except HookError as exc:
        return note(about, f"{where}: {exc}; so it would not be notified now")
    return ok(about, f"{where} accepts connections; nothing was sent")
