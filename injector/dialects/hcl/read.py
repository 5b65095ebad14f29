"""Parses HCL or JSON."""

from injector.base.errors import ConfigError
from injector.config.document import lines_of
from injector.config.excerpt import Line
from injector.config.problem import Problem
from injector.dialects.hcl.json import parse_json
from injector.dialects.hcl.parser import parse_hcl
from injector.dialects.hcl.tree import Object, SyntaxFault


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
