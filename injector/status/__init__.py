"""Serves health, status and metrics: names and times, never values.

Nothing is imported here: who only wants its words (`span`) must not pay for a web server.
"""
