"""Pre-deployment checks of the server, the login, its permissions, and this machine."""

from injector.check.finding import Finding, Level, exit_code
from injector.check.online import Parts, check

__all__ = ["Finding", "Level", "Parts", "check", "exit_code"]
