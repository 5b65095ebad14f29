"""Reads configurations of Vault Agent and OpenBao Agent as ours.

- `bodies`: bounds how much of clients' request bodies is in memory, whatever number of them
  sends one
- `combinations`: combinations of options that the agents reject, although each option is valid
  by itself
- `commands`: how the agents run `command`: a single line in a shell, a program with arguments
  directly
- `files`: finds the files for a path of the agents' command line
- `flags`: the flags of the agents' command line
- `login`: translates `vault` and `auto_auth`: the server, the login, and the sinks
- `machine`: what exists at the destinations: permissions of files, and their filesystem
- `making`: what every part of a translation uses: the files, the other sources, the collected
  notes
- `merging`: merges several files: a block of a later file replaces the whole block of an
  earlier one
- `nodes`: the tree of our own configuration, whose values know their lines
- `options`: every option of Vault Agent and OpenBao Agent: its type, and what happens to it
  here
- `passing`: forwards requests to Vault, like the agents' listeners
- `reading`: reads files of the agents as one document of ours, with all problems, warnings and
  advice
- `reference`: regenerates the tables of docs/vault-agent.md: `python -m …vault_agent.reference
  FILE`
- `requests`: which requests the listeners forward to Vault, and with which token
- `row`: the description of one option of the agents
- `scalars`: converts single values of the agents' files from HCL
- `sections`: reads the options of blocks by the table of options, and collects all mistakes
- `texts`: translates `template`, `env_template`, `exec` and `template_config`
- `translate`: translates the agents' options to our configuration, keeping their less strict
  defaults
- `variables`: the agents' VAULT_* and BAO_* variables other than those of the `vault` block
"""

from injector.dialects.vault_agent.reading import hint, read

__all__ = ["hint", "read"]
