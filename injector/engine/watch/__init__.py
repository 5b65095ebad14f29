"""One state machine per secret: fetch, publish, sleep until due, renew or fetch again.

One state machine per secret: fetch → publish → sleep until due → renew or fetch again
(`watcher` decides when, `acts` does it), one for each wanted secret (`watch`), with its
settings (`entry`), issuance budget (`budget`), predicted rotations (`rotation`) and reports to
health, log and metrics (`reporting`); renews a lease that is still in use although its
successor has been issued (`replaced`).

- `parts`: what a watcher works with
- `renewal`: renews a lease
"""

from injector.engine.watch.parts import Parts
from injector.engine.watch.watch import Watch

__all__ = ["Parts", "Watch"]
