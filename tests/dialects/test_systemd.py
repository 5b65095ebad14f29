"""Under systemd, the agents are ready as soon as they have started, and so is `injector agent`."""

import subprocess

import pytest

from injector.dev.bao import executable
from tests.dialects.agents import whole
from tests.runtime.test_systemd import listening
from tests.support.processes import command


@pytest.mark.parametrize(
    "program", [[str(executable()), "agent"], command("agent")], ids=["theirs", "ours"]
)
def test_a_unit_is_active_before_there_is_a_server(program, tmp_path):
    file = tmp_path / "agent.hcl"
    file.write_text(whole('vault { address = "http://127.0.0.1:1" }'))

    with listening(f"{tmp_path}/notify") as systemd:
        process = subprocess.Popen(
            [*program, f"-config={file}"],
            env=systemd.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert systemd.hears() == "READY=1"
        finally:
            process.terminate()
            process.wait(10)
        assert systemd.hears() == "STOPPING=1"
