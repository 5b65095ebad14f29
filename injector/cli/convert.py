"""`injector convert`: translates a configuration of Vault Agent or OpenBao Agent into ours."""

import argparse
import os
import sys

from injector.base.errors import ConfigError
from injector.cli.findings import Report
from injector.cli.parser import exits
from injector.cli.saying import show
from injector.runtime.plan import plan

NOTE = """\
It contacts no server and writes no files. A template is converted to Jinja where that produces the
same bytes, which is tested with made-up values; the others stay Go templates, each with the reason.
Where the agent's default is less safe than the injector's, a comment says so: delete that line to
get the safer one. Run it in the agent's working directory: relative paths start there."""
EXAMPLES = (
    "injector convert /etc/vault/agent.hcl > injector.yaml",
    "injector convert agent.hcl > injector.yaml && injector check -c injector.yaml",
)
EXITS = {"0": "printed; standard error says what could not be kept", **exits(ConfigError)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="+", metavar="FILE", help="as for `-config`: HCL or JSON")


def main(args: argparse.Namespace) -> int:
    from injector.dialects.convert.native import native
    from injector.dialects.vault_agent.flags import Flags
    from injector.dialects.vault_agent.reading import read_all

    # First everything that is wrong with it.
    plan(
        args.config[0],
        os.environ,
        elsewhere=True,
        read=lambda _, environ: read_all(args.config, environ, Flags()),
    )
    found = native(args.config)
    written = read_all(args.config, os.environ, Flags()).document
    Report(sys.stderr).write("warning", written.shown(found.warnings))
    show(found.text, end="")
    return 0
