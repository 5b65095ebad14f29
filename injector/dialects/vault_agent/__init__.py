"""Reads configurations of Vault Agent and OpenBao Agent as ours.

The files:

- `flags`: the agents' command line
- `reading`: files and directories to one document of ours, with all problems, warnings and advice
- `options`: a table of every option of theirs: its type, and what becomes of it here
- `row`: what a row of that table says
- `sections`: the options of blocks, read by that table, with all mistakes
- `scalars`: single values, converted from HCL
- `combinations`: combinations that the agents reject, although each option is valid by itself
- `variables`: the agents' VAULT_* and BAO_* variables other than those of the `vault` block
- `translate`: their options to our configuration, keeping their less strict defaults
- `login`: `vault` and `auto_auth`: the server, the login, and the sinks
- `texts`: `template`, `env_template`, `exec` and `template_config`
- `making`: what every part of a translation uses: the files, flags and variables, the notes
- `machine`: what exists at the destinations: permissions of files, and their filesystem
- `nodes`: the tree of our own configuration, whose values know their lines

The listeners:

- `api_proxy`: forwards requests to Vault, as the agents' listeners do
- `bodies`: bounds how much of the clients' request bodies is in memory
"""

from injector.dialects.vault_agent.reading import hint, read

__all__ = ["hint", "read"]
