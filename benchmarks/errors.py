"""What keeps a benchmark from being run at all."""


class CouldNotRunError(Exception):
    """A side did not do its job; the message has what it said."""
