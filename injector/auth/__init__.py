"""Auto-auth: keeps one live token. Methods only say what to post."""

from injector.auth.autoauth import AutoAuth
from injector.auth.method import Method, given, method

__all__ = ["AutoAuth", "Method", "given", "method"]
