"""Configurations of the agents, written anew as ours: for people to go on with, not to be run."""
