"""Be PID 1 for the injector: reap every orphan, pass every signal on, end with its exit code.

A container's first process is given all orphans, and signals without a handler do not reach it.
Were that the injector, it could not reap: waiting for any child takes the exit codes of those that
it waits for itself. So it is forked, before anything large is imported, and this stays behind.
It was given the same environment, with a token perhaps, which is kept from what the injector
starts.
"""

import os
import signal

from injector.base.private import forget_environment, keep_memory_private

# What a terminal sends to its whole foreground process group, which is the injector's as well.
_FROM_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH}
SI_KERNEL = 0x80  # siginfo's si_code: nobody's kill(2)


def stay_behind() -> None:
    """Return in a child of this process, and never in the process itself."""
    keep_memory_private()
    everything = signal.valid_signals()
    # Blocked from before the fork, so that none is lost; a blocked signal waits to be taken below.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, everything)
    forgotten, forgetting = os.pipe()
    injector = os.fork()
    if injector == 0:
        os.close(forgetting)
        os.read(forgotten, 1)  # until the other end is closed: nothing is started before that
        os.close(forgotten)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    forget_environment()
    os.close(forgetting)
    os.close(forgotten)
    while True:
        info = signal.sigwaitinfo(everything)
        if info.si_signo == signal.SIGCHLD:
            _reap(injector)
        elif not is_known(info.si_signo, info.si_code):
            os.kill(injector, info.si_signo)


def is_known(number: int, code: int) -> bool:
    """Return whether the injector has been given this signal, too, by the terminal."""
    return number in _FROM_TERMINAL and code == SI_KERNEL


def _reap(injector: int) -> None:
    """Reap all that have ended. The end of the injector is ours, and of all that still runs."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        if pid == injector:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
