"""Vault and OpenBao: asks, and says what the answer means.

Talks to Vault: `transport` (connections, redirects, deadlines), `tls` (trust and client
certificates), `adapter` (one token and namespace; classifies errors by status), `client` (the
requests), `api` (those by hvac's methods, imported when needed), `inspection` (requests of
`check` only), `answer` (what an answer means; `ssh` and `x509` read the expiry of
certificates), `granted` (parses tokens), `mounts` (finds KV version 2), `tokens` (the current
token, and whether a 403 is its fault), `doubt` (when a denial is worth a fresh login),
`in_flight` (requests that must not be cut off).
"""

from injector.sources.vault.answer import Answer
from injector.sources.vault.client import Vault
from injector.sources.vault.tokens import Token, Tokens
from injector.sources.vault.transport import Transport

__all__ = ["Answer", "Token", "Tokens", "Transport", "Vault"]
