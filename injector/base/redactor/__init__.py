"""Masks secret values in text (`redactor`), in every form (`forms`) that is found (`index`).

Masks secret values in text and says which it was: all of them in text from outside, and in our
own sentences all but what the configuration spells (`runtime.wording` lists that); `forms` are
those in which a value may stand in a text, `index` finds them.

- `redactor`: masks secret values in text, and says which value it was
"""

from injector.base.redactor.index import NARROWEST
from injector.base.redactor.redactor import QUOTED, Redactor

__all__ = ["NARROWEST", "QUOTED", "Redactor"]
