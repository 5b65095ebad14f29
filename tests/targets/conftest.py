"""Where destinations are: in memory, on a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disk import (
    memory_backed_directory,
    require_disk,
)


@pytest.fixture
def ram() -> Iterator[Path]:
    with memory_backed_directory() as path:
        yield path


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return require_disk(tmp_path)


@pytest.fixture
def tls() -> Iterator[Path]:
    with memory_backed_directory() as path:
        yield path / "tls"
