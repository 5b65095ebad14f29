"""The supervised command: its environment, its signals, its restarts, its output.

The supervised command: its state (`command`), what to do about it and when (`child`, `policy`),
one run of it with everything it starts (`process`, `family`), how it is notified of changes
(`target`), its variables (`variables`, `environment`), its output (`relay`, `masking`), its
terminal (`terminal`), and which signals it gets (`signals`).
"""

from injector.targets.child.child import Child
from injector.targets.child.command import Command
from injector.targets.child.target import ChildTarget, PatientTarget
from injector.targets.child.variables import Environment, Variable

__all__ = ["Child", "ChildTarget", "Command", "Environment", "PatientTarget", "Variable"]
