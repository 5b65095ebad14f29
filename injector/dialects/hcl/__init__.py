"""HashiCorp's configuration language, version 1, and JSON as its readers accept it.

Version 2 is a different language with the same name: octal numbers, heredocs and `${…}` differ.

- `parser`: a document to a tree: commas are optional in objects and required in lists
- `json`: JSON to the same tree, as HashiCorp does it: a list of objects is a repeated block
- `tokens`: identifiers, numbers, strings, heredocs and punctuation
- `literals`: the values of tokens: escapes, numbers, and the odd indentation of heredocs
- `tree`: the tree; each element knows its line and column
"""

from injector.dialects.hcl.parser import parse
from injector.dialects.hcl.tree import Item, List, Literal, Object, SyntaxFault, Value

__all__ = ["Item", "List", "Literal", "Object", "SyntaxFault", "Value", "parse"]
