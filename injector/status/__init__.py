"""Serves health, status and metrics: names and times, never values.

Nothing is imported here: a user of `status.words` must not pay for a web server.
"""
