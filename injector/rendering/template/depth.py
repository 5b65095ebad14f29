"""How deeply a template's expressions, `elif`s and values nest, before the engine sees them.

The engine reads them, and frees what it has read, by recursion without a limit of its own: a chain
of some ten thousand ends the process. For other statements, and for brackets, it has a limit. A
value that one `set` after another puts into the next is such a chain, too.
"""

from collections.abc import Sequence
from itertools import accumulate

from injector.rendering.template.scan import Tag

# A tenth of what the engine survives on the usual stack of 8 MiB.
DEEPEST = 1000
# Of all that `set` makes, in case each contains the last: a third of what the engine survives.
DEEPEST_VALUE = 4000
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


def too_deep(tags: Sequence[Tag]) -> tuple[Tag, str] | None:
    """Return the first tag that nests more deeply than is good for the engine, and how."""
    elifs = [0]  # one count for each `if` around
    made = 0  # levels of the values so far
    for tag in tags:
        match tag.statement:
            case "if":
                elifs.append(0)
            case "elif":
                elifs[-1] += 1
            case "endif" if len(elifs) > 1:
                elifs.pop()
            case "set":
                made += _brackets(tag.words)
        if elifs[-1] > DEEPEST or (len(tag.words) > DEEPEST and _depth(tag.words) > DEEPEST):
            return tag, f"nested deeper than {DEEPEST} levels: write a loop, or several tags"
        if made > DEEPEST_VALUE:
            return tag, f"the `set`s so far nest {DEEPEST_VALUE} brackets: write fewer"
    return None


def _brackets(words: Sequence[str]) -> int:
    """Return how many are open at once."""
    opened = (1 if word in _OPENS else -1 if word in _CLOSES else 0 for word in words)
    return max(accumulate(opened), default=0)


def _depth(words: Sequence[str]) -> int:
    """Return an upper bound: an operator, filter, key or call holds all that came before it.

    Items between commas are beside each other.
    """
    chains, total, deepest = [0], 0, 0
    for word in words:
        if word in _CLOSES:
            if len(chains) > 1:
                total -= chains.pop()
        elif word == ",":
            total -= chains[-1]
            chains[-1] = 0
        else:
            chains[-1] += 1
            total += 1
            if word in _OPENS:
                chains.append(0)
        deepest = max(deepest, total)
    return deepest
