"""Finds out before a deployment what would not work, and says what to do. Leaves nothing behind.

Without a server:

- `unused`: secrets that no file uses
- `trust`: certificates that cannot be used on this machine
- `programs`: programs that will be run and are not there

With `--online`:

- `online`: all of the following
- `server`, `certificate`: the server's name, state and clock, and its certificate
- `login`: logs in as the daemon would
- `permissions`, `excess`: what the token may do, compared with what is needed: too little, too much
- `engines`: where paths lead
- `machine`, `processes`, `listeners`: files, processes to signal, addresses to listen at

`finding` is one result: how bad, about what, and what to do.
"""

from injector.preflight.check.finding import Finding, Level, exit_code
from injector.preflight.check.online import check

__all__ = ["Finding", "Level", "check", "exit_code"]
