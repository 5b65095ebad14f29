"""Orders addresses and selects by position: `sort`, `unique`, `limit`, `offset`."""

import re
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import Uint64
from injector.dialects.gotemplate.network.model import Address, Addresses
from injector.dialects.gotemplate.network.ranges import PRIVATE, is_in

_Compare = Callable[[Address, Address], int]  # negative if the first one comes first
_CLAUSE = re.compile(r"(?P<sign>[+-]?)(?P<by>\w+)")


def sort(clauses: str, addresses: Addresses, default: str) -> Addresses:
    """Sort by the clauses; `default` is the interface of the default route.

    Some clauses treat addresses of different families as equal, which is not a consistent order.
    Go uses an insertion sort for up to twelve addresses, and so do we.
    """
    compares = [_compare(clause, default) for clause in clauses.split(",")]
    ordered: list[Address] = []
    for address in addresses:
        position = len(ordered)
        while position and _first(compares, address, ordered[position - 1]) < 0:
            position -= 1
        ordered.insert(position, address)
    return Addresses(ordered)


def unique(selector: str, addresses: Addresses) -> Addresses:
    """Omit addresses that equal the one before."""
    if selector.lower() not in ("address", "name"):
        raise GoError(f'unsupported unique constraint "{selector}"')
    kept, last = Addresses(), ""
    for address in addresses:
        this = address.spelled() if selector.lower() == "address" else address.interface.name
        if this != last:
            kept.append(address)
        last = this
    return kept


def limit(count: Uint64, addresses: Addresses) -> Addresses:
    return Addresses(addresses[:count])


def offset(count: int, addresses: Addresses) -> Addresses:
    """Omit the first addresses, or with a negative number, keep that many of the last."""
    if abs(count) > len(addresses):
        raise GoError(
            "unable to seek past the end of the interface array: "
            f"offset ({abs(count)}) exceeds the number of interfaces ({len(addresses)})"
        )
    start = count if count >= 0 else len(addresses) + count
    return Addresses(addresses[start:])


def _first(compares: list[_Compare], one: Address, other: Address) -> int:
    return next((result for compare in compares if (result := compare(one, other))), 0)


def _compare(clause: str, default: str) -> _Compare:
    known = _COMPARES | {"default": _by(lambda address: address.interface.name != default)}
    found = _CLAUSE.fullmatch(clause.strip().lower())
    if found is None or found["by"] not in known:
        raise GoError(f'unknown sort type: "{clause}"')
    compare = known[found["by"]]
    return (lambda one, other: -compare(one, other)) if found["sign"] == "-" else compare


def _by(key: Callable[[Address], Any]) -> _Compare:
    def compare(one: Address, other: Address) -> int:
        mine, others = key(one), key(other)
        return bool(mine > others) - bool(mine < others)

    return compare


def _within_family(key: Callable[[Address], Any]) -> _Compare:
    compare = _by(key)
    return lambda one, other: compare(one, other) if _same_family(one, other) else 0


def _same_family(one: Address, other: Address) -> bool:
    return one.ip.version == other.ip.version


def _private_first(one: Address, other: Address) -> int:
    if not _same_family(one, other):
        return -1 if is_in(PRIVATE, one) else 0
    return is_in(PRIVATE, other) - is_in(PRIVATE, one)


_COMPARES: dict[str, _Compare] = {
    "address": _within_family(lambda address: address.ip.ip.packed),
    "name": _by(lambda address: address.interface.name),
    "port": lambda _one, _other: 0,  # interfaces have no port
    "private": _private_first,
    "size": _within_family(lambda address: address.ip.network.prefixlen),
    "type": _by(lambda address: address.ip.version),
}
