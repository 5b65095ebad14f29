"""On change: render what uses it, write it, then notify each application once.

On change: render what uses the secret → stage, `check` → write → notify and verify (`notifier`,
debounced) → acknowledge, or roll back. `output` is one thing that changes as a whole,
`renderers` are those other than templates, `github` passes variables to a CI runner, `schedule`
says when outputs are due, `users` which outputs use which generation, `acceptance` what was
accepted and rejected, `reporting` what health, log and metrics say of it all, `endings` when a
value in use has expired; `contract` checks secrets before they are used. `ledger` has pending
notifications and rejected contents, and survives a reload.

- `delivery`: renders and writes what a change affects, and nothing else
- `parts`: what the parts of delivery share
- `timing`: when to write and when to notify. Arithmetic only: no clock, no I/O
"""

from injector.engine.delivery.delivery import Delivery
from injector.engine.delivery.ledger import Ledger
from injector.engine.delivery.notifier import Notifier
from injector.engine.delivery.output import Output

__all__ = ["Delivery", "Ledger", "Notifier", "Output"]
