"""How deeply a template's expressions and `elif`s nest, before the engine sees them.

It reads them, and frees what it has read, by recursion without a limit of its own: a chain of some
ten thousand is the end of the process. Its other statements, and brackets, do have a limit.
"""

from collections.abc import Sequence

from injector.rendering.template.scan import Tag

# A tenth of what the engine survives on the usual stack of 8 MiB.
DEEPEST = 1000
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


def too_deep(tags: Sequence[Tag]) -> Tag | None:
    """Return the first tag that nests more deeply than is good for the engine, or None."""
    elifs = [0]  # of each `if` around
    for tag in tags:
        match tag.statement:
            case "if":
                elifs.append(0)
            case "elif":
                elifs[-1] += 1
            case "endif" if len(elifs) > 1:
                elifs.pop()
        if elifs[-1] > DEEPEST or (len(tag.words) > DEEPEST and _depth(tag.words) > DEEPEST):
            return tag
    return None


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
