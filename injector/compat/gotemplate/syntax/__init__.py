"""A template as Go reads it: tokens, then a tree."""
