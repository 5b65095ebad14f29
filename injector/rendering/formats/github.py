"""Writes values for GitHub Actions: the file `$GITHUB_ENV`, and the masks for its log."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.environment import variable
from injector.rendering.formats.text import json_text

# The runner refuses the first, and overwrites the others in every step.
_THE_RUNNERS_OWN = re.compile(r"NODE_OPTIONS|GITHUB_.*|RUNNER_.*", re.IGNORECASE)


def entry(key: str, value: Any) -> str:
    """Return the here-document of one variable."""
    name, text = variable(key, value)
    if _THE_RUNNERS_OWN.fullmatch(name):
        raise RenderError("the runner reserves that name; rename it in Vault")
    end = _delimiter(text)
    return f"{name}<<{end}\n{text}\n{end}\n"


def github_masks(data: Mapping[str, Any]) -> list[str]:
    """Return the workflow commands that mask the values in the log; print them before use.

    Each is one line: the runner reads output, and so also masks, line by line.
    """
    texts = [text for key in sorted(data) for text in _secret_texts(data[key])]
    parts = [part for text in texts for part in (text, *map(str.strip, re.split("[\r\n]", text)))]
    return [f"::add-mask::{_escaped(part)}" for part in dict.fromkeys(parts) if part.strip()]


def _delimiter(text: str) -> str:
    """Return a word that the text does not contain: nothing in a value can end it early.

    Random words make a collision unlikely; with the value at hand, we can rule it out. The same
    secret then also gives the same file, which counts as unchanged.
    """
    return next(word for n in count() if (word := f"END_OF_VALUE_{n}") not in text)


def _secret_texts(value: Any) -> Iterator[str]:
    """Yield every form in which a value may be printed, except true, false and null."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        yield value
        return
    yield json_text(value)
    if isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, str | list | dict):
                yield from _secret_texts(inner)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
