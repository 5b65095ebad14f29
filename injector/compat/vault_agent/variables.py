"""What VAULT_* and BAO_* variables say to an agent, beside those of the block `vault`."""

from collections.abc import Iterator, Mapping

from injector.compat.vault_agent import scalars
from injector.config import environment
from injector.config.problem import Problem, Wrong

_FORMATS = {name: name for name in ("standard", "json")}
# Option → what a variable may say, in ours; and to people.
_WORDS = {
    "log_level": (scalars.LEVELS, "trace, debug, info, warn or error"),
    "log_format": (_FORMATS, "standard or json"),
}
# Names without VAULT_ or BAO_ that the agents heed and we do not → what to do instead.
_UNHEEDED = {
    "AGENT_ADDR": "set VAULT_ADDR",
    "CACERT_BYTES": "write it into a file, and set VAULT_CACERT",
    "HTTP_PROXY": "set HTTPS_PROXY",
    "MAX_RETRIES": "what fails is tried again for as long as it takes",
    "PROXY_ADDR": "set HTTPS_PROXY",
    "RATE_LIMIT": "set `template_config.max_connections_per_host`",
    "SRV_LOOKUP": "set VAULT_ADDR to a host and a port",
}


def word(option: str, environ: Mapping[str, str]) -> str:
    """Return what a variable says of `log_level` or `log_format`; raises Wrong."""
    words, shown = _WORDS[option]
    variable, text = environment.find(option.upper(), environ)
    if variable and text.lower() not in words:
        raise Wrong(f"{variable}: expected {shown}, got {scalars.shown(text)}")
    return words.get(text.lower(), "")


def unheeded(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield each variable that is set and does nothing here."""
    for name, instead in _UNHEEDED.items():
        variable, _ = environment.find(name, environ)
        if variable:
            yield problem(f"{variable} does nothing here: {instead}")


def problem(text: str) -> Problem:
    return Problem(0, (), text, "environment")
