"""Derives addresses from others: `math`."""

import re

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.network.model import Address, Addresses


def math(operation: str, value: str, addresses: Addresses) -> Addresses:
    """Shift each address, move it to a position in its network, or enlarge its network."""
    shift = {"address": _shifted, "network": _placed, "mask": _masked}.get(operation.lower())
    if shift is None:
        raise GoError(f'unsupported math operation: "{operation}"')
    if shift is not _masked and not re.match(r"\s*[+-]", value):
        raise GoError(f'sign (+/-) is required for operation "{operation.lower()}"')
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", value) or (shift is _masked and value[0] in "+-"):
        raise GoError(f'unable to convert "{value}" to int for operation "{operation.lower()}"')
    return Addresses(shift(address, int(value)) for address in addresses)


def _shifted(address: Address, by: int) -> Address:
    """Return the address at this offset; after the last possible one comes the first."""
    return address.moved((int(address.ip.ip) + by) % (1 << address.ip.max_prefixlen))


def _placed(address: Address, at: int) -> Address:
    """Return an address of the same network, counted from its first or back from its last."""
    network = address.ip.network
    first, last = int(network.network_address), int(network.broadcast_address)
    within = last - first
    counts_up = at >= 0 if address.is_v4 else at > 0
    return address.moved(first + (at & within) if counts_up else last - ((-at - 1) & within))


def _masked(address: Address, bits: int) -> Address:
    longest = address.ip.max_prefixlen
    if bits > longest:
        raise GoError(
            f'parameter for operation "mask" on ipv{address.ip.version} addresses must be between '
            f"0 and {longest}"
        )
    host = longest - bits
    prefix = min(bits, address.ip.network.prefixlen)
    return address.moved(int(address.ip.ip) >> host << host, prefix)
