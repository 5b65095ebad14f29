"""Masks secret values in text, and says which they were.

In text from outside all of them are masked; in our own sentences, all but what the configuration
spells, which `runtime.configuration_words` lists.

- `redactor`: knows the values, and masks them
- `forms`: in which forms a value may stand in a text
- `index`: finds many texts at once in another
"""

from injector.base.redactor.index import NARROWEST
from injector.base.redactor.redactor import QUOTED, Redactor

__all__ = ["NARROWEST", "QUOTED", "Redactor"]
