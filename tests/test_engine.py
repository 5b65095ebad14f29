"""The whole engine on a moved clock: real server, real files, real signals."""

import os

from tests.engine import configuration, engine, load_from

CANARY = "canary-7f3a"


def one_file(app, proxy, tmpfs, **template):
    entry = {"contents": "pw={{ db.password }}\n", "destination": str(tmpfs / "db.env"), **template}
    return configuration(
        app, proxy.address, secrets={"db": {"path": app.path("db")}}, template=[entry]
    )


async def test_a_secret_is_in_its_file_and_everything_has_settled(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert (tmpfs / "db.env").stat().st_mode & 0o7777 == 0o600
        assert running.assembly.health.settled


async def test_a_rotated_secret_is_picked_up_when_due(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock):
        app.put("db", password="two")
        await clock.advance(59)
        assert (tmpfs / "db.env").read_text() == "pw=one\n"

        await clock.advance(2)
        assert (tmpfs / "db.env").read_text() == "pw=two\n"


async def test_equal_content_is_neither_written_nor_announced(app, proxy, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        before = os.stat(tmpfs / "db.env")
        app.put("db", password="one")
        await clock.advance(70)

        assert os.stat(tmpfs / "db.env") == before
        assert running.log.count("file written") == 1
