"""One state machine per secret: fetch, publish, sleep until due, renew or fetch again.

- `watch`: starts and stops a watcher for each wanted secret
- `watcher`: decides when to act, and what follows from a failure
- `actions`: fetches, renews and publishes
- `replaced`: renews a lease that is still in use although its successor has been issued
- `budget`: limits how many credentials are issued
- `settings`: how the configuration treats each secret
- `reporting`: tells health, log and metrics
"""

from injector.engine.watch.watch import Watch

__all__ = ["Watch"]
