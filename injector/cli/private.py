"""Keeps this process's memory private from everybody but root."""

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
