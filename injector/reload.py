"""Notices that configuration, templates, login material or certificates changed on disk."""

import os
from collections.abc import AsyncIterator, Iterable

# Milliseconds: a symlink swap as kubelet makes it is several events within one.
DEBOUNCE, STEP = 100, 50
# Milliseconds: without any event files are looked at this often, since a watched folder may be on a
# filesystem without events, or may not have existed when watching began (scenario row 57: 5 s).
LOOK_EVERY = 4000

Fingerprint = tuple[int, int, int, int] | None


def fingerprints(paths: Iterable[str]) -> dict[str, Fingerprint]:
    """Return what each file is now, through all symlinks; None if it is not there."""
    return {path: _fingerprint(path) for path in paths}


async def changes(paths: frozenset[str]) -> AsyncIterator[frozenset[str]]:
    """Yield the files that are not what they were.

    Their folders are watched, so that links may be swapped.
    """
    import watchfiles  # 30 ms of import that `once` does without

    known = fingerprints(paths)
    folders = {os.path.dirname(path) for path in paths}
    existing = [folder for folder in folders if os.path.isdir(folder)]  # noqa: ASYNC240 - one stat each
    events = watchfiles.awatch(
        *existing,
        watch_filter=None,
        debounce=DEBOUNCE,
        step=STEP,
        rust_timeout=LOOK_EVERY,
        yield_on_timeout=True,
        recursive=False,
        ignore_permission_denied=True,
    )
    async for _ in events:
        now = fingerprints(paths)
        if changed := frozenset(path for path in paths if now[path] != known[path]):
            known = now
            yield changed


def _fingerprint(path: str) -> Fingerprint:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
