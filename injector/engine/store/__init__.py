"""The record of generations: what every secret is now, what it was, and who uses what.

The record of generations from pending to superseded, immutable snapshots of them, and who wants
which secret (`record`); what one `generation` is; when credentials were requested (`issues`).
"""

from injector.engine.store.generation import EXPIRING, Generation, Phase
from injector.engine.store.record import Store

__all__ = ["EXPIRING", "Generation", "Phase", "Store"]
