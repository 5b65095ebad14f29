"""Real servers for the demo, development and tests. Nothing in production imports this."""
