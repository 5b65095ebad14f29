"""The event loop of the commands: a lookup of a host name that hangs does not delay their end."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


class Loop(asyncio.SelectorEventLoop):
    """Looks up names in daemon threads.

    asyncio's own threads are joined at the end: with a name server that does not answer, SIGTERM
    would take as long as the resolver waits.
    """

    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> Any:
        found: Future[Any] = Future()
        found.set_running_or_notify_cancel()  # from here on it cannot be cancelled

        def look_up() -> None:
            try:
                found.set_result(socket.getaddrinfo(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - the waiting task decides
                found.set_exception(error)

        threading.Thread(target=look_up, name="look up a name", daemon=True).start()
        return await asyncio.wrap_future(found, loop=self)
