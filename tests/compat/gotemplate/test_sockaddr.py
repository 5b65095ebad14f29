"""`sockaddr` on a machine that is made up, and what the kernel says of this one."""

import json
import socket
from ipaddress import ip_interface

import psutil
import pytest

from injector.compat.gotemplate import Surroundings
from injector.compat.gotemplate.network import interfaces
from injector.compat.gotemplate.network.model import FLAGS, Address, Addresses, Interface, Machine
from injector.errors import RenderError
from tests.compat.gotemplate.render import CANARY, rendered, template

UP = FLAGS["up"] | FLAGS["running"]
LO = Interface(1, "lo", UP | FLAGS["loopback"])
WAN = Interface(2, "ens3", UP | FLAGS["broadcast"])
LAN = Interface(3, "ens4", UP | FLAGS["broadcast"])
VPN = Interface(4, "wg0", FLAGS["pointtopoint"])  # it is down
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
def test_addresses_are_chosen_by_words(words, text):
    assert rendered(f"{{{{ sockaddr `{words}` }}}}", surroundings=on(MACHINE)) == text


def test_without_a_default_route_the_private_address_is_found_all_the_same():
    lonely = Machine(MACHINE.addresses)

    assert rendered("{{ sockaddr `GetPrivateIP` }}", surroundings=on(lonely)) == "10.1.2.3"
    with pytest.raises(RenderError, match="No default interface found"):
        rendered("{{ sockaddr `GetDefaultInterfaces` }}", surroundings=on(lonely))


def test_an_address_goes_into_what_is_asked_of_the_server():
    text = (
        '{{ with secret "pki/issue/x" (printf "ip_sans=%s" (sockaddr "GetPrivateIP")) }}{{ end }}'
    )

    (ref,) = template(text, surroundings=on(MACHINE)).refs

    assert ref.path == "pki/issue/x"
    assert json.loads(ref.body or "") == {"ip_sans": "10.1.2.3"}


def test_a_mistake_is_shown_if_the_template_spells_it_out():
    with pytest.raises(RenderError) as error:
        template("{{ sockaddr `GetPrivatIP` }}", surroundings=on(MACHINE))

    assert str(error.value) == (
        't.tpl:1:3: error calling sockaddr: in what it is given: function "GetPrivatIP" not '
        "defined (at <sockaddr `GetPrivatIP`>)"
    )


@pytest.mark.parametrize("words", [CANARY, f'"{CANARY}" {{{{', f'attr "{CANARY}" .'])
def test_a_mistake_that_may_hold_a_value_is_not(words):
    surroundings = Surroundings(environ={"W": words}, read_machine=lambda: MACHINE)

    with pytest.raises(RenderError) as error:
        template("{{ sockaddr (env `W`) }}", surroundings=surroundings)

    assert "sockaddr: what it is given is no template of addresses" in str(error.value)
    assert CANARY not in str(error.value)


def test_a_machine_that_tells_no_addresses_is_an_error():
    with pytest.raises(RenderError, match="the addresses of this machine are not known"):
        template("{{ sockaddr `GetPrivateIP` }}")


def test_the_kernel_tells_what_others_read_as_well():
    machine = interfaces.read()

    mine = {(a.interface.name, str(a.ip.ip)) for a in machine.addresses}
    theirs = {
        (name, address.address.split("%")[0])
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    }
    assert mine == theirs
    assert ("lo", "127.0.0.1") in mine
    for address in machine.addresses:
        stats = psutil.net_if_stats()[address.interface.name]
        assert address.interface.mtu == stats.mtu
        assert bool(address.interface.flags & FLAGS["up"]) == ("up" in stats.flags.split(","))
