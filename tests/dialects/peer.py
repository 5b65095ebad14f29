"""Runs the real agent of OpenBao to find out what it accepts, and how it reads it."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from injector.dev.bao import executable
from injector.dialects.hcl import List, Literal, Object, Value

# The minimum for a complete configuration, so that only the added fragment is judged.
WHOLE = """
vault { address = "http://127.0.0.1:1" }
listener "tcp" { address = "127.0.0.1:1" tls_disable = true }
"""


def written(folder: Path, texts: Iterable[str]) -> list[Path]:
    """Write each text to its own file, byte for byte."""
    files = []
    for i, text in enumerate(texts):
        files.append(folder / f"{i}.hcl")
        files[-1].write_bytes(text.encode())
    return files


def verdict(files: Sequence[Path], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Let the agent read all these files at once, and exit."""
    whole = folder / "whole.hcl"
    whole.write_text(WHOLE)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
    return subprocess.run(
        [
            str(executable()),
            "agent",
            *(f"-config={file}" for file in (*files, whole)),
            "-test-verify-only",
        ],
        env={**kept, "BAO_TEST_VERIFY_ONLY_DUMP_CONFIG": "1"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def takes(file: Path) -> bool:
    """Return whether the agent would start with this file alone."""
    command = [str(executable()), "agent", f"-config={file}", "-test-verify-only"]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def refused(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """Return the files that the agent does not load, each with the reason."""
    run = verdict(files, folder)
    if run.stderr.startswith("panic:"):  # one file makes all others fail
        if len(files) == 1:
            return {files[0]: run.stderr.partition("\n")[0]}
        half = len(files) // 2
        return {**refused(files[:half], folder), **refused(files[half:], folder)}
    found = re.findall(r"error loading configuration from (\S+): (.*)", run.stdout)
    return {Path(file): why for file, why in found}


def listeners(files: Sequence[Path], folder: Path) -> list[dict[str, Any]]:
    """Return what the agent reads in the `listener` of each file, including unknown keys."""
    run = verdict(files, folder)
    assert run.returncode == 0, run.stdout
    dumps = re.findall(r"RawConfig:(map\[string\]interface \{\}\{.*?\}), Type:\"tcp\"", run.stdout)
    return [_go_value(dump) for dump in dumps][:-1]


def shape(value: Value) -> Any:
    """Return our tree in the agent's form: a block is a list of maps, the last string wins."""
    match value:
        case Literal():
            return value.value
        case List():
            return [shape(item) for item in value.items]
        case Object():
            return _map(value)


def _map(block: Object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in block.items:
        inner = shape(item.value)
        for label in reversed(item.labels):
            inner = {label: [inner]}
        if isinstance(item.value, Object):
            found.setdefault(item.key, []).append(inner)
        else:
            found[item.key] = inner
    return found


_GO = re.compile(
    r"(?P<open>(?P<list>\[\](?:map\[string\])?|map\[string\])interface \{\}\{)|(?P<close>\})"
    r'|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>true|false|-?[0-9][0-9.e+-]*)|[:, ]'
)


def _go_value(dump: str) -> Any:
    """Parse Go's `%#v` of a map."""
    return _value(_GO.finditer(dump))


def _value(tokens: Iterator[re.Match[str]]) -> Any:
    for token in tokens:
        if token["close"]:
            return ...
        if token["open"]:
            values = list(_until_closed(tokens))
            is_list = token["list"].startswith("[]")
            return values if is_list else dict(zip(values[::2], values[1::2], strict=True))
        if token["text"]:
            return (
                token["text"][1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
            )
        if token["word"]:
            word = token["word"]
            words: Mapping[str, Any] = {"true": True, "false": False}
            return (
                words[word]
                if word in words
                else float(word)
                if set(word) & set(".e")
                else int(word)
            )
    raise AssertionError("the dump ends early")


def _until_closed(tokens: Iterator[re.Match[str]]) -> Iterator[Any]:
    while (value := _value(tokens)) is not ...:
        yield value
