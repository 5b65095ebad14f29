"""What can be found out before a deployment: about the server, the login, its rights, and here."""

from injector.check.finding import Finding, Level, exit_code
from injector.check.online import Parts, check

__all__ = ["Finding", "Level", "Parts", "check", "exit_code"]
