"""Generates the tables of docs/dev.md: `python -m injector.dev.reference FILE`."""

import sys
from pathlib import Path

from injector.config.reference import renewed
from injector.dev.seed import Seed

if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(renewed(file.read_text("utf-8"), Seed), "utf-8")
