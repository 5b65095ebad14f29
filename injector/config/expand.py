"""`${NAME}` and `${NAME:-default}` in the values of a configuration."""

import re
from collections.abc import Mapping

from injector.config.problem import Wrong

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace references with the environment's values; `$${` becomes `${`.

    As in a shell, a default also replaces an empty variable. Raises Wrong, with names only.
    """

    def replacement(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if not match[2]:
            raise Wrong("'${' is never closed by '}'; a literal one is written '$${'")
        reference = _NAME.fullmatch(match[1])
        if reference is None:
            raise Wrong(
                "expected ${NAME} or ${NAME:-default} of an environment variable; "
                "a literal '${' is written '$${'"
            )
        name, default = reference.groups()
        value = environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise Wrong(
                f"the environment variable {name} is not set; "
                f"set it, or give a default: ${{{name}:-default}}"
            )
        return value

    return _REFERENCE.sub(replacement, text)
