"""Converts configurations of the agents to our own form, for people to continue with."""
