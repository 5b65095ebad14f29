"""Where a template uses which secret: for writing policies, not for rendering."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from injector.rendering.template import mentions
from injector.rendering.template.scan import Tag, is_literal, is_name, is_string, line_at
from injector.secret import Ref

# Results of calls without any secrets; None for one that depends on another secret.
Asked = set[Ref | None]


@dataclass(frozen=True, slots=True)
class Use:
    """One place that uses a secret; `ref` is None if which one depends on another secret.

    Then `call` is its source, and `path` the literal part of the path: the beginning, or all of it
    (`is_whole`) if only the parameters are computed.
    """

    line: int
    ref: Ref | None = None
    call: str = ""
    path: str = ""
    is_whole: bool = False
    is_write: bool = False


def uses(
    text: str,
    tags: Sequence[Tag],
    names: Mapping[str, Ref],
    *,
    at_line: Mapping[int, Asked],
    evaluate: Callable[[str], Asked],
) -> list[Use]:
    """Return every use, in order of lines.

    `at_line` are the secrets that tags use when nothing is known; `evaluate` evaluates one call.
    """
    found: set[Use] = set()
    for tag in tags:
        line = line_at(text, tag.start)
        found.update(Use(line, names[name]) for name in mentions.names(tag) if name in names)
        for call in mentions.literal_calls(tag):
            found.update(Use(line, ref) for ref in evaluate(call))
        for words in mentions.computed_calls(tag):
            names_in_it = set(mentions.names(Tag(tag.start, tuple(words), "")))
            alone = names_in_it <= {"secret", "env"}
            asked = evaluate(" ".join(words)) if alone else at_line.get(line, set())
            found.update(_uses(line, words, asked))
    return sorted(found, key=lambda use: (use.line, str(use.ref or ""), use.call))


def _uses(line: int, words: Sequence[str], asked: Asked) -> Iterator[Use]:
    yield from (Use(line, ref) for ref in asked if ref is not None)
    if not asked or None in asked:
        path = words[2][1:-1] if is_string(words[2]) and "\\" not in words[2] else ""
        yield Use(
            line,
            call=_written(words),
            path=path,
            is_whole=bool(path) and words[3] in ",)",
            is_write="," in _outermost(words),
        )


def _outermost(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a call that are in no other bracket."""
    depth = 0
    for word in words:
        depth -= word in (")", "]", "}")
        if depth == 1:
            yield word
        depth += word in ("(", "[", "{")


def _written(words: Sequence[str]) -> str:
    """Join the words of a call with the usual spacing."""
    text = ""
    for before, word in zip(("", *words), words, strict=False):
        apart = is_name(before) and (is_name(word) or is_literal(word))
        text += " " * (apart or before == "," or "~" in (before, word)) + word
    return text
