"""The functions that a template can call, one module per family."""
