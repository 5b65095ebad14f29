"""Reads interfaces, their addresses and the default route from the kernel (rtnetlink)."""

import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from injector.dialects.gotemplate.network.model import Address, Addresses, Interface, Machine

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # family, prefix of destination, …, table at 4
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_GET_LINK, _GET_ADDRESS, _GET_ROUTE = 18, 22, 26
_ERROR, _DONE = 2, 3
_ALL_OF_THEM = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
# Attributes of links, addresses and routes.
_HARDWARE, _NAME, _MTU = 1, 3, 4
_PEER, _LOCAL = 1, 2
_THROUGH, _GATEWAY = 4, 5
_MAIN_TABLE = 254
_LENGTHS = (4, 16)  # an address has so many bytes
_LARGEST = 1 << 16


def read() -> Machine:
    """Read the current state from the kernel; raises OSError."""
    links = list(_links())
    by_index: dict[int, list[IPv4Interface | IPv6Interface]] = {link.index: [] for link in links}
    for index, ip in _addresses():
        by_index.setdefault(index, []).append(ip)
    addresses = Addresses(Address(link, ip) for link in links for ip in by_index[link.index])
    default = _default_index()
    names = {link.index: link.name for link in links}
    return Machine(addresses, names.get(default, ""))


def _links() -> Iterator[Interface]:
    for message in _dump(_GET_LINK, socket.AF_UNSPEC):
        _, _, index, flags, _ = _LINK.unpack_from(message)
        about = _attributes(message[_LINK.size :])
        name = about[_NAME].rstrip(b"\0").decode(errors="replace")
        hardware = about.get(_HARDWARE, b"")
        yield Interface(
            index,
            name,
            flags,
            mtu=int.from_bytes(about.get(_MTU, b""), sys.byteorder),
            # The address of a loopback interface is all zeros, which means none.
            hardware=hardware.hex(":") if any(hardware) else "",
        )


def _addresses() -> Iterator[tuple[int, IPv4Interface | IPv6Interface]]:
    for message in _dump(_GET_ADDRESS, socket.AF_UNSPEC):
        _, prefix, _, _, index = _ADDRESS.unpack_from(message)
        about = _attributes(message[_ADDRESS.size :])
        # Unless there is a separate peer, there is only one address.
        packed = about.get(_LOCAL) or about.get(_PEER)
        if packed is not None and len(packed) in _LENGTHS:
            yield index, ip_interface((packed, prefix))


def _default_index() -> int:
    for message in _dump(_GET_ROUTE, socket.AF_INET):
        _, prefix, _, _, table, *_ = _ROUTE.unpack_from(message)
        about = _attributes(message[_ROUTE.size :])
        leads_on = _GATEWAY in about and _THROUGH in about
        if prefix == 0 and table == _MAIN_TABLE and leads_on:
            return int.from_bytes(about[_THROUGH], sys.byteorder)
    return 0


def _dump(kind: int, family: int) -> Iterator[bytes]:
    """Return the bodies of the answers to one request."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(5)
        body = struct.pack("=B", family).ljust(_LINK.size, b"\0")
        kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _ALL_OF_THEM, 1, 0) + body)
        while True:
            answer = kernel.recv(_LARGEST)
            while answer:
                length, answered, *_ = _HEADER.unpack_from(answer)
                if answered == _DONE:
                    return
                if answered == _ERROR:
                    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
                    raise OSError(-code, "the kernel did not return the addresses")
                yield answer[_HEADER.size : length]
                answer = answer[_aligned(length) :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3
