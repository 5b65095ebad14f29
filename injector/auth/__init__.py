"""Auto-auth: keeps one live token. Methods only say what to post."""

from injector.auth.autoauth import AutoAuth
from injector.auth.method import Method, method
from injector.auth.token_file import GIVEN, GivenToken

__all__ = ["GIVEN", "AutoAuth", "GivenToken", "Method", "method"]
