"""Finds what was meant by a key that its block does not have: another name, or another block."""

from collections.abc import Collection, Sequence

from injector.config import model
from injector.config.introspect import blocks
from injector.config.problem import Where, nearest, suggest

# What others call a thing → our key for it.
_OURS = {
    "mode": "perms", "permissions": "perms", "chmod": "perms",
    "dest": "destination", "target": "destination", "output": "destination", "file": "destination",
    "text": "contents", "body": "contents", "data": "contents", "template": "contents",
    "owner": "user", "uid": "user", "gid": "group",
    "url": "address", "addr": "address", "server": "address", "host": "address",
    "ca_file": "ca_cert", "cacert": "ca_cert", "ca": "ca_cert", "insecure": "tls_skip_verify",
    "cmd": "command", "run": "command", "reload": "notify",
    "pidfile": "pid_file", "parameters": "params", "args": "params",
}  # fmt: skip
_MOST = 3
_LOGIN: Where = ("auto_auth", "method", "config")


def meant(name: str, where: Where, valid: Sequence[str], empty: Collection[Where]) -> str:
    """Say what to do about an unknown key. `empty` are blocks with nothing in them."""
    if child := _empty_child(name, where, empty):
        return f"it belongs to `{child}:` above; indent it further than that"
    if (ours := _OURS.get(name)) in valid:
        return f"did you mean '{ours}'?"
    if where == _LOGIN and (types := _types_with(name)):
        return f"it is an option of `type: {' or '.join(types)}`"
    if nearest(name, valid) is None and (homes := _homes(name, where)):
        return f"it belongs to {' or '.join(f'`{home}`' for home in homes)}"
    return suggest(name, valid)


def _empty_child(name: str, where: Where, empty: Collection[Where]) -> str:
    """Return the block right in here that has this key, but nothing below it."""
    having = {key for key, kind in blocks() if name in kind.__struct_fields__}
    for place in empty:
        if place[:-1] == where and _generic(place) in {key.removesuffix("[]") for key in having}:
            return str(place[-1])
    return ""


def _types_with(name: str) -> list[str]:
    """Return the types of login that have an option."""
    types = model.METHODS.items()
    return [kind for kind, config in types if name in config.__struct_fields__]


def _homes(name: str, where: Where) -> list[str]:
    """Return the blocks that have this key, if they are few: in here, else around, else beside."""
    here = _generic(where)
    having = dict.fromkeys(key for key, kind in blocks() if name in kind.__struct_fields__)
    inside = [key for key in having if key and key.startswith(f"{here}." if here else "")]
    around = [key for key in having if here and (not key or here.startswith(f"{key}."))]
    beside = [key for key in having if key.partition(".")[0] == here.partition(".")[0]]
    having.pop(here, None)
    found = inside or around or beside or list(having)
    return [key or "the top level" for key in found] if len(found) <= _MOST else []


def _generic(where: Where) -> str:
    """Return a place as the model names it; names of the user's choice are a `*` there."""
    steps: list[str] = []
    for at, step in enumerate(where):
        if isinstance(step, int):
            steps[-1] += "[]"
        else:
            steps.append("*" if at == 1 and where[0] in ("secrets", "notify") else step)
    return ".".join(steps)
