"""What other processes of the same user can see of this one's memory and files."""

import ctypes
import os
import signal

import pytest

from injector.base.private import keep_memory_private
from injector.targets.files import Rights
from injector.targets.files.bundle import Bundle
from injector.targets.notify import processes
from tests.support.disk import NOBODY, memory_backed_directory

PR_SET_DUMPABLE = 4

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def forked(action) -> int:
    """Run in a child as another user; it ends with the exit code that `action` returns."""
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os._exit(action())
        finally:
            os._exit(99)
    return child


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def holder(*, private: bool) -> int:
    """Start a process that waits; return its number once it has had its chance to hide."""
    reading, writing = os.pipe()

    def hold() -> int:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as after an exec
        if private:
            keep_memory_private()
        os.write(writing, b"ready")
        signal.pause()
        return 0

    child = forked(hold)
    assert os.read(reading, 5) == b"ready"
    os.close(reading)
    os.close(writing)
    return child


@pytest.mark.parametrize("name", ["mem", "environ", "maps", "root/etc/passwd", "cwd/."])
@pytest.mark.parametrize("private", [False, True])
def test_another_process_of_the_same_user_can_read_neither_memory_nor_files(name, private):
    pid = holder(private=private)

    def look() -> int:
        try:
            os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
        except PermissionError:
            return 13
        return 0

    found = exit_code(forked(look))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    assert found == (13 if private else 0)


def test_it_still_reaches_its_own_files():
    """Making directories and asking for mounts lead over /proc/self."""
    with memory_backed_directory() as memory:
        memory.chmod(0o1777)

        def write() -> int:
            keep_memory_private()
            members = {"conf/key.pem": Rights(0o400)}
            made = Bundle(str(memory / "tls"), members, require_memory_backed=True)
            made.write({"conf/key.pem": b"key"})
            return 0 if made.is_intact() and processes.status(os.getpid()).user == NOBODY else 1

        assert exit_code(forked(write)) == 0
        assert (memory / "tls/conf/key.pem").read_bytes() == b"key"
