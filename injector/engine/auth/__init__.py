"""Auto-auth: keeps one live token. Methods only say what to post.

- `autoauth`: logs in, renews, logs in again
- `timing`: when to act on a token; arithmetic only
- `replaced`: renews a replaced token while a lease of it is in use
- `sink`: writes the token to files
- `method`: what a login method is
- `methods`: which one the configuration asks for
- `kubernetes`, `approle`, `jwt`, `cert`, `token_file`: the methods
- `refusals`: keeps `approle` from repeating what Vault has rejected
- `material`: reads what a login needs from files, anew at every login; never quotes their content
"""

from injector.engine.auth.autoauth import AutoAuth
from injector.engine.auth.method import Method, Remembers
from injector.engine.auth.methods import method, method_of_token
from injector.engine.auth.replaced import ReplacedTokens

__all__ = ["AutoAuth", "Method", "Remembers", "ReplacedTokens", "method", "method_of_token"]
