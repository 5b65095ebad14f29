"""On change: render what uses it, write it, then notify each application once."""

from injector.delivery.delivery import Delivery
from injector.delivery.ledger import Ledger
from injector.delivery.notifier import Notifier
from injector.delivery.output import Output

__all__ = ["Delivery", "Ledger", "Notifier", "Output"]
