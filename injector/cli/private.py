"""Keep this process's memory from everybody but root."""

import resource

_PR_SET_DUMPABLE = 4  # prctl(2)


def keep_memory_private() -> None:
    """Let no core be dumped, and no process of the same user read our memory or our files.

    Unlike a limit, this is not passed on to the programs that we start, and it also holds where
    cores are piped to a program.
    """
    try:
        import ctypes

        refused = ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        refused = True
    if refused:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
