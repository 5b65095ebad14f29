"""Which page is renewed by what."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from injector.dev.seed import Seed
from tools.docs import go_templates, messages, options, vault_agent, webhook

DOCS = Path(__file__).parents[2] / "docs"

# What renews each page.
PAGES: dict[str, Callable[[str], str]] = {
    "configuration.md": options.renewed,
    "dev.md": partial(options.renewed, root=Seed),
    "errors.md": messages.renewed,
    "go-templates.md": go_templates.renewed,
    "vault-agent.md": vault_agent.renewed,
    "webhook.md": webhook.renewed,
}
