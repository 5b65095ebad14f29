"""What secrets must look like before they are used."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from injector.base.errors import MissingError, RenderError
from injector.config import model
from injector.rendering.template import Snapshot
from injector.secret import Ref

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "any": lambda _: True,
}


class Contracts(Struct, frozen=True):
    """The `contract` of each secret that has one, with the secret's name."""

    by_ref: Mapping[Ref, tuple[str, model.Contract]]

    def require(self, snapshot: Snapshot) -> None:
        """Raise MissingError for keys that are missing, RenderError for values of another type.

        An optional secret that does not exist breaks no contract.
        """
        for ref in snapshot.keys() & self.by_ref.keys():
            if (data := snapshot[ref]) is not None:
                _require(*self.by_ref[ref], data)


def _require(name: str, contract: model.Contract, data: Mapping[str, Any]) -> None:
    missing = [key for key in contract.keys if key not in data]
    if missing:
        raise MissingError(
            f"secret {name} breaks its contract: {_listed(missing)} missing; this version is not "
            "used, and the files stay as they are"
        )
    wrong = [
        f"{key} is {_kind(data[key])} and not {_article(kind)}"
        for key, kind in contract.keys.items()
        if not _TYPES[kind](data[key])
    ]
    if wrong:
        raise RenderError(
            f"secret {name} breaks its contract: {', '.join(wrong)}; this version is not "
            "used, and the files stay as they are"
        )


def _listed(keys: list[str]) -> str:
    return f"key {keys[0]} is" if len(keys) == 1 else f"keys {', '.join(keys)} are"


def _kind(value: Any) -> str:
    kinds = (kind for kind, is_one in _TYPES.items() if kind != "any" and is_one(value))
    return _article(next(kinds, "null"))


def _article(kind: str) -> str:
    return kind if kind == "null" else f"a {kind}"
