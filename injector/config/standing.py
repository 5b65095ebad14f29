"""Where the text of a template stands: in a file of its own, or somewhere in another one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from injector.config.excerpt import Line


@dataclass(frozen=True, slots=True)
class Standing:
    """A text's place in a file: its first line, and what comes before it in each of its lines."""

    file: str
    first_line: int = 1
    on_one_line: bool = False
    # By how many columns each line is further right in the file; of a single line, the first.
    shifts: tuple[int, ...] = field(default=(), repr=False)

    def line(self, line: int, column: int, width: int = 1) -> Line:
        """Return the place in the file of a place in the text."""
        if self.on_one_line:
            known = column and line == 1 and self.shifts
            return Line(self.first_line, column + self.shifts[0] if known else 0, width)
        shift = self.shifts[line - 1] if line <= len(self.shifts) else 0
        return Line(self.first_line + line - 1, column + shift if column else 0, width)


def standing(file: str, lines: Sequence[str], line: int, text: str) -> Standing:
    """Find a value that begins in this line: after its key, or as a block below.

    What is folded or has escapes has no lines of its own in the file: then it is all on this one.
    """
    pieces = text.removesuffix("\n").split("\n")
    here = lines[line - 1 : line]
    if len(pieces) == 1 and here and (at := here[0].find(pieces[0])) >= 0:
        return Standing(file, line, on_one_line=True, shifts=(at,))
    below = lines[line : line + len(pieces)]
    if len(below) == len(pieces) and all(map(str.endswith, below, pieces)):
        shifts = tuple(len(a) - len(b) for a, b in zip(below, pieces, strict=True))
        return Standing(file, line + 1, shifts=shifts)
    return Standing(file, line, on_one_line=True)
