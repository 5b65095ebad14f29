"""What is known of an annotation: a row of a table."""

from dataclasses import dataclass
from enum import StrEnum


class Takes(StrEnum):
    """What an annotation takes."""

    BOOLEAN = "boolean"
    WHOLE = "whole number"
    NUMBER = "number"
    DURATION = "duration"
    QUANTITY = "quantity"
    TEXT = "text"
    LIST = "list, separated by commas without spaces"
    TEMPLATE = "Go template"
    PATCH = "JSON patch"
    WORDS = "list, separated by commas"
    YAML = "YAML"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation, without its prefix. A key that ends with `-` is a family: a name follows.

    The default is `default`, or what the option of the name `flag` says; with neither, an
    annotation that is not there has no effect.
    """

    key: str
    takes: Takes
    says: str
    default: str | None = None
    flag: str = ""

    @property
    def is_family(self) -> bool:
        return self.key.endswith("-")
