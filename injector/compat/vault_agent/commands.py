"""How the agents run what `command` says: a shell for a line, nothing for program and arguments."""

from collections.abc import Sequence


def argv(words: Sequence[str]) -> tuple[str, ...]:
    """Return program and arguments; one text with white space in it is a line for `sh -c`."""
    if len(words) == 1 and len(words[0].split()) > 1:
        return ("sh", "-c", words[0])
    return tuple(words)
