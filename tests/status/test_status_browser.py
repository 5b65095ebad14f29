"""The status page in a real browser: what it looks like there (opt-in: support/browser.py)."""

import pytest
from aiohttp import web

from injector.status.page import headers, page
from tests.status.test_status_page import EVIL, FILE, ROTATION, SECRET, TARGET, status
from tests.support.browser import chromium

LONG = "/run/secrets/" + "a-very-long-name-without-a-space-" * 6 + ".env"
SHOWN = status(
    secrets=[
        SECRET,
        SECRET | {"name": "app", "kind": "static", "expires_at": None},
        SECRET | {"name": EVIL, "expires_at": 1_800_000_000.0},
    ],
    files=[FILE, FILE | {"destination": LONG, "error": f"cannot write {LONG}"}],
    notify=[TARGET],
    rotations=[ROTATION, ROTATION | {"version": "66:10:de:08:bd:79:0c:42:8e:23:e1:ad:5e"}],
    alarms=[{"alarm": "rolled_back", "name": LONG, "since": 0}],
)


@pytest.fixture
async def address():
    """Where the page is served, with its headers."""

    async def serve(request):
        refresh = int(request.query.get("refresh", "0"))
        return web.Response(
            text=page(SHOWN, refresh=refresh), content_type="text/html", headers=headers()
        )

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize(
    ("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")]
)
async def test_it_fits_every_screen_in_light_and_dark(address, tmp_path, width, scheme, ground):
    async with chromium() as browser:
        await browser.show(f"{address}/", width=width, height=900, scheme=scheme)
        (tmp_path / f"{scheme}-{width}.png").write_bytes(await browser.picture())

        assert await browser.ask("getComputedStyle(document.body).backgroundColor") == ground
        assert await browser.ask("document.documentElement.scrollWidth") == width
        bar = await browser.ask("document.querySelector('rect.life').getBoundingClientRect().width")
        assert bar > 20
        assert [text for text in browser.problems if "favicon" not in text] == []


@pytest.mark.timeout(60)
async def test_a_name_is_shown_and_not_run(address):
    async with chromium() as browser:
        await browser.show(f"{address}/", width=1280, height=900, scheme="light")

        assert await browser.ask("document.scripts.length") == 0
        shown = await browser.ask("[...document.querySelectorAll('th')].map(e => e.textContent)")
        assert EVIL in shown


@pytest.mark.timeout(60)
async def test_it_loads_itself_again(address):
    async with chromium() as browser:
        await browser.show(f"{address}/?refresh=1", width=1280, height=900, scheme="light")
        await browser.ask("window.first = true")

        await browser.wait_for("window.first === undefined && document.readyState == 'complete'")
