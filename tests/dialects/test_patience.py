"""How long `exit_on_retry_failure` waits: as long as the agents, so that pods start as they did."""

import asyncio

import pytest

from injector.base.errors import DeniedError
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.reading import read_all
from injector.runtime.plan import plan
from injector.runtime.run import Daemon
from tests.dialects.agents import loaded
from tests.support.fakes import LIMIT

TEXT = """
vault { address = "ADDRESS" }
auto_auth {
  method "approle" {
    config = {
      role_id_file_path = "ROLE_ID" secret_id_file_path = "SECRET_ID"
      remove_secret_id_file_after_reading = false
    }
  }
}
template_config { exit_on_retry_failure = true }
template {
  contents = "{{ with secret `PATH` }}{{ .Data.data.value }}{{ end }}"
  destination = "HERE/x"
  error_on_missing_key = true
}
"""


def daemon(lab, server, path, **replaced):
    words = {"ADDRESS": server.address, "ROLE_ID": str(lab.app.role_id), "PATH": path}
    words |= {"SECRET_ID": str(lab.app.secret_id), "HERE": str(lab.folder)} | replaced
    text = TEXT
    for name, word in words.items():
        text = text.replace(name, word)
    (lab.folder / "agent.hcl").write_text(text)

    def load():
        return plan(
            str(lab.folder / "agent.hcl"),
            {},
            read=lambda file, environ: read_all((file,), environ, Flags()),
        )

    return asyncio.create_task(Daemon(load(), lab.fresh_state(), load).run())


async def test_a_secret_may_be_refused_for_five_minutes(lab, server):
    ends = daemon(lab, server, f"secret/data/{lab.name}-elsewhere/x")

    await lab.clock.settled()
    await lab.clock.advance(300)
    await lab.clock.settled()
    assert not ends.done()
    await lab.clock.advance(4)
    async with asyncio.timeout(LIMIT):
        assert await ends == DeniedError.exit_code


async def test_a_key_that_is_missing_ends_it_at_once(lab, server):
    lab.put("x", other="1")
    ends = daemon(lab, server, lab.path("x"))

    await lab.clock.settled()
    await lab.clock.advance(5)
    async with asyncio.timeout(LIMIT):
        assert await ends != 0


async def test_a_refused_login_is_for_exit_on_err_only(lab, server):
    lab.app.role_id.write_text("somebody else")
    ends = daemon(lab, server, lab.path("x"))

    await lab.clock.settled()
    await lab.clock.advance(3600)
    await lab.clock.settled()
    assert not ends.done()
    ends.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ends


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ("", 303.75),
        ('vault { address = "http://x" retry { num_retries = 3 } }', 1.75),
        ("vault { retry { num_retries = 0 } }", 303.75),
        ("vault { retry { num_retries = -1 } }", 0),
        ('auto_auth { method "token_file" { min_backoff = "1s" max_backoff = "2s" BACKOFF } }', 23),
    ],
)
def test_it_is_as_long_as_the_retries_of_the_agents_take(tmp_path, more, seconds):
    text = f"template_config {{ exit_on_retry_failure = true }}\n{more}".replace(
        "BACKOFF", 'config = { token_file_path = "t" }'
    )

    config = loaded(tmp_path, text).config

    assert config.template_config.exit_on_retry_failure_after == seconds
