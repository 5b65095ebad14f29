"""A real Chromium without a window, led over its DevTools protocol."""

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

LIMIT = 20.0
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-port=0",
)  # fmt: skip


class Browser:
    """One page. `problems` is what the browser has said on its console, refused styles as well."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.problems: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(LIMIT):
            while True:
                message = await self._socket.receive_json()
                if message.get("method") == "Log.entryAdded":
                    self.problems.append(message["params"]["entry"]["text"])
                if message.get("id") == number:
                    assert "error" not in message, message
                    answer: dict[str, Any] = message["result"]
                    return answer

    async def ask(self, expression: str) -> Any:
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def wait_for(self, expression: str) -> None:
        async with asyncio.timeout(LIMIT):
            while not await self.ask(expression):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)

    async def show(self, url: str, *, width: int, height: int, scheme: str) -> None:
        """Load a page as a device of this width and this taste shows it."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])
        await self.call("Page.navigate", url=url)
        await self.wait_for("document.readyState == 'complete'")

    async def picture(self) -> bytes:
        """Return what it looks like, as PNG."""
        answer = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Debian's chromium; skips where nobody asks for it, or it is not there."""
    if not os.environ.get("INJECTOR_TEST_BROWSER"):
        pytest.skip("run by make test-browser: set INJECTOR_TEST_BROWSER")
    if (program := shutil.which("chromium")) is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(await _page_of(session, profile)) as socket,
            ):
                browser = Browser(socket)
                for domain in ("Page", "Log", "Runtime"):
                    await browser.call(f"{domain}.enable")
                yield browser
        finally:
            process.terminate()
            await process.wait()


async def _page_of(session: aiohttp.ClientSession, profile: str) -> str:
    """Return the address at which its one page is led."""
    port = Path(profile, "DevToolsActivePort")
    async with asyncio.timeout(LIMIT):
        while True:
            with contextlib.suppress(OSError, IndexError, aiohttp.ClientError):
                number = port.read_text().split()[0]  # noqa: ASYNC240 - a line on tmpfs
                async with session.get(f"http://127.0.0.1:{number}/json/list") as answer:
                    address: str = (await answer.json())[0]["webSocketDebuggerUrl"]
                    return address
            await asyncio.sleep(0.05)
