"""Writes a configuration tree as readable YAML, with remarks and block strings."""

from collections.abc import Iterator
from typing import Any

import yaml

from injector.dialects.vault_agent.nodes import Block, Entry, written

_TEXT = "tag:yaml.org,2002:str"
_UNLIMITED = 2**31 - 1
_STEP = "  "


def text_of(root: Block) -> str:
    """Return the whole document, with blank lines between blocks where they have no meaning."""
    *parts, last = ("\n".join(_option(name, entry)) + "\n" for name, entry in root)
    # A blank line after a block string would become part of it.
    spaced = (part if part.endswith("\n\n") else f"{part}\n" for part in parts)
    return "".join(spaced) + last


def _block(block: Block) -> Iterator[str]:
    # Long values come last.
    for name, entry in sorted(block, key=lambda pair: "\n" in str(pair[1].value)):
        yield from _option(name, entry)


def _option(name: str, entry: Entry) -> Iterator[str]:
    remark = f"  # {entry.remark}" if entry.remark else ""
    value = entry.value
    key = _scalar(name)
    if isinstance(value, Block):
        inside = list(_block(value))
        yield f"{key}:{remark}" if inside else f"{key}: {{}}{remark}"
        yield from _indented(iter(inside))
    elif isinstance(value, list | tuple) and any(isinstance(item, Block) for item in value):
        yield f"{key}:{remark}"
        for item in value:
            first, *others = _indented(_indented(_block(item)))
            yield f"{_STEP}- {first.removeprefix(_STEP * 2)}"
            yield from others
    elif isinstance(value, list | tuple):
        yield f"{key}: [{', '.join(_quoted(_text(item, entry)) for item in value)}]{remark}"
    elif isinstance(value, str):
        first, *others = _scalar(_text(value, entry)).split("\n")
        yield f"{key}: {first}{remark}"
        yield from others
    else:
        yield f"{key}: {_text(value, entry)}{remark}"


def _text(value: Any, entry: Entry) -> str:
    return written(value, verbatim=entry.verbatim)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"{_STEP}{line}" if line else line for line in lines)


def _scalar(text: str) -> str:
    """Write a string plainly if it is unambiguous, otherwise in quotes."""
    if "\n" in text and (literal := _literal(text)):
        return literal
    plain = _serialized(text, None)
    return _quoted(text) if plain[:1] in "'\"" else plain


def _quoted(text: str) -> str:
    return _serialized(text, '"')


def _serialized(text: str, style: str | None) -> str:
    node = yaml.ScalarNode(_TEXT, text, style=style)
    found: str = yaml.serialize(node, Dumper=yaml.SafeDumper, width=_UNLIMITED, allow_unicode=True)
    return found.removesuffix("...\n").removesuffix("\n")


def _literal(text: str) -> str:
    """Write lines as a block string; nothing if they would be read differently."""
    begins_blank = text[0] in " \n"
    ends = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    lines = text.removesuffix("\n").split("\n")
    made = "\n".join([f"|{len(_STEP) if begins_blank else ''}{ends}", *_indented(iter(lines))])
    try:
        same = yaml.safe_load(f"a: {made}\n") == {"a": text}
    except yaml.YAMLError:
        same = False
    return made if same else ""
