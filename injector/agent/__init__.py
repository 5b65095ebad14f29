"""Builds the parts and runs them: once, or until told to stop."""

from injector.agent.assembly import Kept
from injector.agent.once import once
from injector.agent.run import run

__all__ = ["Kept", "once", "run"]
