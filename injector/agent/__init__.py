"""Builds all parts and runs them: `once`, or `run` until stopped.

Nothing is imported here: `once` must not pay for the listener and the file watch of `run`.
"""
