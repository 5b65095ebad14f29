"""Parses a template like Go: first tokens, then a tree."""
