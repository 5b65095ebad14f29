"""`injector policy`: the least-privilege policy that a configuration needs, without a server."""

import argparse
import os

from injector.base.errors import ConfigError
from injector.cli.parser import add_config, exits
from injector.preflight.policy import document, needs
from injector.runtime.plan import plan, refs_by_name

NOTE = "It contacts no server. Paths that depend on the value of a secret appear in comments."
EXAMPLES = (
    "injector policy -c injector.yaml | vault policy write app -",
    "injector policy -c injector.yaml | diff - policies/app.hcl",
)
EXITS = {"0": "printed", **exits(ConfigError)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def main(args: argparse.Namespace) -> int:
    # It is usually run by a Vault administrator, not on the machine where the files will be.
    planned = plan(args.config, elsewhere=True)
    found = needs(
        planned.config,
        refs_by_name(planned.config),
        planned.templates.values(),
        directory=os.path.dirname(os.path.abspath(args.config)),
    )
    print(document(found, file=os.path.basename(args.config)), end="")
    return 0
