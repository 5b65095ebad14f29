"""Translates `template`, `env_template`, `exec` and `template_config`."""

from collections.abc import Sequence

from injector.config.problem import Where
from injector.dialects.vault_agent.making import Default, Making, seconds
from injector.dialects.vault_agent.nodes import Block
from injector.dialects.vault_agent.sections import Section

# Our threshold applies to renewable leases, too: a higher one leaves no time for retries.
HIGHEST_THRESHOLD = 0.95
# What a timeout of 0 means here, in seconds; the agents have no limit then.
NO_LIMIT = 86400.0
# With `exit_on_retry_failure`, a secret that is refused is requested so often, seconds apart.
RETRIES = 12
FIRST_RETRY, LONGEST_RETRY = 0.25, 60.0
MOST_RETRIES = 100_000  # in effect, no limit
_UNCHANGED = -1  # a uid or gid
# By default, ours does not pass Vault's variables on to the command.
EVERY_VARIABLE = ("*", "VAULT_*", "BAO_*")
_MISSING = Default("a missing key is rendered as <no value>", "true")
_PERMS = Default("everybody can read the file", '"0600"')
_MEMORY = Default("files may be on disk", "they must be in memory")
_DIRECTORY = Default("files may be where others can exchange them", "they may not")
_VARIABLES = Default("the command gets Vault's variables", "it does not get them")
_RETRIES = "as long as Vault Agent's retries; without this line, 5s"
_INTERVAL = Default("a changed secret is noticed after up to 5 minutes", '"60s"')


def template(making: Making, index: int, section: Section) -> Block:
    place: Where = ("template", index)
    block = making.copied(section, "template", place)
    _text(making, section, block)
    _reach(section, block)
    _command(section, block)
    _rights(making, section, block)
    _place(making, section)
    wait = section.block("wait")
    if wait is not None and wait.get("enabled", True):
        copied = making.copied(wait, "template.wait", (*place, "wait"))
        block.put("wait", copied, section.at("wait"))
    return block


def variable(making: Making, index: int, section: Section) -> Block:
    """Translate an `env_template`."""
    block = making.copied(section, "env_template", ("env_template", index))
    _text(making, section, block)
    _reach(section, block)
    return block


def supervised(making: Making, section: Section) -> Block:
    """Translate the `exec` of the top level."""
    block = making.copied(section, "exec", ("exec",))
    if section.get("command"):
        words = _argv(section.get("command"))
        block.put("command", words, section.at("command"), verbatim=True)
    environment = Block(section.file, section.line)
    environment.put("allow", EVERY_VARIABLE, remark=_VARIABLES.remark)
    block.put("env", environment)
    return block


def template_config(making: Making) -> Block:
    files = making.files
    section = files.block("template_config")
    if section is None:
        section = Section(files.file, files.line, ("template_config",))
    block = making.copied(section, "template_config", ("template_config",))
    block.put("require_memory_backed", False, remark=_MEMORY.remark)
    block.put("require_trusted_directory", False, remark=_DIRECTORY.remark)
    if not section.get("max_connections_per_host"):
        block.drop("max_connections_per_host")
    if not section.get("static_secret_render_interval"):
        making.default(block, section, "static_secret_render_interval", "5m", _INTERVAL)
    if section.get("exit_on_retry_failure"):
        block.put("exit_on_retry_failure_after", seconds(_patience(making)), remark=_RETRIES)
    threshold = section.get("lease_renewal_threshold")
    if threshold is not None:
        # For any other value, the agents use their default.
        threshold = min(threshold, HIGHEST_THRESHOLD) if 0 < threshold < 1 else 0.9
        block.put("lease_renewal_threshold", max(threshold, 0.11))
    return block


def _patience(making: Making) -> float:
    """Return how long the agents go on requesting what is refused."""
    vault, login = making.files.block("vault"), making.files.block("auto_auth")
    retry = vault.block("retry") if vault is not None else None
    method = login.block("method") if login is not None else None
    first, longest = (
        (method.get(name) if method is not None else None) or default
        for name, default in (("min_backoff", FIRST_RETRY), ("max_backoff", LONGEST_RETRY))
    )
    retries = (retry.get("num_retries") if retry is not None else None) or RETRIES
    return sum(min(first * 2.0**i, longest) for i in range(min(retries, MOST_RETRIES)))


def _text(making: Making, section: Section, block: Block) -> None:
    """Set the template, which is in Go's language, and how it treats missing keys."""
    block.put("language", "go")
    if section.get("contents") is not None:
        contents = section.get("contents")
        block.put("contents", contents, section.at("contents"), verbatim=True)
    if section.get("error_on_missing_key") is None:
        making.default(block, section, "error_on_missing_key", False, _MISSING)


def _reach(section: Section, block: Block) -> None:
    """Set what a template may do: everything, as in the agents, unless restricted."""
    if section.get("sandbox_path") is None:
        block.put("sandbox_path", "/")
    names = ("function_denylist", "function_blacklist")
    denied = [function for name in names for function in section.get(name, ())]
    if denied:
        named = next(name for name in names if section.get(name))
        block.put("function_denylist", denied, section.at(named))


def _command(section: Section, block: Block) -> None:
    """Set what to run: the command of `exec`, otherwise the older `command`."""
    run = section.block("exec")
    if run is not None and run.get("enabled") is False:
        return
    said, timeout = section, "command_timeout"
    if run is not None and run.get("command"):
        said, timeout = run, "timeout"
    if words := said.get("command"):
        block.put("command", _argv(words), said.at("command"), verbatim=True)
        limit = said.get(timeout, 30.0) or NO_LIMIT
        block.put("command_timeout", seconds(limit), said.at(timeout))


def _place(making: Making, section: Section) -> None:
    path = section.get("destination")
    disk = making.outside.machine.disk(path) if path else ""
    if disk:
        says = f"the file is on a disk ({disk}), which retains deleted data"
        making.advise(section, says, "a destination on tmpfs")


def _rights(making: Making, section: Section, block: Block) -> None:
    """Set owner and mode; where none is given, those of an existing file stay, as in the agents."""
    there = making.outside.machine.existing(section.get("destination") or "")
    owner = there.owner if there is not None and there.owner is not None else (None, None)
    for name, number, present in zip(("user", "group"), ("uid", "gid"), owner, strict=True):
        given = section.get(number, _UNCHANGED)
        chosen = present if given == _UNCHANGED else given
        if chosen is not None and not section.get(name):
            block.put(name, str(chosen), section.at(number))
    if section.get("perms") or "perms" in section.broken:
        return
    if there is not None:
        block.put("perms", f"{there.perms:04o}")
        return
    making.default(block, section, "perms", "0644", _PERMS)


def _argv(words: Sequence[str]) -> tuple[str, ...]:
    """Return program and arguments, as the agents run it: a line with white space by `sh -c`."""
    if len(words) == 1 and len(words[0].split()) > 1:
        return ("sh", "-c", words[0])
    return tuple(words)
