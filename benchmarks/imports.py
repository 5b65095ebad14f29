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
from benchmarks.sides import Side

RUNS = (5, 3)
SHOWN = 24
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$", re.MULTILINE)
# What has no business in a one-shot: packages, and one module.
UNWANTED = frozenset(
    {
        *("prometheus_client", "watchfiles", "anyio", "aiohttp.web"),
        *("requests", "urllib3", "rich", "pydantic", "jinja2"),
    }
)
# `injector agent` needs more than `once`: how much is measured with so many templates.
AGENT_TEMPLATES = 10


@dataclass(slots=True)
class Package:
    """A package of one profile: its modules, and their own time in milliseconds."""

    modules: set[str] = field(default_factory=set)
    itself: float = 0.0


def measure(bench: Bench) -> Result:
    runs = RUNS[bench.quick]
    once = _profile(bench, bench.ours, 1, runs)
    agent = _profile(bench, bench.instead, AGENT_TEMPLATES, runs)
    whole = _whole(once)
    names = sorted(once, key=lambda name: once[name].itself, reverse=True)
    lines = [
        (
            _shown(name),
            str(len(once[name].modules)),
            f"{once[name].itself:.1f}",
            f"{once[name].itself / whole:.0%}",
        )
        for name in names[:SHOWN]
    ]
    rest = sum(once[name].itself for name in names[SHOWN:])
    lines.append((f"{len(names) - SHOWN} others", "", f"{rest:.1f}", f"{rest / whole:.0%}"))
    lines.append(("all", str(_modules(once)), f"{whole:.1f}", "100%"))
    header = ("imports of a one-shot, by package", "modules", "ms", "share")
    more = (
        f"`injector agent` with {AGENT_TEMPLATES} Go templates in HCL: {_modules(agent)} modules, "
        f"{_whole(agent):.1f} ms."
    )
    unwanted = sorted(_unwanted(once) | _unwanted(agent))
    verdict = f"Unwanted in them: {', '.join(unwanted) or 'nothing'}."
    return Result(notes=[f"{table(header, lines)}\n\n{more}\n{verdict}"])


def _profile(bench: Bench, side: Side, templates: int, runs: int) -> dict[str, Package]:
    """Return the median of several profiles, by package."""
    profiles = [_once(bench, side, templates) for _ in range(runs)]
    return {
        name: Package(package.modules, median(p[name].itself for p in profiles if name in p))
        for name, package in profiles[0].items()
    }


def _once(bench: Bench, side: Side, templates: int) -> dict[str, Package]:
    job = bench.job(side, templates, once=True)
    _, *arguments = side.prepare(job)
    answer = subprocess.run(
        # -P: the sources of the working directory are not what is measured.
        [bench.python, "-P", "-X", "importtime", "-m", "injector", *arguments],
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


def _whole(profile: dict[str, Package]) -> float:
    return sum(package.itself for package in profile.values())


def _modules(profile: dict[str, Package]) -> int:
    return sum(len(package.modules) for package in profile.values())


def _unwanted(profile: dict[str, Package]) -> set[str]:
    # A package that is looked for in vain is in the profile too, with one module.
    packages = {name for name, package in profile.items() if len(package.modules) > 1}
    modules = {module for package in profile.values() for module in package.modules}
    return UNWANTED & (packages | {module for module in modules if "." in module})


def _package(module: str) -> str:
    top, _, rest = module.partition(".")
    if top == "injector" and rest:
        return f"injector.{rest.partition('.')[0]}"
    return top


def _shown(package: str) -> str:
    return f"{package} (standard library)" if package in sys.stdlib_module_names else package
