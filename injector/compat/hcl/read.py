"""Parses HCL or JSON."""

from injector.compat.hcl.json import parse_json
from injector.compat.hcl.parser import parse_hcl
from injector.compat.hcl.tree import Object, SyntaxFault
from injector.config.document import lines_of
from injector.config.excerpt import Line
from injector.config.problem import Problem
from injector.errors import ConfigError


def parse(file: str, source: str) -> Object:
    """Parse a document; one that begins with a brace is JSON.

    Raises ConfigError with file, line and column.
    """
    if source.lstrip().startswith("{"):
        return parse_json(file, source)
    try:
        return parse_hcl(source)
    except SyntaxFault as fault:
        place = Line(fault.line, fault.column)
        raise ConfigError(Problem(place, (), str(fault)).within(file, lines_of(source))) from None
