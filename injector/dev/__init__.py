"""Real servers for the demo, development and tests. Nothing that runs in production imports this."""
