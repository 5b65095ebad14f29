"""Auto-auth: keeps one live token. Methods only say what to post.

Keeps one token alive (`autoauth`, `timing`); login methods only say what to post (`kubernetes`,
`approle`, which does not repeat what Vault has rejected (`refusals`), `jwt`, `cert`,
`token_file`); renews a replaced token while a lease of it is in use (`replaced`); writes the
token to files (`sink`).

- `material`: reads what a login needs from files, anew at every login. Never quotes their
  content
- `method`: what a login method is, and which one the configuration asks for
"""

from injector.engine.auth.autoauth import AutoAuth
from injector.engine.auth.method import Method, Remembers, given, method
from injector.engine.auth.replaced import ReplacedTokens

__all__ = ["AutoAuth", "Method", "Remembers", "ReplacedTokens", "given", "method"]
