"""The programs that a configuration names, and which of them are not on this machine."""

from collections.abc import Iterator, Mapping

from injector.config import model
from injector.config.problem import Where

# What runs a program, and where the configuration says so.
Use = tuple[str, Where]
_Block = (
    model.Notify | model.Verify | model.Template | model.Command | model.Check | model.Exec | None
)


def used(config: model.Config) -> dict[str, list[Use]]:
    """Return each program once, with all that runs it."""
    users: dict[str, list[Use]] = {}
    for where, about, block in _blocks(config):
        if block is not None and block.command:
            users.setdefault(block.command[0], []).append((about, (*where, "command", 0)))
    return users


def find(program: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's path, if it can be run."""
    import shutil  # only where a program is named

    return shutil.which(program, path=environ.get("PATH"))


def missing(config: model.Config, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each program that cannot be run, and what would run it."""
    for program, uses in used(config).items():
        if find(program, environ) is None:
            yield program, named(uses)


def named(uses: list[Use]) -> str:
    return ", ".join(dict.fromkeys(about for about, _ in uses))


def _blocks(config: model.Config) -> Iterator[tuple[Where, str, _Block]]:
    for name, notify in config.notify.items():
        yield ("notify", name), f"notify {name}", notify
        yield ("notify", name, "verify"), f"verify of notify {name}", notify.verify
    for i, template in enumerate(config.template):
        yield ("template", i), "command", template
        yield ("template", i, "exec"), "command", template.exec
        yield ("template", i, "check"), "check", template.check
    for i, bundle in enumerate(config.bundle):
        yield ("bundle", i, "check"), "check", bundle.check
    yield ("exec",), "exec", config.exec
