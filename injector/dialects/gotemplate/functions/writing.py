"""`writeToFile`: additional files, which are written together with the template's own."""

import os

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import bytes_of
from injector.dialects.gotemplate.model import Surroundings
from injector.dialects.gotemplate.sandbox import require_inside
from injector.rendering.formats.text import is_broken
from injector.rendering.template.dialect import ExtraFile

_LARGEST_PERMS = 0o7777
_FLAGS_AND_CONTENT = 2


class Writing:
    """The function for one rendering, and the files to write."""

    def __init__(self, surroundings: Surroundings, spelled: frozenset[str]) -> None:
        self._surroundings = surroundings
        self._spelled = spelled
        self._files: dict[str, ExtraFile] = {}

    @property
    def files(self) -> tuple[ExtraFile, ...]:
        return tuple(self._files.values())

    def write_to_file(self, path: str, user: str, group: str, perms: str, *words: str) -> str:
        """Record a file; the last word is its content, the ones before are flags."""
        if not words:
            raise GoError("the content is missing: pipe it into writeToFile")
        if "\0" in path or is_broken(path):
            raise GoError("the path is no path: it is not UTF-8 text, or contains a NUL character")
        require_inside(path, self._surroundings, self._spelled)
        where = os.path.normpath(os.path.abspath(path))
        if where == self._surroundings.destination:
            raise GoError("this is the template's own destination, which already gets its text")
        flags = words[0] if len(words) == _FLAGS_AND_CONTENT else ""
        content = bytes_of(words[-1]) + (b"\n" if "newline" in flags else b"")
        appends = "append" in flags
        if appends and (before := self._files.get(where)) is not None:
            content, appends = before.content + content, before.appends
        self._files[where] = ExtraFile(where, content, _mode(perms), user, group, appends)
        return ""


def _mode(perms: str) -> int:
    digits = perms if perms.isascii() and perms.isdigit() else "8"
    if set(digits) & {"8", "9"} or int(digits, 8) > _LARGEST_PERMS:
        raise GoError(f'{VALUE} is not a mode such as "0640"', quoted(perms))
    return int(digits, 8)
