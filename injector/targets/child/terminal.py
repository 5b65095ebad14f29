"""Lends the terminal to an interactive command."""

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from injector.targets.notify.processes import process


class Terminal:
    """The controlling terminal of a process that is in its foreground.

    The command stays in our process group, so that it, and the pipeline we are part of, keep the
    terminal: reading, job control, Ctrl-C and Ctrl-Z work as if we were not there.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._settings = termios.tcgetattr(fd)
        # A shell makes its jobs the foreground, and us the background. Unless this is blocked we
        # would be stopped when we take the terminal back, and with `stty tostop` when we log.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})

    @classmethod
    def ours(cls) -> "Terminal | None":
        """Return the terminal if there is one and we are in its foreground."""
        try:
            fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return None
        with suppress(OSError, termios.error):
            if os.tcgetpgrp(fd) == os.getpgrp():
                return cls(fd)
        os.close(fd)
        return None

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Start the command inside this: it gets the signal mask that we were given."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})

    def take_back(self, *, restore: bool) -> None:
        """Become the foreground again if no group is; `restore` the settings after a kill."""
        with suppress(OSError, termios.error):  # the terminal may have been hung up
            if _is_empty(os.tcgetpgrp(self._fd)):
                os.tcsetpgrp(self._fd, os.getpgrp())
            if restore and os.tcgetpgrp(self._fd) == os.getpgrp():
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._settings)

    def stop_with(self, pid: int) -> None:
        """Stop when the command has stopped itself (a shell's `suspend`), and continue it with us.

        A command in our group is stopped by what stops us, and no shell continues an orphaned
        group.
        """
        with suppress(OSError, termios.error):  # the command may have ended
            group, ours = os.getpgid(pid), os.getpgrp()
            if group == ours:
                return
            if not _is_orphaned():
                os.tcsetpgrp(self._fd, ours)
                os.killpg(ours, signal.SIGSTOP)
                # Continued, in the foreground or not.
                if os.tcgetpgrp(self._fd) == ours:
                    os.tcsetpgrp(self._fd, group)
            os.killpg(group, signal.SIGCONT)

    def close(self) -> None:
        os.close(self._fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})


def _is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _is_orphaned() -> bool:
    """Return whether our process group was not started by a shell with job control."""
    pid, session, group = os.getpid(), os.getsid(0), os.getpgrp()
    while os.getpgid(pid) == group:
        pid = process(pid).parent
        if not pid or os.getsid(pid) != session:
            return True
    return False
