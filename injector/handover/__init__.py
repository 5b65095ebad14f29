"""What one injector process passes to the next: the hand-over file and its lock."""

from injector.handover.file import Handover
from injector.handover.record import Record, Unusable, decode, encode
from injector.handover.stamp import Stamp, stamp
from injector.handover.state import Left, State, capture, restore

__all__ = [
    "Handover",
    "Left",
    "Record",
    "Stamp",
    "State",
    "Unusable",
    "capture",
    "decode",
    "encode",
    "restore",
    "stamp",
]
