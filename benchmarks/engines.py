"""What compiling and rendering one template costs, by engine; without a server."""

import json
import subprocess
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.errors import CouldNotRunError
from benchmarks.report import Result, table

PROGRAM = Path(__file__).with_name("engine_costs.py")


def measure(bench: Bench) -> Result:
    # -I: the sources of the working directory are not what is measured.
    answer = subprocess.run(
        [bench.python, "-I", PROGRAM], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CouldNotRunError(answer.stderr)
    lines = [
        (cost["name"], *(f"{figure:.1f}" for figure in (*cost["compile"], *cost["render"])))
        for cost in json.loads(answer.stdout)
    ]
    header = (
        "processor time of a template, in µs",
        "compile: Go",
        "MiniJinja",
        "render: Go",
        "MiniJinja",
    )
    return Result(notes=[table(header, lines)])
