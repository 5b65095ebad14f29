"""Auto-auth: keeps one live token. Methods only say what to post."""

from injector.auth.autoauth import AutoAuth
from injector.auth.method import Method, Remembers, given, method
from injector.auth.replaced import ReplacedTokens

__all__ = ["AutoAuth", "Method", "Remembers", "ReplacedTokens", "given", "method"]
