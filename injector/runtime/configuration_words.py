"""What a configuration spells: names, paths and addresses, which no value makes secret."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, structs

from injector.base.redactor import Redactor
from injector.runtime.plan import Plan, refs_by_name
from injector.secret import Ref

# Options that hold free text, or what gives access: their words are not names.
NOT_NAMES = frozenset({"contents", "params", "headers", "body_pattern", "command", "args", "url"})
NUMBERS = (bool, int, float)


def explain(redactor: Redactor, plan: Plan) -> None:
    """Tell the redactor what the operator calls secrets, and which words are the operator's."""
    called = {ref: name for name, ref in reversed(refs_by_name(plan.config).items())}
    for template in plan.templates.values():
        for ref in template.refs - called.keys():
            called[ref] = str(ref)
    redactor.configured(called, lambda: words(plan, called))


def words(plan: Plan, refs: Iterable[Ref]) -> set[str]:
    """Return every name, path and address of a configuration and its templates."""
    found: set[str] = set()
    for ref in refs:
        _add(ref.path, found)
        found.add(str(ref))
    for path in (plan.loaded.path, *plan.loaded.files):
        _add(path, found)
    _collect(plan.config, found)
    return found


def _collect(value: Any, found: set[str]) -> None:
    """Add the words of an option, and of everything in it."""
    if isinstance(value, str):
        _add(value, found)
    elif isinstance(value, Struct):
        _collect_options(value, found)
    elif isinstance(value, tuple):
        for inner in value:
            _collect(inner, found)
    elif isinstance(value, dict):
        for name, inner in value.items():
            found.add(name)
            _collect(inner, found)


def _collect_options(block: Struct, found: set[str]) -> None:
    for name, value in zip(block.__struct_fields__, structs.astuple(block), strict=True):
        if not value or value.__class__ in NUMBERS:  # most options of most templates
            continue
        if name not in NOT_NAMES:
            _collect(value, found)
        elif name == "url":
            parts = urlsplit(value)
            found.add(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _add(text: str, found: set[str]) -> None:
    """Add a name; of a path, also each directory, and each part with its slash."""
    if text in found:
        return
    found.add(text)
    above, slash, last = text.rpartition("/")
    if slash:
        found.add(f"/{last}")
        _add(above, found)
