"""Shows findings in one form: where, how serious, what, the line with a mark, and what to do.

injector.yaml:12:12: problem: template[0].perms: expected an octal mode, got 640
   |
12 |     perms: 640
   |            ^^^
   = help: write "0640"
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from injector.base import colour
from injector.base.printable import printable
from injector.config.excerpt import Excerpt
from injector.config.problem import Problem, dotted, parted

_BOLD, _PLACE, _HELP = "1", "1;34", "1;36"
_LEVELS = {"problem": "1;31", "warning": "1;33", "advice": "1;33", "note": "1;34", "ok": "1;32"}


class Report:
    """Writes findings to a stream, in colours if that is a terminal which has them."""

    def __init__(self, stream: TextIO, proofread: Callable[[str], str] = str) -> None:
        self._stream = stream
        self._proofread = proofread
        self._in_colour = colour.is_wanted(stream, os.environ)

    def write(self, level: str, found: Iterable[object]) -> None:
        """Write findings of one level: problems with their places, or only their words."""
        for each in found:
            self.line("\n".join(self._shown(level, each)))

    def line(self, text: str) -> None:
        print(text, file=self._stream)

    def _shown(self, level: str, found: object) -> Iterator[str]:
        at = found if isinstance(found, Problem) else None
        said = (at.words, at.remedy) if at else parted(str(found))
        words, remedy = map(self._clean, said)
        place = f"{self._ink(_BOLD, self._clean(at.place))}: " if at and at.place else ""
        yield f"{place}{self._ink(_LEVELS[level], level)}: {words}"
        margin = "  "
        if at and at.excerpt:
            margin = " " * (len(str(at.line)) + 1)
            yield from self._quoted(at.line, at.excerpt, level)
        if remedy:
            yield f"{margin}{self._ink(_PLACE, '=')} {self._ink(_HELP, 'help')}: {remedy}"

    def _quoted(self, line: int, excerpt: Excerpt, level: str) -> Iterator[str]:
        margin = " " * len(str(line))
        bar = self._ink(_PLACE, "|")
        yield f"{margin} {bar}"
        yield f"{self._ink(_PLACE, str(line))} {bar} {excerpt.text}".rstrip()
        if excerpt.width:
            mark = self._ink(_LEVELS[level], "^" * excerpt.width)
            yield f"{margin} {bar} {' ' * excerpt.start}{mark}"

    def _clean(self, text: str) -> str:
        return printable(self._proofread(text), lines=True)

    def _ink(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._in_colour else text


def json_of(level: str, found: object) -> dict[str, object]:
    """Return a finding for programs."""
    if not isinstance(found, Problem):
        words, remedy = parted(str(found))
        return {"level": level, "text": words, "remedy": remedy}
    words, remedy = parted(found.text)
    place = {"file": found.file, "line": int(found.line), "column": found.column}
    return {"level": level, **place, "key": dotted(found.where), "text": words, "remedy": remedy}
