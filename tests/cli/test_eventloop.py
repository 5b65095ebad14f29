"""The event loop of the commands: names are looked up without anybody waiting at the end."""

import asyncio
import socket
import threading

import pytest

from injector.cli import eventloop


def look_up(name, *, within=5.0):
    async def main():
        async with asyncio.timeout(within):
            loop = asyncio.get_running_loop()
            return await loop.getaddrinfo(name, 80, type=socket.SOCK_STREAM)

    return eventloop.run(main())


def looking_up():
    return [thread for thread in threading.enumerate() if thread.name == "look up a name"]


def test_a_name_is_looked_up():
    addresses = {address[0] for *_, address in look_up("localhost")}

    assert addresses & {"127.0.0.1", "::1"}


def test_an_unknown_name_is_an_error_of_the_resolver():
    with pytest.raises(socket.gaierror):
        look_up("no such name")


def test_a_lookup_without_an_answer_does_not_delay_the_end(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10))
    with pytest.raises(TimeoutError):
        look_up("vault.example", within=0.01)

    [thread] = looking_up()  # nobody has waited for it
    over.set()
    thread.join()
    assert thread.daemon
