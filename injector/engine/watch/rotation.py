"""Predicts the rotations of one static role from its answers."""

from injector.secret import Life, NextRotation, announced, locked, still_due


class RoleRotation:
    """Knows when the next rotation is expected, and between which requests the last one was."""

    def __init__(self) -> None:
        self.expected: NextRotation | None = None
        self._asked_at = 0.0

    def follow(self, life: Life, *, rotated: bool) -> None:
        """Note an answer; `rotated` if the password has changed."""
        before, last_asked = self.expected, self._asked_at
        if before is None:
            self.expected = announced(life)
        elif rotated:
            self.expected = locked(before, last_asked, life)
        else:
            self.expected = still_due(before, life)
        self._asked_at = life.granted_at
