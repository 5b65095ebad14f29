"""Configurations of the agents for tests: what a test omits is appended."""

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

from injector.base.errors import ConfigError
from injector.config import Loaded, load
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.reading import read_all
from tests.support.configs import without_column

LOGIN = 'auto_auth { method "token_file" { config = { token_file_path = "/t" } } }'
TEMPLATE = 'template { contents = "x" destination = "/tmp/x" }'


def whole(text: str) -> str:
    """Return the text, dedented, with the blocks that every configuration needs."""
    text = dedent(text).strip("\n")
    more = [LOGIN] if "auto_auth" not in text else []
    more += [] if re.search(r"template\b|sink", text) else [TEMPLATE]
    return "\n".join([text, *more, ""])


def loaded(
    folder: Path, text: str, environ: dict[str, str] | None = None, flags: Flags | None = None
) -> Loaded:
    """Load the text as FOLDER/agent.hcl."""
    file = folder / "agent.hcl"
    file.write_bytes(whole(text).encode())
    return load(
        str(file),
        environ or {},
        read=lambda path, environ: read_all((path,), environ, flags or Flags()),
    )


def problems(folder: Path, text: str) -> list[str]:
    """Return the problems of the text, each as `LINE: KEY: WHAT`."""
    try:
        loaded(folder, text)
    except ConfigError as error:
        return notices(folder, error.problems)
    return []


def notices(folder: Path, found: Iterable[object]) -> list[str]:
    """Return warnings or advice without the name of the file, and without columns."""
    return [without_column(str(each).removeprefix(f"{folder}/agent.hcl:")) for each in found]
