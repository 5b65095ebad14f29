"""What a source answered about one secret, and how templates get it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from injector.secret.life import Kind


@dataclass(frozen=True, slots=True)
class Answer:
    """One secret as its source sees it at one moment; a source may add what else it says.

    `version` tells values apart where the source does, `lease_id` what was issued. `envelope` is
    what the source says around the data: only Go templates can show it.
    """

    data: Mapping[str, Any] = field(repr=False)
    kind: Kind
    version: str = ""
    lease_id: str = field(default="", repr=False)
    envelope: Any = field(default=None, repr=False)

    def is_same(self, after: "Answer") -> bool:
        """Return whether the answer after this one has the same value, to every template."""
        return self.data == after.data and not after.lease_id


class Content(dict[str, Any]):
    """The data of a secret as templates get it, with the answer that it came in."""

    __slots__ = ("answer",)

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.data)
        self.answer = answer
