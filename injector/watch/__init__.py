"""One state machine per secret: fetch, publish, sleep until due, renew or fetch again."""

from injector.watch.parts import Parts
from injector.watch.watch import Watch

__all__ = ["Parts", "Watch"]
