"""Servers that are started for development do not outlive whoever started them."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.processes import LIMIT, processes

STARTS = """
import sys
from pathlib import Path
from injector.dev.{module} import {server}
with {server}(parent=Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def parent():
    """A directory that no other run of pytest closes to PostgreSQL's user, as it does its own."""
    with tempfile.TemporaryDirectory(prefix="vault-injector-test-") as directory:
        yield Path(directory)


@pytest.mark.parametrize(("module", "server"), [("bao", "dev_server"), ("postgres", "postgres")])
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "in order"])
def test_a_server_and_its_directory_are_gone_with_the_process_that_started_them(
    parent, module, server, killed
):
    with subprocess.Popen(
        [sys.executable, "-c", STARTS.format(module=module, server=server), parent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        (folder,) = parent.iterdir()
        assert len(processes(str(folder))) >= 2

        if killed:
            starter.send_signal(signal.SIGKILL)
        starter.communicate()

        deadline = time.monotonic() + (LIMIT if killed else 0)
        while left := [*processes(str(folder)), *parent.iterdir()]:
            assert time.monotonic() <= deadline, left
            time.sleep(0.02)
