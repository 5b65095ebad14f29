"""HashiCorp's configuration language, version 1, and JSON as its readers accept it.

Version 2 is a different language with the same name: octal numbers, heredocs and `${…}` differ.
"""

from injector.compat.hcl.read import parse
from injector.compat.hcl.tree import Item, List, Literal, Object, SyntaxFault, Value

__all__ = ["Item", "List", "Literal", "Object", "SyntaxFault", "Value", "parse"]
