"""How the agents run `command`: a single line in a shell, a program with arguments directly."""

from collections.abc import Sequence


def argv(words: Sequence[str]) -> tuple[str, ...]:
    """Return program and arguments; a single string with white space is run by `sh -c`."""
    if len(words) == 1 and len(words[0].split()) > 1:
        return ("sh", "-c", words[0])
    return tuple(words)
