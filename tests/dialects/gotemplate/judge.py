"""Renders templates with the real agent of OpenBao, for comparison with ours."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from injector.dev.bao import Bao, executable

_SETTINGS = """
vault {
  address = "%(address)s"
  retry { num_retries = -1 }
}
auto_auth { method "token_file" { config = { token_file_path = "%(token)s" } } }
template_config { exit_on_retry_failure = true }
exit_after_auth = true
"""
_PATIENCE = 10.0  # seconds
_AT_ONCE = 150  # the agent's time grows quadratically
_TEMPLATE = """
template {
  source = "%(source)s"
  destination = "%(destination)s"
  error_on_missing_key = %(strict)s
  left_delimiter = "%(left)s"
  right_delimiter = "%(right)s"
}
"""


@dataclass(frozen=True)
class Case:
    """One template, and its options."""

    text: str
    strict: bool = False
    left: str = "{{"
    right: str = "}}"


@dataclass
class Judge:
    """Runs the agent against a server, in its own directory."""

    bao: Bao
    folder: Path
    runs: int = 0

    def render(self, cases: Sequence[Case], **environ: str) -> list[bytes | None]:
        """Return the result of each template; None for one that the agent does not render."""
        if not cases:
            return []
        if len(cases) > _AT_ONCE:
            head, tail = cases[:_AT_ONCE], cases[_AT_ONCE:]
            return [*self.render(head, **environ), *self.render(tail, **environ)]
        done = self._run(cases, environ)
        if done is not None:
            return list(done)
        if len(cases) == 1:
            return [None]
        half = len(cases) // 2  # one that fails makes all others fail
        return [*self.render(cases[:half], **environ), *self.render(cases[half:], **environ)]

    def why_not(self, case: Case) -> str:
        """Return the agent's error for a template that it does not render."""
        self._run([case], {})
        return (self.folder / "log").read_text()

    def _run(self, cases: Sequence[Case], environ: dict[str, str]) -> list[bytes] | None:
        self.runs += 1
        here = self.folder / str(self.runs)
        here.mkdir()
        token = here / "token"
        token.write_text(self.bao.root_token)
        config = [_SETTINGS % {"address": self.bao.address, "token": token}]
        for index, case in enumerate(cases):
            (here / f"{index}.tpl").write_bytes(case.text.encode("utf-8", "surrogateescape"))
            config.append(
                _TEMPLATE
                % {
                    "source": here / f"{index}.tpl",
                    "destination": here / f"{index}.out",
                    "strict": str(case.strict).lower(),
                    "left": case.left,
                    "right": case.right,
                }
            )
        (here / "agent.hcl").write_text("".join(config))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
        with (self.folder / "log").open("w") as log:
            try:
                ended = subprocess.run(
                    [str(executable()), "agent", f"-config={here / 'agent.hcl'}"],
                    env={**kept, **environ},
                    cwd=here,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=_PATIENCE,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return None  # it waits forever
        results = [here / f"{index}.out" for index in range(len(cases))]
        if ended.returncode or not all(path.exists() for path in results):
            return None
        return [path.read_bytes() for path in results]
