"""Checks this machine: files, programs, processes, endpoints."""

import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from injector.agent import build
from injector.agent.plan import destination_problems
from injector.check import listeners, processes
from injector.check.finding import Finding, note, ok, problem
from injector.clock import Clock
from injector.config import Loaded, model
from injector.destination import Owner, mounts, problems
from injector.errors import ConfigError, HookError, WriteError
from injector.notify.http import without_secrets
from injector.notify.verify import connect

# Seconds for an application to accept a connection; nothing is sent over it.
CONNECT = 3.0


async def look(loaded: Loaded, clock: Clock, environ: Mapping[str, str]) -> list[Finding]:
    """Check everything that the daemon will use here; nothing is signaled, sent or written."""
    config = loaded.config
    found = [*_files(config), *_programs(config, environ)]
    for name, notify in config.notify.items():
        about = f"notify {name}"
        if notify.process is not None:
            number, users = signal.Signals[notify.signal], build.readers(config, name)
            found += processes.look(about, number, notify.process, users)
        elif notify.http is not None:
            found.append(await _endpoint(about, notify.http, clock))
    return [*found, *listeners.look(loaded)]


def _files(config: model.Config) -> Iterator[Finding]:
    """Check every file that will be written, and its directories."""
    outputs: list[tuple[str, model.Template | model.Bundle]] = [
        *((template.destination, template) for template in config.template),
        *((bundle.directory, bundle) for bundle in config.bundle),
    ]
    for path, output in outputs:
        yield from _about_file("file", path, destination_problems(config, output), ConfigError)
    for sink in config.auto_auth.sinks if config.auto_auth is not None else ():
        found = problems(
            sink.config.path,
            require_memory_backed=config.template_config.require_memory_backed,
            require_trusted_directory=config.template_config.require_trusted_directory,
            in_place=False,
            owner=Owner(sink.config.uid, sink.config.gid),
        )
        yield from _about_file("sink", sink.config.path, found, WriteError)
    if config.cache.persist is not None:
        path = config.cache.persist.path
        found = problems(path, require_memory_backed=True, in_place=False)
        yield from _about_file("hand-over", path, found, ConfigError)


def _about_file(
    what: str, path: str, found: Iterable[str], kind: type[WriteError | ConfigError]
) -> Iterator[Finding]:
    about = f"{what} {path}"
    bad = [problem(about, text, like=kind) for text in found]
    yield from bad or [ok(about, f"uid {os.geteuid()} can write it, on {_filesystem(path)}")]


def _filesystem(path: str) -> str:
    """Return the filesystem that a file is on, or would be."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return mounts.current().filesystem(os.stat(path).st_dev, path)


def _programs(config: model.Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look for each program that will be run, without running any."""
    users: dict[str, list[str]] = {}
    for about, argv in _commands(config):
        if argv:
            users.setdefault(argv[0], []).append(about)
    for program, abouts in users.items():
        about = ", ".join(dict.fromkeys(abouts))
        if (found := shutil.which(program, path=environ.get("PATH"))) is None:
            text = f"there is no program {program} that uid {os.geteuid()} may run"
            remedy = "install it here, or give its full path"
            yield problem(about, text, remedy, like=HookError)
        else:
            yield ok(about, f"{found} can be run; it was not")


def _commands(config: model.Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, notify in build.targets(config).items():
        about = f"notify {name}" if name in config.notify else "command"
        yield about, notify.command
        if notify.verify is not None:
            yield f"verify of {about}", notify.verify.command
    checks = (*(t.check for t in config.template), *(b.check for b in config.bundle))
    yield from (("check", check.command) for check in checks if check is not None)
    if config.exec is not None:
        yield "exec", config.exec.command


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
