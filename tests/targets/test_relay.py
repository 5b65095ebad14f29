"""The carrying of what the command prints: in a stream, masked, no faster than it is read."""

import asyncio
import contextlib
import os

from injector.base.redactor import Redactor
from injector.targets.child.masking import Mask
from injector.targets.child.relay import Relay
from tests.support.fakes import LIMIT

CANARY = "canary-8e2b-value"


@contextlib.asynccontextmanager
async def carrying():
    """A relay between two pipes: what to print to, and where it comes out."""
    redactor = Redactor()
    redactor.learn("a", CANARY)
    source, printer = os.pipe()
    reader, sink = os.pipe()
    os.set_blocking(reader, False)
    relay = Relay(source, sink, Mask(redactor))
    os.close(sink)
    try:
        yield relay, printer, reader
    finally:
        relay.close()
        for fd in (printer, reader):
            with contextlib.suppress(OSError):
                os.close(fd)


async def comes_out(reader, length):
    """Read as much as has been printed, waiting in real time for the rest."""
    found = b""
    async with asyncio.timeout(LIMIT):
        while len(found) < length:
            with contextlib.suppress(BlockingIOError):
                found += os.read(reader, length - len(found))
            await asyncio.sleep(0)
    return found


async def test_a_prompt_without_a_newline_is_printed_at_once():
    async with carrying() as (_, printer, reader):
        os.write(printer, b"Password: ")

        assert await comes_out(reader, 10) == b"Password: "


async def test_a_value_in_two_pieces_is_masked():
    async with carrying() as (_, printer, reader):
        os.write(printer, b"it is " + CANARY[:9].encode())
        assert await comes_out(reader, 6) == b"it is "
        os.write(printer, CANARY[9:].encode() + b".\n")

        assert await comes_out(reader, 15) == b"[redacted: a].\n"


async def test_the_possible_beginning_of_a_value_is_held_for_a_moment():
    async with carrying() as (_, printer, reader):
        os.write(printer, b"the can")

        assert await comes_out(reader, 7) == b"the can"


async def test_a_slow_reader_slows_the_printer_down_and_loses_nothing():
    whole = b"".join(b"%07d\n" % number for number in range(200_000))
    async with carrying() as (relay, printer, reader):
        os.set_blocking(printer, False)
        sent, got = 0, b""
        while sent < len(whole):
            try:
                sent += os.write(printer, whole[sent : sent + 65536])
            except BlockingIOError:
                assert sent - len(got) < 400_000  # two pipes, and what the relay holds
                got += await comes_out(reader, 50_000)
            await asyncio.sleep(0)
        os.close(printer)
        got += await comes_out(reader, len(whole) - len(got))

        await relay.over.wait()
        assert got == whole


async def test_a_closed_pipe_ends_the_printer():
    async with carrying() as (relay, printer, reader):
        os.close(reader)
        os.write(printer, b"a line\n")
        async with asyncio.timeout(LIMIT):
            await relay.over.wait()

        try:
            os.write(printer, b"another\n")
        except BrokenPipeError:
            ended = True
        assert ended


async def test_what_a_full_disk_does_not_take_is_lost_and_nothing_else():
    wrong = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    source, printer = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    relay = Relay(source, full, Mask(Redactor()))
    os.close(full)
    os.write(printer, b"a line\n")
    os.close(printer)

    async with asyncio.timeout(LIMIT):
        await relay.over.wait()
    assert wrong == []


async def test_the_last_output_is_printed_although_somebody_keeps_the_pipe_open():
    async with carrying() as (relay, printer, reader):
        os.write(printer, b"the last " + CANARY.encode() + b" can")
        relay.finish()
        async with asyncio.timeout(LIMIT):
            await relay.over.wait()

        assert await comes_out(reader, 26) == b"the last [redacted: a] can"
