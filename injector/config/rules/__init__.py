"""Rules about combinations of options: generators of findings.

- `bundles`: rules for bundles: which options belong to the bundle, and which to its files
- `connection`: rules for connections: the server, the login, our own listeners
- `destinations`: rules for paths: where files go, and what they must not collide with
- `files`: rules for single files: what they are made from, checks, ownership
- `finding`: the result of a rule: where, and which other values must be valid for it to apply
- `names`: rules for names: their spelling, and whether every name that is used exists
- `notify`: rules for `notify`, and for everything else with a `wait`
- `supervision`: rules for the supervised command and its environment
"""

from collections.abc import Iterator

from injector.config import model
from injector.config.document import Document
from injector.config.rules import (
    bundles,
    connection,
    destinations,
    files,
    names,
    notify,
    supervision,
)
from injector.config.rules.finding import Finding

__all__ = ["Finding", "all_findings"]


def all_findings(config: model.Config, document: Document) -> Iterator[Finding]:
    """Apply every rule that needs nothing but the configuration and the user database."""
    yield from connection.findings(config)
    yield from names.findings(config, document)
    yield from files.findings(config, document)
    yield from bundles.findings(config)
    yield from destinations.findings(config, document)
    yield from notify.findings(config)
    yield from supervision.findings(config, document)
