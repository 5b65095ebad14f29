"""Runs one program to its end and prints what that took, as JSON.

A program of its own, for a bare interpreter: Linux counts what a process was before exec into its
peak memory, so a peak measured from a large parent is the parent's. It uses nothing but `os`,
`sys` and `time` for the same reason.
"""

import os
import sys
import time


def main(log: str, argv: list[str]) -> None:
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_DUP2, fd, 1), (os.POSIX_SPAWN_DUP2, fd, 2)]
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime
    print(f'{{"code": {code}, "seconds": {seconds}, "cpu": {cpu}, "peak_kib": {used.ru_maxrss}}}')


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
