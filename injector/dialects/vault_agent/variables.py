"""The agents' VAULT_* and BAO_* variables other than those of the `vault` block."""

from collections.abc import Iterator, Mapping

from injector.config import environment
from injector.config.problem import Problem, Wrong
from injector.dialects.vault_agent import scalars

_FORMATS = {name: name for name in ("standard", "json")}
# Option → our value for each accepted word; the words for messages.
_WORDS = {
    "log_level": (scalars.LEVELS, "trace, debug, info, warn or error"),
    "log_format": (_FORMATS, "standard or json"),
}
# Names without VAULT_ or BAO_ that the agents use and we do not → what to do instead.
_UNHEEDED = {
    "AGENT_ADDR": "set VAULT_ADDR",
    "HTTP_PROXY": "set HTTPS_PROXY",
    "MAX_RETRIES": "failures are retried forever",
    "PROXY_ADDR": "set HTTPS_PROXY",
    "RATE_LIMIT": "set `template_config.max_connections_per_host`",
    "SRV_LOOKUP": "set VAULT_ADDR to a host and a port",
}


def word(option: str, environ: Mapping[str, str]) -> str:
    """Return the `log_level` or `log_format` of the environment; raises Wrong."""
    words, shown = _WORDS[option]
    variable, text = environment.find(option.upper(), environ)
    if variable and text.lower() not in words:
        raise Wrong(f"{variable}: expected {shown}, got {scalars.shown(text)}")
    return words.get(text.lower(), "")


def unheeded(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a warning for each variable that has no effect here."""
    for name, instead in _UNHEEDED.items():
        variable, _ = environment.find(name, environ)
        if variable:
            yield problem(f"{variable} has no effect here: {instead}")


def problem(text: str) -> Problem:
    return Problem(0, (), text, "environment")
