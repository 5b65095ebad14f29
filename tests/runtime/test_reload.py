"""Noticing changes on disk where the kernel gives no events."""

import asyncio
import contextlib
import ctypes
import os

import watchfiles  # noqa: F401 - another user may not read it

from injector.engine import reload
from tests.support.disk import STRANGER, as_uid
from tests.support.fakes import LIMIT


@contextlib.contextmanager
def no_inotify():
    """Use up all instances that this uid may have, as many processes on one machine do."""
    libc = ctypes.CDLL(None)
    held = []
    while (fd := libc.inotify_init()) >= 0:
        held.append(fd)
    try:
        yield
    finally:
        for fd in held:
            os.close(fd)


async def test_without_inotify_changes_are_found_by_polling(tmpfs, monkeypatch):
    monkeypatch.setattr(reload, "LOOK_EVERY", 50)
    tmpfs.chmod(0o755)
    path = tmpfs / "config.yaml"
    path.write_text("one")
    with as_uid(STRANGER), no_inotify():
        found = reload.changes(reload.fingerprints([str(path)]))
        async with asyncio.timeout(LIMIT):
            changed = asyncio.ensure_future(anext(found))
            await asyncio.sleep(0.1)
            assert not changed.done()
            with as_root():
                path.write_text("three")

            assert await changed == {str(path)}
        await found.aclose()


@contextlib.contextmanager
def as_root():
    os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(STRANGER)
