"""Rules about combinations of options: generators of findings.

- `bundles`: which options belong to a bundle, and which to its files
- `connection`: the server, the login, our own listeners
- `destinations`: where files go, and what they must not collide with
- `files`: what single files are made from, checks, ownership
- `names`: how names are spelled, and whether every name that is used exists
- `notify`: `notify`, and everything else with a `wait`
- `supervision`: the supervised command and its environment
"""

from collections.abc import Iterator

from injector.config import model
from injector.config.document import Document
from injector.config.problem import Breach
from injector.config.rules import (
    bundles,
    connection,
    destinations,
    files,
    names,
    notify,
    supervision,
)

__all__ = ["Breach", "all_findings"]


def all_findings(config: model.Config, document: Document) -> Iterator[Breach]:
    """Apply every rule that needs nothing but the configuration and the user database."""
    yield from connection.findings(config)
    yield from names.findings(config, document)
    yield from files.findings(config, document)
    yield from bundles.findings(config)
    yield from destinations.findings(config, document)
    yield from notify.findings(config)
    yield from supervision.findings(config, document)
