"""What one injector process passes to the next: the hand-over file and its lock.

`runtime.handing_over` loads the file and keeps it up to date.

- `state`: what is handed over, and what of it is still valid later
- `stamp`: which process may use it
- `record`: its format
- `file`: the hand-over file on disk: validated when read, written atomically, on memory only
- `lock`: the lock for a hand-over file: one injector at a time
"""

from injector.engine.handover.file import Handover
from injector.engine.handover.record import Record, Unusable, decode, encode
from injector.engine.handover.stamp import Stamp, stamp
from injector.engine.handover.state import HandoverState, Left, capture, restore

__all__ = [
    "Handover",
    "HandoverState",
    "Left",
    "Record",
    "Stamp",
    "Unusable",
    "capture",
    "decode",
    "encode",
    "restore",
    "stamp",
]
