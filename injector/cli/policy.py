"""`injector policy`: the least-privilege policy that a configuration needs, without a server."""

import argparse
import os

from injector.agent.plan import names, plan
from injector.policy import document, needs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", required=True, help="the configuration")
    parser.epilog = (
        "for example: injector policy -c injector.yaml | vault policy write app -   "
        "Paths that only the value of a secret tells are in comments."
    )


def main(args: argparse.Namespace) -> int:
    # It is for whoever administers Vault, seldom on the machine where the files will be.
    planned = plan(args.config, elsewhere=True)
    found = needs(
        planned.config,
        names(planned.config),
        planned.templates.values(),
        folder=os.path.dirname(os.path.abspath(args.config)),
    )
    print(document(found, file=os.path.basename(args.config)), end="")
    return 0
