"""Keeps this process's memory and environment private from all users but root."""

import os
import resource

_PR_SET_DUMPABLE = 4  # prctl(2)


def keep_memory_private() -> None:
    """Prevent core dumps, and other processes of the same user from reading our memory and files.

    Unlike a resource limit, this is not inherited by programs that we start, and it also applies
    where cores are piped to a program.
    """
    try:
        import ctypes

        refused = ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        refused = True
    if refused:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forget_environment() -> None:
    """Overwrite the variables that this process was started with: /proc/PID/environ shows those.

    For a process that has no further use for them.
    """
    try:
        import ctypes

        variables = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
        place = 0
        while address := variables[place]:
            ctypes.memset(address, 0, len(ctypes.string_at(address)))
            place += 1
    except (ImportError, OSError, ValueError):
        return
    os.environ.clear()
