"""The supervised command: its environment, its signals, its restarts, its output."""

from injector.child.child import Child
from injector.child.command import Command
from injector.child.target import ChildTarget, PatientTarget
from injector.child.variables import Environment, Variable

__all__ = ["Child", "ChildTarget", "Command", "Environment", "PatientTarget", "Variable"]
