"""Vault and OpenBao: asks, and says what the answer means.

- `source`: what Vault is to the rest of the program
- `ref`: which secret: its path, parameters and namespace
- `client`: the requests this program makes, each with its errors told apart
- `api`: those that hvac has; imported when the first of them is sent
- `inspection`: what only `check` asks
- `adapter`: one token and one namespace; gives refusals a class by their status
- `transport`: connections, redirects, deadlines
- `tls`: whom to trust, and what to present
- `answer`: what an answer means
- `certificates`: when certificates are valid
- `mounts`: finds KV version 2 where a path leaves out its `data/`
- `tokens`: the current token, and whether a 403 is its fault
- `token_answers`: makes tokens of the answers to logins, renewals and lookups
- `relogin`: when a policy's refusal is worth a fresh login
"""

from injector.sources.vault.answer import VaultAnswer
from injector.sources.vault.client import Vault
from injector.sources.vault.tokens import Token, Tokens
from injector.sources.vault.transport import Transport

__all__ = ["Token", "Tokens", "Transport", "Vault", "VaultAnswer"]
