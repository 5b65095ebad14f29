"""Builds the parts and runs them: `once`, or `run` until told to stop.

Nothing is imported here: `once` must not pay for the listener and the file watch of `run`.
"""
