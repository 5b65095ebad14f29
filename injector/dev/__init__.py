"""Real servers for the demo, development and tests. Nothing in production imports this.

A real OpenBao and PostgreSQL for development, the demo and the tests (`bao`, `postgres`),
enough of a Kubernetes cluster for a login (`cluster`), and the demo (`demo`). For `injector
dev`: the seed file (`seed`, `loading`), what each kind of secret does on the server (`kinds`),
the servers and the injector as one run (`servers`, `applied`, `session`) in a process guarded
by another (`guard`), cleanup after servers whose starter was killed (`watchdog`), and rehearsed
failures (`rehearsal`, `chaos`). Only `cli` imports it.

- `borrowed`: the user's own configuration, pointed at the development server and otherwise
  unchanged
- `child`: a child process whose output can be awaited line by line; it ends with the block
- `configuration`: generates the configuration for the injector that `injector dev` runs
- `follow`: translates the injector's log into lines for a person at a terminal
- `memory`: finds a directory that is kept in memory
- `place`: the directories of one `injector dev`, and how other commands find it
- `relay`: a TCP port for a server that listens only on a unix socket
- `timeline`: prints events as they happen: a live timeline on a terminal, plain lines elsewhere
"""
