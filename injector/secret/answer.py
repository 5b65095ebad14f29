"""What a source answered about one secret, and how templates get it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from injector.secret.life import Kind


class Answer(Struct, frozen=True):
    """One secret as its source sees it at one moment; a source may add what else it says.

    `version` tells values apart where the source does, `lease_id` what was issued. `envelope` is
    what the source says around the data: only Go templates can show it.
    """

    data: Mapping[str, Any]
    kind: Kind
    version: str = ""
    lease_id: str = ""
    envelope: Any = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.kind}, version={self.version!r})"  # never the data

    def is_same(self, after: "Answer") -> bool:
        """Return whether the answer after this one has the same value, to every template."""
        return self.data == after.data and not after.lease_id


class Content(dict[str, Any]):
    """The data of a secret as templates get it, with the answer that it came in."""

    __slots__ = ("answer",)

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.data)
        self.answer = answer
