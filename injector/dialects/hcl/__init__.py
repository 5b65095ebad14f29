"""HashiCorp's configuration language, version 1, and JSON as its readers accept it.

Version 2 is a different language with the same name: octal numbers, heredocs and `${…}` differ.

- `json`: parses JSON into the same tree, as HashiCorp does: a list of objects is a repeated
  block
- `literals`: values of tokens: escapes, numbers and the odd indentation rules of heredocs
- `parser`: parses tokens by the grammar of HCL 1: commas are optional in objects and required
  in lists
- `read`: parses HCL or JSON
- `tokens`: splits HCL into tokens: identifiers, numbers, strings, heredocs and punctuation
- `tree`: the syntax tree of HCL, with the line of every element, which knows its column
"""

from injector.dialects.hcl.read import parse
from injector.dialects.hcl.tree import Item, List, Literal, Object, SyntaxFault, Value

__all__ = ["Item", "List", "Literal", "Object", "SyntaxFault", "Value", "parse"]
