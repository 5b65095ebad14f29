"""What destinations share that hold nothing for readers: these have theirs open, or a copy."""


class Unheld:
    """Has nothing to retire, and nothing to tidy at the end."""

    holds = False

    @property
    def earlier(self) -> bytes | None:
        """Nothing that the next process could go back to."""
        return None

    def retire(self) -> None:
        """Remove what was held for readers at the last call already."""

    def close(self) -> None:
        """At the end: remove what was replaced."""
