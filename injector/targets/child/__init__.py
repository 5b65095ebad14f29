"""The supervised command: its environment, its signals, its restarts, its output.

- `command`: its state, which outlives a reload
- `child`: the service that starts, restarts and stops it
- `policy`: decides what follows when it exits by itself
- `process`: one run of it
- `family`: finds what it has started
- `target`: notifies it of changes
- `variables`: the rendered variables, as a destination
- `environment`: which variables it gets, and what none can hold
- `relay`: carries its output
- `masking`: hides values in its output
- `terminal`: lends it our terminal
- `signals`: which signals are forwarded to it
"""

from injector.targets.child.child import Child
from injector.targets.child.command import Command
from injector.targets.child.target import ChildTarget, PatientTarget
from injector.targets.child.variables import Environment, Variable

__all__ = ["Child", "ChildTarget", "Command", "Environment", "PatientTarget", "Variable"]
