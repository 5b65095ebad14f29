"""Pre-deployment checks of the server, the login, its permissions, and this machine.

`check --online`: findings about the server (`server`, `certificate`), the login (`login`), the
token's permissions (`permissions`, `excess`), where paths lead (`engines`) and this machine
(`machine`, `processes`, `listeners`), each with what to do; leaves nothing behind. Without a
server: secrets that are `unused`, certificates that cannot be used here (`trust`).

- `finding`: one result of a check: how bad, about what, and what to do
- `online`: runs all online checks, and leaves nothing behind
- `programs`: looks for each program that will be run, without running any
"""

from injector.preflight.check.finding import Finding, Level, exit_code
from injector.preflight.check.online import check

__all__ = ["Finding", "Level", "check", "exit_code"]
