"""The status page: one HTML document, without scripts or external resources."""

import base64
import functools
import hashlib
from importlib.resources import files
from typing import Any

import minijinja

from injector.base.clock import iso
from injector.status.attention import one_line
from injector.status.moments import with_numbers
from injector.status.timeline import NOW, axis, lane, with_lanes
from injector.status.wording import (
    HEALTH,
    command_of,
    concern,
    few,
    headline,
    is_told,
    next_of,
    place,
    span,
    state_of,
    tally,
    worst_first,
)

Entry = dict[str, Any]
# How often the page reloads, seconds; `?refresh=0` turns that off.
REFRESH, LONGEST_REFRESH = 5, 3600
MOST_LANES = 30
FEW = 6  # lanes, rotations: the rest is folded away
MOST = 20  # of the things that need attention
TONES = {"ok": "ok", "delivered": "ok", "failing": "bad", "failed": "bad", "rolled_back": "bad"}


def page(answer: Entry, *, refresh: int = REFRESH, unfolded: bool = False) -> str:
    """Return the page for an answer of `/status`. Everything in it is escaped.

    What is well is folded away unless it is `unfolded`: a page without scripts forgets what a
    reader has opened whenever it reloads.
    """
    environment = minijinja.Environment(
        templates={"page": _text("page.html")},
        undefined_behavior="strict",
        auto_escape_callback=lambda _: True,
        trim_blocks=True,
        lstrip_blocks=True,
        debug=False,
    )
    status = with_numbers(answer)
    # Each message is shown once: at the top, or in its row.
    status["attention"], more = status["attention"][:MOST], status["attention"][MOST:]
    for name, function in _filters(status).items():
        environment.add_filter(name, function)
    along, expiring = axis(status), with_lanes(status["secrets"], MOST_LANES)
    html: str = environment.render_template(
        "page",
        style=minijinja.safe(_text("page.css")),
        refresh=refresh,
        unfolded=unfolded,
        status=status,
        more=len(more),
        health=HEALTH[status["health"]],
        headline=headline(status),
        tally=tally(status),
        place=place(status),
        now=NOW,
        marks=list(along.marks()),
        few=FEW,
        lanes=[
            lane(name, life, along, status["rotations"])
            for name, life in [
                ("", status["token"]),
                *((secret["name"], secret) for secret in expiring),
            ]
        ],
    )
    return html


def headers() -> dict[str, str]:
    """Return the security headers: our own style sheet is allowed, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_text("page.css").encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


@functools.cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _filters(status: Entry) -> Entry:
    """Return the template filters that put the entries of a status into words."""
    now: float = status["now"]
    return {
        "span": span,
        "ago": lambda moment: f"{span(now - moment)} ago" if moment else "",
        "iso": iso,
        "percent": lambda place: f"{place:.2f}%",
        "next": lambda entry: next_of(entry["next"], now),
        "life": lambda entry: _life(entry, now),
        "state": lambda entry: state_of(entry, now)[0],
        "reason": lambda entry: "" if is_told(entry, status) else one_line(entry["error"]),
        "few": few,
        "concern": lambda item: concern(item, now),
        "ailing": lambda entries: worst_first([e for e in entries if not _is_well(e)]),
        "well": lambda entries: list(filter(_is_well, entries)),
        "command": lambda command: command_of(command, now),
        "tone": lambda word: TONES.get(word, "wait"),
    }


def _is_well(entry: Entry) -> bool:
    return bool(entry["state"] == "ok" and not entry.get("absent"))


def _life(entry: Entry, now: float) -> str:
    """Return the next step and the expiry in words."""
    ends_at = entry.get("expires_at")
    end = ("expired" if ends_at <= now else f"expires in {span(ends_at - now)}") if ends_at else ""
    return " · ".join(filter(None, (next_of(entry["next"], now), end)))
