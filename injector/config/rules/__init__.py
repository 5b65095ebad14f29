"""Rules about combinations of options: generators of findings."""

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
