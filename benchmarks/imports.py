"""What a whole `once` imports, and how long that takes: by package, most expensive first."""

import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from benchmarks.bench import Bench
from benchmarks.errors import CouldNotRunError
from benchmarks.processes import environment
from benchmarks.report import Result, table

RUNS = (5, 3)
SHOWN = 24
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$", re.MULTILINE)
# What has no business in `once`.
UNWANTED = frozenset(
    {"prometheus_client", "watchfiles", "anyio", "rich", "pydantic", "jinja2", "injector.status"}
)


@dataclass(slots=True)
class Package:
    """A package of one profile: its modules, and their own time in milliseconds."""

    modules: set[str] = field(default_factory=set)
    itself: float = 0.0


def measure(bench: Bench) -> Result:
    profiles = [_profile(bench) for _ in range(RUNS[bench.quick])]
    names = profiles[0].keys()
    own = {name: median(p[name].itself for p in profiles if name in p) for name in names}
    whole = sum(own.values())
    lines = [
        (
            _shown(name),
            str(len(profiles[0][name].modules)),
            f"{own[name]:.1f}",
            f"{own[name] / whole:.0%}",
        )
        for name in sorted(names, key=lambda name: own[name], reverse=True)
    ]
    rest = sorted(own.values(), reverse=True)[SHOWN:]
    lines = lines[:SHOWN]
    lines.append((f"{len(rest)} others", "", f"{sum(rest):.1f}", f"{sum(rest) / whole:.0%}"))
    modules = sum(len(package.modules) for package in profiles[0].values())
    lines.append(("all", str(modules), f"{whole:.1f}", "100%"))
    header = ("imports of a one-shot, by package", "modules", "ms", "share")
    # A package that is looked for in vain is in the profile too, with one module.
    unwanted = sorted(name for name in UNWANTED & names if len(profiles[0][name].modules) > 1)
    verdict = f"Unwanted in it: {', '.join(unwanted) or 'nothing'}."
    return Result(notes=[f"{table(header, lines)}\n\n{verdict}"])


def _profile(bench: Bench) -> dict[str, Package]:
    job = bench.job(bench.ours, 1, once=True)
    _, *arguments = bench.ours.prepare(job)
    answer = subprocess.run(
        [bench.python, "-X", "importtime", "-m", "injector", *arguments],
        env=environment(job.log),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise CouldNotRunError(answer.stderr)
    found: dict[str, Package] = defaultdict(Package)
    for itself, _cumulative, module in LINE.findall(answer.stderr):
        package = found[_package(module)]
        package.modules.add(module)
        package.itself += int(itself) / 1000
    return found


def _package(module: str) -> str:
    top, _, rest = module.partition(".")
    if top == "injector" and rest:
        return f"injector.{rest.partition('.')[0]}"
    return top


def _shown(package: str) -> str:
    return f"{package} (standard library)" if package in sys.stdlib_module_names else package
