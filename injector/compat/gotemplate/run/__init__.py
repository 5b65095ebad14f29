"""Executes a tree."""
