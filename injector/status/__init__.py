"""Serves health, status and metrics: names and times, never values."""

from injector.status.report import Report
from injector.status.server import Actions, StatusServer

__all__ = ["Actions", "Report", "StatusServer"]
