"""The status page: one HTML document, without scripts or external resources."""

import base64
import functools
import hashlib
from importlib.resources import files
from typing import Any

import minijinja

from injector.clock import iso
from injector.status.moments import with_numbers
from injector.status.timeline import NOW, axis, lane, with_lanes
from injector.status.words import command_of, concerns, first, next_of, span, state_of, worst_first

Entry = dict[str, Any]
# How often the page reloads, seconds; `?refresh=0` turns that off.
REFRESH, LONGEST_REFRESH = 5, 3600
MOST_LANES = 30
TONES = {"ok": "ok", "delivered": "ok", "failing": "bad", "failed": "bad", "rolled_back": "bad"}


def page(status: Entry, *, refresh: int = REFRESH) -> str:
    """Return the page for an answer of `/status`. Everything in it is escaped."""
    status = with_numbers(status)
    environment = minijinja.Environment(
        templates={"page": _text("page.html")},
        undefined_behavior="strict",
        auto_escape_callback=lambda _: True,
        trim_blocks=True,
        lstrip_blocks=True,
        debug=False,
    )
    for name, function in _filters(status["now"]).items():
        environment.add_filter(name, function)
    along = axis(status)
    alarms, reasons = concerns(status)
    html: str = environment.render_template(
        "page",
        style=minijinja.safe(_text("page.css")),
        refresh=refresh,
        status=status,
        alarms=alarms,
        reasons=reasons,
        now=NOW,
        marks=list(along.marks()),
        lanes=[
            lane(name, life, along, status["rotations"])
            for name, life in [
                ("", status["token"]),
                *((secret["name"], secret) for secret in with_lanes(status["secrets"], MOST_LANES)),
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


def _filters(now: float) -> Entry:
    """Return the template filters that put the entries of a status into words."""
    return {
        "span": span,
        "ago": lambda moment: f"{span(now - moment)} ago" if moment else "",
        "iso": iso,
        "percent": lambda place: f"{place:.2f}%",
        "next": lambda entry: next_of(entry["next"], now),
        "life": lambda entry: _life(entry, now),
        "state": lambda entry: "{}\n{}".format(*state_of(entry, now)).strip().split("\n", 1),
        "command": lambda command: command_of(command, now),
        "worst_first": worst_first,
        "first_of": first,
        "tone": lambda word: TONES.get(word, "wait"),
    }


def _life(entry: Entry, now: float) -> str:
    """Return the next step and the expiry in words."""
    ends_at = entry.get("expires_at")
    end = ("expired" if ends_at <= now else f"expires in {span(ends_at - now)}") if ends_at else ""
    return " · ".join(filter(None, (next_of(entry["next"], now), end)))
