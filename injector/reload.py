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


async def changes(known: dict[str, Fingerprint]) -> AsyncIterator[frozenset[str]]:
    """Yield the files that are not what they were when `known` was taken.

    Their folders are watched, so that links may be swapped.
    """
    import watchfiles  # 30 ms of import that `once` does without

    folders = {os.path.dirname(path) for path in known}
    existing = [folder for folder in folders if os.path.isdir(folder)]  # noqa: ASYNC240 - one stat
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
    while True:
        now = fingerprints(known)
        if changed := frozenset(path for path, found in now.items() if found != known[path]):
            known = now
            yield changed
        await anext(events)


def _fingerprint(path: str) -> Fingerprint:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
