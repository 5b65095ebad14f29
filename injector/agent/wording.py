"""What a configuration spells: names, paths and addresses, which no value makes secret."""

from collections.abc import Hashable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from injector.agent.plan import Plan, names
from injector.redactor import Redactor

# Options that hold text, or what somebody may be given access with.
NOT_NAMES = frozenset({"contents", "params", "headers", "body_pattern", "command", "args", "url"})


def explain(redactor: Redactor, plan: Plan) -> None:
    """Tell the redactor what the operator calls secrets, and which words are the operator's."""
    called: dict[Hashable, str] = {ref: name for name, ref in reversed(names(plan.config).items())}
    for template in plan.templates.values():
        for ref in template.refs:
            called.setdefault(ref, str(ref))
    redactor.configured(called, lambda: words(plan))


def words(plan: Plan) -> Iterator[str]:
    """Yield every name, path and address of a configuration and its templates."""
    refs = {*names(plan.config).values(), *(r for t in plan.templates.values() for r in t.refs)}
    for ref in refs:
        yield str(ref)
        yield from _path(ref.path)
    for path in (plan.loaded.path, *plan.loaded.files):
        yield from _path(path)
    yield from _of(plan.config)


def _of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _path(value)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name == "url":
                parts = urlsplit(inner)
                yield f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            elif name not in NOT_NAMES:
                yield from _of(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _of(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _of(inner)


def _path(text: str) -> Iterator[str]:
    """Yield a name; of a path, also each directory, and each part with its slash."""
    yield text
    if "/" in text:
        for at in (at for at, char in enumerate(text) if char == "/"):
            yield text[:at]
            yield f"/{text[at + 1 :].partition('/')[0]}"
