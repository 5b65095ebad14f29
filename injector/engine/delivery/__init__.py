"""When a secret changes: render what uses it, write it, then notify each application once.

Render → stage, `check` → write → notify and verify (`notifier`, debounced) → record as accepted, or
roll back.

- `delivery`: renders and writes what a change affects, and nothing else
- `output`: one thing that changes as a whole, as the configuration describes it
- `output_state`: what is known about it, which survives a reload
- `renderers`: renders what is not a template
- `contract`: checks secrets before they are used
- `check`: runs a program on staged content
- `github`: passes variables to a CI runner
- `outputs`: all outputs of one configuration, and what is noted about them
- `consumers`: which outputs use which generation
- `schedule`: when outputs are due
- `timing`: when to write and when to notify; arithmetic only, no clock, no I/O
- `notifier`: notifies one application
- `acceptance`: what was accepted, and what was rejected
- `ledger`: pending notifications and rejected contents, which survive a reload
- `expiries`: says when a value in use has expired
- `reporting`: what health, log and metrics say of it all
"""

from injector.engine.delivery.delivery import Delivery
from injector.engine.delivery.ledger import Ledger
from injector.engine.delivery.notifier import Notifier
from injector.engine.delivery.output import Output
from injector.engine.delivery.output_state import OutputState

__all__ = ["Delivery", "Ledger", "Notifier", "Output", "OutputState"]
