"""`sockaddr` on a made-up machine, and the kernel's data of this one."""

import json
import re
from ipaddress import ip_interface
from pathlib import Path

import pytest

from injector.base.errors import RenderError
from injector.dialects.gotemplate import Surroundings
from injector.dialects.gotemplate.network import interfaces
from injector.dialects.gotemplate.network.model import FLAGS, Address, Addresses, Interface, Machine
from injector.sources.vault.ref import VaultRef
from tests.dialects.gotemplate.render import CANARY, rendered, template

UP = FLAGS["up"] | FLAGS["running"]
LO = Interface(1, "lo", UP | FLAGS["loopback"])
WAN = Interface(2, "ens3", UP | FLAGS["broadcast"])
LAN = Interface(3, "ens4", UP | FLAGS["broadcast"])
VPN = Interface(4, "wg0", FLAGS["pointtopoint"])  # down
MACHINE = Machine(
    Addresses(
        Address(interface, ip_interface(text))
        for interface, text in (
            (LO, "127.0.0.1/8"), (LO, "::1/128"), (WAN, "8.8.4.4/22"), (WAN, "fe80::1/64"),
            (LAN, "172.16.30.7/24"), (LAN, "10.1.2.3/8"), (VPN, "10.9.0.1/32"),
        )
    ),
    default="ens3",
)  # fmt: skip


def on(machine):
    return Surroundings(read_machine=lambda: machine)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("GetPrivateIP", "10.1.2.3"),
        ("GetPrivateIPs", "10.1.2.3 172.16.30.7 10.9.0.1"),
        ("GetPublicIP", "8.8.4.4"),
        ("GetPublicIPs", "8.8.4.4"),
        ('GetInterfaceIP "ens4"', "10.1.2.3"),
        ('GetInterfaceIP "eth0"', ""),
        ('GetInterfaceIPs "ens3"', "8.8.4.4 fe80::1"),
        ('GetDefaultInterfaces | attr "string"', "8.8.4.4/22"),
        ('GetPrivateInterfaces | include "network" "172.16.30.0/24" | attr "name"', "ens4"),
        ('GetPrivateInterfaces | sort "-size" | limit 1 | join "string" " "', "172.16.30.7/24"),
        ('GetAllInterfaces | exclude "flags" "up" | join "flags" ","', "pointtopoint"),
        ('GetAllInterfaces | sort "default,name" | unique "name" | join "name" ","',
         "ens3,ens4,lo,wg0"),
        ('GetPublicInterfaces | math "network" "-1" | attr "address"', "8.8.7.255"),
        ('GetPublicInterfaces | math "mask" "16" | attr "string"', "8.8.0.0/16"),
    ],
)  # fmt: skip
def test_addresses_are_selected_by_expressions(words, text):
    assert rendered(f"{{{{ sockaddr `{words}` }}}}", surroundings=on(MACHINE)) == text


def test_without_a_default_route_the_private_address_is_still_found():
    lonely = Machine(MACHINE.addresses)

    assert rendered("{{ sockaddr `GetPrivateIP` }}", surroundings=on(lonely)) == "10.1.2.3"
    with pytest.raises(RenderError, match="No default interface found"):
        rendered("{{ sockaddr `GetDefaultInterfaces` }}", surroundings=on(lonely))


def test_an_address_can_be_part_of_a_request():
    text = (
        '{{ with secret "pki/issue/x" (printf "ip_sans=%s" (sockaddr "GetPrivateIP")) }}{{ end }}'
    )

    (ref,) = template(text, surroundings=on(MACHINE)).refs

    assert isinstance(ref, VaultRef)
    assert ref.path == "pki/issue/x"
    assert json.loads(ref.body or "") == {"ip_sans": "10.1.2.3"}


def test_a_mistake_in_a_literal_is_shown():
    with pytest.raises(RenderError) as error:
        template("{{ sockaddr `GetPrivatIP` }}", surroundings=on(MACHINE))

    assert str(error.value) == (
        't.tpl:1:4: error calling sockaddr: in its argument: function "GetPrivatIP" not '
        "defined (at <sockaddr `GetPrivatIP`>)"
    )


@pytest.mark.parametrize("words", [CANARY, f'"{CANARY}" {{{{', f'attr "{CANARY}" .'])
def test_a_mistake_that_may_contain_a_value_is_not_shown(words):
    surroundings = Surroundings(environ={"W": words}, read_machine=lambda: MACHINE)

    with pytest.raises(RenderError) as error:
        template("{{ sockaddr (env `W`) }}", surroundings=surroundings)

    assert "sockaddr: its argument is not a valid address template" in str(error.value)
    assert CANARY not in str(error.value)


def test_unreadable_addresses_are_an_error():
    with pytest.raises(RenderError, match="cannot read the addresses of this machine"):
        template("{{ sockaddr `GetPrivateIP` }}")


def test_the_addresses_match_proc_and_sys():
    machine = interfaces.read()

    v6 = {
        (a.interface.name, a.ip.network.prefixlen, a.ip.packed.hex())
        for a in machine.addresses
        if not a.is_v4
    }
    lines = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
    assert v6 == {(name, int(prefix, 16), address) for address, _, prefix, _, _, name in lines}
    local = re.findall(r"-- (\S+)\n\s+/32 host LOCAL", Path("/proc/net/fib_trie").read_text())
    assert {str(a.ip.ip) for a in machine.addresses if a.is_v4} == set(local)
    for interface in {a.interface for a in machine.addresses}:
        told = Path("/sys/class/net", interface.name)
        assert interface.index == int(told.joinpath("ifindex").read_text())
        assert interface.mtu == int(told.joinpath("mtu").read_text())
        up = int(told.joinpath("flags").read_text(), 16) & FLAGS["up"]
        assert interface.flags & FLAGS["up"] == up
