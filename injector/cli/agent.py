"""`injector agent`: the command line, files and defaults of Vault Agent and OpenBao Agent."""

import argparse
import os
from collections.abc import Mapping

from injector.base.errors import ConfigError
from injector.cli.daemon import execute
from injector.cli.parser import exits
from injector.config.language import Reading
from injector.runtime.plan import Plan, plan
from injector.runtime.run import run

NOTE = """\
A drop-in replacement: same flags, HCL and JSON files, environment variables and defaults.
`injector check -c agent.hcl` points out where the injector's own defaults are safer. See
docs/vault-agent.md for every option. Signals are handled as by `injector run`."""
EXAMPLES = (
    "injector agent -config=/etc/vault/agent.hcl",
    "VAULT_CONFIG=$(base64 <agent.json) injector agent",
    "injector agent -config=/etc/vault.d -config=/run/override.hcl -exit-after-auth",
)
EXITS = {
    "0": "stopped by SIGTERM or SIGINT, or with -exit-after-auth everything is in place",
    **exits(),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from injector.dialects.vault_agent.flags import add_flags

    add_flags(parser)


def main(args: argparse.Namespace) -> int:
    from injector.dialects.vault_agent.flags import flags, paths
    from injector.dialects.vault_agent.reading import read_all

    given = paths(args, os.environ)
    if not given:
        raise ConfigError(
            "no configuration given: use -config=PATH, set BAO_AGENT_CONFIG_PATH, or put the "
            "configuration itself into VAULT_CONFIG"
        )

    def read(_: str, environ: Mapping[str, str]) -> Reading:
        return read_all(given, environ, flags(args))

    def load() -> Plan:
        return plan(given[0], read=read, command=())

    planned = load()
    return execute(planned.loaded, lambda state: run(planned, state, load=load))
