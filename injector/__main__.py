"""`injector` and `python -m injector`."""

import gc
import os
import sys

# Importing makes many objects and no garbage: collecting meanwhile is a tenth of the start-up.
gc.disable()


def main() -> None:
    if os.getpid() == 1:
        from injector.init import stay_behind

        stay_behind()
    from injector.cli import main as command_line

    sys.exit(command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
