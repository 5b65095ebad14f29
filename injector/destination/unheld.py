"""The base of destinations that keep nothing for readers."""


class Unheld:
    """Has nothing to retire, and nothing to remove on shutdown."""

    holds = False

    @property
    def earlier(self) -> bytes | None:
        """None: the next process cannot roll back."""
        return None

    def retire(self) -> None:
        """Remove what was already kept at the last call."""

    def close(self) -> None:
        """Do nothing: replaced content is already gone."""
