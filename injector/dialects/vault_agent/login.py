"""Translates `vault` and `auto_auth`: the server, the login, and the sinks."""

from injector.config import environment, model
from injector.config.logins import ELSEWHERE
from injector.config.problem import Where, suggest
from injector.dialects.vault_agent.making import Default, Making, seconds
from injector.dialects.vault_agent.nodes import Block
from injector.dialects.vault_agent.sections import Section

DEFAULT_ADDRESS = "https://127.0.0.1:8200"
DEFAULT_MODE = "0640"  # of a sink
_BACKOFF = Default("logins are retried after up to 5 minutes", '"20s"')
_MODE = Default("the group can read the token", "0600")


def vault(making: Making) -> Block:
    files, flags = making.files, making.outside.flags
    section = files.block("vault") or Section(files.file, files.line, ("vault",))
    block = making.copied(section, "vault", ("vault",))
    _, address = environment.find("ADDR", making.outside.environ)
    address = address or section.get("address") or DEFAULT_ADDRESS
    block.put("address", flags.vault.get("address", address), section.at("address"))
    login = files.block("auto_auth")
    method = login.block("method") if login is not None else None
    if method is not None:
        if not section.get("namespace") and method.get("namespace"):
            block.put("namespace", method.get("namespace"), method.at("namespace"))
        config = method.block("config")
        authority = config.get("ca_cert") if config is not None else ""
        if authority and not section.get("ca_cert") and not section.get("ca_path"):
            block.put("ca_cert", authority)
    for name, value in flags.vault.items():
        block.put(name, value)
    return block


def auto_auth(making: Making, login: Section) -> Block:
    block = Block(login.file, login.line)
    method = login.block("method")
    if method is not None:
        block.put("method", _method(making, method), login.at("method"))
    elif "method" not in login.broken:
        making.problem(login, "method", "is required: how to log in")
    if method is None:
        making.broken.add(("auto_auth", "method"))
    sinks = [*login.blocks("sink"), *login.blocks("sinks")]
    if sinks:
        made = [_sink(making, i, sink) for i, sink in enumerate(sinks)]
        block.put("sinks", made, login.at("sink" if login.blocks("sink") else "sinks"))
    return block


def _method(making: Making, method: Section) -> Block:
    place: Where = ("auto_auth", "method")
    block = making.copied(method, "auto_auth.method", place)
    name = method.get("type", "")
    if name not in model.METHODS:
        why = ELSEWHERE.get(name)
        if "type" not in method.broken:
            said = f"{name} is not available: {why}" if why else _unknown_method(name)
            making.problem(method, "type", said)
        block.drop("type")
        making.broken.update(((*place, "type"), (*place, "config")))
        return block
    config = method.block("config")
    if config is not None:
        key = f"auto_auth.method.config({name})"
        copied = making.copied(config, key, (*place, "config"))
        block.put("config", copied, method.at("config"))
    least = method.get("min_backoff") or 1.0
    if not method.get("max_backoff"):
        making.default(block, method, "max_backoff", seconds(max(least, 300.0)), _BACKOFF)
    return block


def _sink(making: Making, index: int, sink: Section) -> Block:
    place: Where = ("auto_auth", "sinks", index)
    block = making.copied(sink, "auto_auth.sink", place)
    config = sink.block("config")
    if config is not None:
        made = making.copied(config, "auto_auth.sink.config", (*place, "config"))
        if config.get("mode") is None:
            making.default(made, config, "mode", DEFAULT_MODE, _MODE)
        block.put("config", made, sink.at("config"))
    return block


def _unknown_method(name: str) -> str:
    known = list(model.METHODS)
    if not name:
        return 'requires the method as its label: method "approle" { … }'
    return f"there is no login method '{name}'; {suggest(name, known)}"
