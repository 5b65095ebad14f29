"""The record of generations: what every secret is now, what it was, and who uses what.

- `record`: all generations from pending to superseded, snapshots of them, and who wants what
- `generation`: one value of a secret
- `issuances`: when credentials were requested
"""

from injector.engine.store.generation import EXPIRING, Generation, Phase
from injector.engine.store.record import Store

__all__ = ["EXPIRING", "Generation", "Phase", "Store"]
