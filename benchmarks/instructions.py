"""Processor instructions, which wander less than times, by callgrind where it is installed.

One run each: what counts the same on a busy machine needs no median.
"""

import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.errors import CouldNotRunError
from benchmarks.processes import environment, running
from benchmarks.report import Result, table

COUNTED = re.compile(r"Collected : (\d+)")
FEW, MANY = 1, 100
MILLION = 1_000_000


def measure(bench: Bench) -> Result:
    if not shutil.which("valgrind"):
        return Result(notes=["Instructions are counted where valgrind is installed."])
    few, many = _once(bench, FEW), _once(bench, MANY)
    lines = [
        (f"`once`, {FEW} template", f"{few:,.0f} M"),
        (f"`once`, {MANY} templates", f"{many:,.0f} M"),
        ("each further template", f"{(many - few) / (MANY - FEW):.2f} M"),
        ("`probe`", f"{_probe(bench):,.0f} M"),
    ]
    return Result(notes=[table(("instructions, by callgrind", "ours"), lines)])


def _once(bench: Bench, templates: int) -> float:
    job = bench.job(bench.ours, templates, once=True)
    # It is fifty times slower: deadlines that are right otherwise would end it.
    return _counted(bench, [*bench.ours.prepare(job)[1:], "--timeout", "30m"], job.log)


def _probe(bench: Bench) -> float:
    job = bench.job(bench.ours, FEW)
    with running(bench.ours.prepare(job), job.log, job.files):
        words = ["probe", "ready", "--address", f"unix://{job.folder}/socket"]
        return _counted(bench, words, job.folder / "probe.log")


def _counted(bench: Bench, words: list[str], log: Path) -> float:
    """Run a command of ours to its end; return its instructions in millions."""
    counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={log.parent}/callgrind"]
    answer = subprocess.run(
        [*counting, str(bench.python), "-P", "-m", "injector", *words],
        env=environment(log),
        capture_output=True,
        text=True,
        check=False,
    )
    found = COUNTED.search(answer.stderr)
    if answer.returncode or found is None:
        raise CouldNotRunError(f"valgrind {' '.join(words)}:\n{answer.stderr}")
    return int(found[1]) / MILLION
