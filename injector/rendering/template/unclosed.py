"""Finds the tag that is never closed: the engine only says that the text has ended."""

import re

from injector.rendering.template.scan import Tag, tags

_CLOSED = frozenset(
    ("if", "for", "with", "filter", "macro", "call", "block", "raw", "autoescape", "set")
)

# Where it is, how long, and what is wrong.
Found = tuple[int, int, str]


def unclosed(text: str, left: str, right: str) -> Found | None:
    """Return the first tag or block that is wrong, from what is opened and closed in the text."""
    if open_tag := _open_tag(text, left, right):
        return open_tag
    opened: list[Tag] = []
    for tag in tags(text, left, right):
        word = tag.statement
        if word in _CLOSED and not _is_whole(tag):
            opened.append(tag)
        elif word.startswith("end") and word[3:] in _CLOSED:
            if not opened:
                said = f"`{{% {word} %}}` closes nothing; remove it, or open the block before it"
                return tag.start, 2, said
            if opened[-1].statement != word[3:]:
                return _still_open(opened[-1], word)
            opened.pop()
    return _still_open(opened[-1], before="") if opened else None


def _still_open(tag: Tag, before: str) -> Found:
    word = tag.statement
    where = f"before the `{{% {before} %}}`" if before else "where it ends"
    return tag.start, 2, _said(word, where)


def _said(word: str, where: str) -> str:
    return f"`{{% {word} %}}` is never closed; add `{{% end{word} %}}` {where}"


def _is_whole(tag: Tag) -> bool:
    """Return whether a `set` has its value in the tag."""
    return tag.statement == "set" and "=" in tag.words


def _open_tag(text: str, left: str, right: str) -> Found | None:
    """Return the tag that the text ends in, or in which the next one begins."""
    ends = {left: right, "{%": "%}", "{#": "#}"}
    opening = re.compile("|".join(map(re.escape, sorted(ends, key=len, reverse=True))))
    at = 0
    while match := opening.search(text, at):
        closing = ends[match[0]]
        end = text.find(closing, match.end())
        inside = text[match.end() : end if end >= 0 else len(text)]
        other = opening.search(inside) if match[0] != "{#" else None
        if end < 0 or (other is not None and not _is_quoted(inside, other.start())):
            said = f"`{match[0]}` is never closed; add `{closing}` where the tag ends"
            return match.start(), len(match[0]), said
        at = end + len(closing)
    return None


def _is_quoted(text: str, at: int) -> bool:
    return any(text.count(quote, 0, at) % 2 for quote in "\"'")
