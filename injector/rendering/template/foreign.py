"""Recognizes a Go template, as Vault Agent has it, where one for Jinja is expected."""

import re

_GO = (
    r"-?\s*(?:with|range|end|else|if|define|template|block)\b(?!\s*[|.(\[~])"
    r"|-?\s*\.(?:\s|[A-Za-z])|-?\s*\$\w*|-?\s*(?:secret|env|key|file|base64Decode|toJSON)\s+[\"`.]"
    r"|[^}]*:="
)


def go(text: str, left: str) -> tuple[int, int] | None:
    """Return where something is that only Go's templates have, and how long it is."""
    match = re.search(rf"{re.escape(left)}(?:{_GO})", text)
    return match and (match.start(), len(match[0]))


SAID = "this is a Go template, and read as one for Jinja; add `language: go`"
