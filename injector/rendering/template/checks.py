"""Finds what is bound to fail whatever the values are, with its line."""

from collections.abc import Collection, Iterator, Sequence

import minijinja

from injector.config.problem import did_you_mean
from injector.rendering.template import mentions
from injector.rendering.template.engine import has_filter, has_global, has_test
from injector.rendering.template.filters import filters
from injector.rendering.template.scan import Tag

_OTHER_FILES = frozenset(("extends", "from", "import", "include"))
_FUNCTIONS = frozenset(("caller", "env", "loop", "secret", "self", "super"))
_OUR_FILTERS = (*filters(strict=True), "default", "lower", "replace", "trim", "upper")


# Where, the word there, and what is wrong with it.
Fault = tuple[Tag, str, str]


def fault(
    tags: Sequence[Tag], environment: minijinja.Environment, text: str, names: Collection[str]
) -> Fault | None:
    """Return the first thing that is wrong and where, or None; raises TemplateError for syntax."""
    undeclared = environment.undeclared_variables_in_str(text)
    unknown = _unknown(tags, {name for name in undeclared if name not in names})
    return next(_faults(tags, unknown, names), None)


def _faults(
    tags: Sequence[Tag], unknown: Collection[str], names: Collection[str]
) -> Iterator[Fault]:
    for tag in tags:
        yield from _unsupported(tag)
        for name in mentions.filters(tag):
            if not has_filter(name):
                yield tag, name, f"there is no filter {name!r}{did_you_mean(name, _OUR_FILTERS)}"
        for name in mentions.tests(tag):
            if not has_test(name):
                yield tag, name, f"there is no test {name!r}"
        for name in mentions.names(tag) if unknown else ():
            if name in unknown:
                yield tag, name, _no_such(name, tag, names)


def _unsupported(tag: Tag) -> Iterator[Fault]:
    if tag.statement in _OTHER_FILES:
        why = f"`{tag.statement}` is not supported: a template is a single text"
        yield tag, tag.statement, why
    if mentions.formats_freely(tag):
        yield (
            tag,
            "format",
            "`.format` needs a text that is spelled out, with widths below 1000; or use `~`",
        )
    if mentions.compares_with_none(tag):
        yield (
            tag,
            "none",
            "write `is none` instead of `== none`, and `is not none` instead of `!= none`",
        )


def _unknown(tags: Sequence[Tag], undeclared: Collection[str]) -> set[str]:
    """Return the unknown names; the engine also reports some that are known."""
    names = {name for name in undeclared if name not in _FUNCTIONS and not has_global(name)}
    return names.difference(*(mentions.guarded(tag) for tag in tags)) if names else names


def _no_such(name: str, tag: Tag, names: Collection[str]) -> str:
    if name in mentions.called(tag):
        return f"there is no function {name!r}; there are `secret` and `env`"
    if key := mentions.key_with_hyphens(tag, name):
        return f"a key with a '-' needs brackets; write ['{key}'] instead of .{key}"
    return f"`secrets:` has no {name!r}{did_you_mean(name, list(names))}"
