"""One state machine per secret: fetch, publish, sleep until due, renew or fetch again."""

from injector.watch.watch import Watch
from injector.watch.watcher import Parts

__all__ = ["Parts", "Watch"]
