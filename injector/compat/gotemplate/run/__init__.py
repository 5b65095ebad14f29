"""Executes the syntax tree."""
