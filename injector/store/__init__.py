"""The record of generations: what every secret is now, what it was, and who uses what."""

from injector.store.generation import EXPIRING, Generation, Phase
from injector.store.record import Store

__all__ = ["EXPIRING", "Generation", "Phase", "Store"]
