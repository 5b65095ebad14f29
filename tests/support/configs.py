"""Configurations for tests: what a test does not write is filled in below it, so lines stay."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

from injector.base.errors import ConfigError
from injector.config import Loaded, load

REST = {
    "vault": "vault: {address: 'https://vault.example:8200'}",
    "auto_auth": "auto_auth: {method: {type: kubernetes, config: {role: app}}}",
    "template": "template: {destination: /run/secrets/app, contents: x}",
}


def complete(text: str) -> str:
    """Return the text, dedented, with the blocks that a configuration cannot do without."""
    text = dedent(text).strip("\n")
    missing = [block for key, block in REST.items() if not re.search(f"(?m)^{key}:", text)]
    return "\n".join([text, *missing, ""])


def load_text(
    folder: Path, text: str, environ: dict[str, str] | None = None, **options: Any
) -> Loaded:
    """Load the text, completed, as FOLDER/app.yaml."""
    file = folder / "app.yaml"
    file.write_text(complete(text), "utf-8")
    return load(str(file), environ or {}, **options)


def problems(
    folder: Path, text: str, environ: dict[str, str] | None = None, **options: Any
) -> list[str]:
    """Return what is wrong with the text, each as `LINE: KEY: WHAT`."""
    try:
        load_text(folder, text, environ, **options)
    except ConfigError as error:
        return [without_file(folder, problem) for problem in error.problems]
    return []


def without_file(folder: Path, problem: object) -> str:
    return without_column(str(problem).removeprefix(f"{folder}/app.yaml:").lstrip())


def without_column(problem: str) -> str:
    return re.sub(r"^(\d+):\d+: ", r"\1: ", problem)
