"""What a template can call, a module for each family."""
