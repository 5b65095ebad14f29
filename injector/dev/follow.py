"""Translates the injector's log into lines for a person at a terminal."""

import json
import os
from typing import Any

# Event → its line; of other events only warnings and errors are shown.
SENTENCES = {
    "logged in": "logged in by {method}, token for {lease_duration:g} s",
    "file written": "wrote {name}",
    "bundle written": "wrote the files of {path}",
    "file not written": "{name} not written: {error}",
    "bundle not written": "the files of {path} not written: {error}",
    "file recovered": "{name} is fine again",
    "bundle recovered": "the files of {path} are fine again",
    "reloaded": "loaded the changed configuration",
    "notified": "notified {notify}",
    "nothing to notify yet": "{notify} is not running; looking for it for 30 s",
    "nobody to notify": "not notified: {notify} is not running",
    "notification failed": "could not notify {notify}: {error}",
    "secret failed": "{secret}: {error}",
    "secret recovered": "{secret}: recovered",
    "vault unreachable": "the server does not answer: {error}",
    "vault reachable again": "the server answers again, after {after:g} s",
    "command started": "started the application (process {pid})",
    "command restarting": "restarting the application: its variables have changed",
    "command ended": "the application ended: {how}",
}


def told(line: str) -> tuple[str, str] | None:
    """Return who did what, or None for a line that need not be shown.

    A line that is no event was printed by the application, and is passed on unchanged.
    """
    event = _event(line)
    if event is None:
        return "", line
    text = _sentence(event)
    return None if text is None else ("injector", text)


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _sentence(event: dict[str, Any]) -> str | None:
    facts = {key: value for key, value in event.items() if key not in ("event", "timestamp")}
    sentence = SENTENCES.get(event["event"])
    if sentence is not None and "{error}" in sentence and "error" not in facts:
        return None  # it still fails as before, or the reason follows
    if facts.get("outcome") == "current":
        return None  # it started after the change, and has read it
    if sentence is not None:
        return sentence.format(**facts, name=os.path.basename(facts.get("path", "")))
    if facts.pop("level", "") not in ("warning", "error"):
        return None
    shown = ", ".join(f"{key}={value}" for key, value in facts.items() if value is not None)
    return f"{event['event']}: {shown}" if shown else str(event["event"])
