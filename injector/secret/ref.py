"""Which secret: what the references of all sources have in common."""

from urllib.parse import unquote

from msgspec import Struct


def climbs(path: str) -> bool:
    """Return whether a path has a `..` in it, spelled out or encoded: it may be of another secret.

    A server may resolve that, so whoever may write a value that is part of a path could choose one.
    """
    return any(unquote(step) in {".", ".."} for step in path.partition("?")[0].split("/"))


class Ref(Struct, frozen=True, cache_hash=True):
    """Which secret: equal references are one secret. Each source has a class of its own.

    `path` is what the source itself calls the secret. As text, a reference is what a person calls
    it, without anything that may itself be secret. It is a key in many places, so its hash is kept.
    """

    path: str

    @property
    def source(self) -> str:
        """Return which source has it, by its name in the configuration."""
        raise NotImplementedError

    @property
    def place(self) -> str:
        """Return where it is: references to one place differ only in what is asked for there."""
        return f"{self.source}:{self}"

    @property
    def order(self) -> tuple[str, ...]:
        """Return what it is sorted by, the same in every run."""
        return (self.place,)

    @property
    def issues(self) -> bool:
        """Return whether each answer is made for whoever asks."""
        return False

    @property
    def may_issue(self) -> bool:
        """Tell, before anything is asked, whether the answer may have been made for us."""
        return self.issues

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"  # what else it has may be secret
