"""Notices that configuration, templates, login material or certificates changed on disk."""

import os
from collections.abc import AsyncGenerator, Iterable

# Milliseconds: a symlink swap as kubelet makes it is several events within one.
DEBOUNCE, STEP = 100, 50
# Milliseconds: without events, files are checked this often: a watched directory may be on a
# filesystem without inotify, or may not have existed when watching began. New login material is
# to be used within 5 s.
LOOK_EVERY = 4000

Fingerprint = tuple[int, int, int, int] | None


def fingerprints(paths: Iterable[str]) -> dict[str, Fingerprint]:
    """Return what each file is now, through all symlinks; None if it is not there."""
    return {path: _fingerprint(path) for path in paths}


async def changes(known: dict[str, Fingerprint]) -> AsyncGenerator[frozenset[str], None]:
    """Yield the files that are not what they were when `known` was taken.

    Their directories are watched, so that links may be swapped.
    """
    events = _events(known)
    while True:
        now = fingerprints(known)
        if changed := frozenset(path for path, found in now.items() if found != known[path]):
            known = now
            yield changed
        try:
            await anext(events)
        except (OSError, RuntimeError):
            # Mostly the inotify limit, which all processes of this uid on the machine share.
            events = _events(known, polling=True)


def _events(paths: Iterable[str], *, polling: bool = False) -> AsyncGenerator[object, None]:
    import watchfiles  # 30 ms of import that `once` does without

    directories = {os.path.dirname(path) for path in paths}
    return watchfiles.awatch(
        *(directory for directory in directories if os.path.isdir(directory)),
        watch_filter=None,
        debounce=DEBOUNCE,
        step=STEP,
        rust_timeout=LOOK_EVERY,
        yield_on_timeout=True,
        recursive=False,
        ignore_permission_denied=True,
        force_polling=polling or None,
        poll_delay_ms=LOOK_EVERY,
    )


def _fingerprint(path: str) -> Fingerprint:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: no path at all
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
