"""Real servers for development, the demo and the tests. Nothing in production imports this.

Servers:

- `bao`: a private OpenBao; `postgres`: a private PostgreSQL for its database engine
- `cluster`: the part of a Kubernetes cluster that a login needs
- `relay`: a TCP port for a server that listens only on a unix socket
- `memory`: finds a directory that is kept in memory
- `child`: a child process whose output can be awaited line by line
- `guard`: runs something in a process of its own; whichever dies, nothing is left behind
- `watchdog`: cleans up after a process that was killed

`injector dev`:

- `session`: one run, from beginning to end
- `servers`: its servers, started together and filled from the seed file
- `seed`, `loading`: what the seed file may say, and all that is wrong with one
- `kinds`: how each kind of secret is created, rotated and expired at the server
- `configuration`: the injector's configuration; `borrowed`: the user's own, pointed at the server
- `applied`: writes that configuration, and at the server the policy that it needs
- `place`: the directories of one run, and how other commands find it
- `rehearsal`, `chaos`: failures, when asked for and at random
- `follow`, `timeline`: the injector's log and other events as people read them

And `demo`: the same servers, an application and the injector, narrated live.
"""
