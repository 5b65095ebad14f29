"""The status page: what it shows, and that it is nothing but that."""

import base64
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.status.page import headers, page
from injector.status.timeline import NOW, Axis, axis, lane
from tests.engine.test_rollback import CANARY
from tests.status.test_listener import on_tcp
from tests.status.test_status import said, settings, whole
from tests.support.processes import running, write_config

VOID = {"meta", "link", "br", "hr", "img", "input"}
OPTIONAL_END = {"th", "thead"}  # HTML lets these end by what follows


class Document(HTMLParser):
    """Tags, attributes and text of a page; fails where tags are not nested."""

    def __init__(self, html):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL_END:
            self.open.pop()
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def status(**more):
    return whole(**{"now": 1_700_000_000.0} | more)


SECRET = {
    "name": "db", "state": "ok", "since": 1_699_999_000.0, "path": "database/creds/app",
    "kind": "lease", "generation": 7, "version": None, "phase": "delivered",
    "published_at": 1_699_999_000.0, "refreshed_at": 1_699_999_000.0,
    "expires_at": 1_700_003_600.0, "next": {"act": "renew", "at": 1_700_002_280.0},
    "used_by": ["/run/secrets/db.env"],
}  # fmt: skip
ROTATION = {
    "rotation": "a3f1-7", "secret": "db", "kind": "lease", "generation": 7, "version": None,
    "answered_at": 1_699_999_000.0, "outcome": "delivered", "at": 1_699_999_002.1,
    "error": None, "error_class": None,
}  # fmt: skip
FILE = {
    "destination": "/run/secrets/db.env", "state": "failing", "since": 1_699_999_940.0,
    "error": "no space", "error_class": "write", "secrets": ["db"], "notify": ["app"],
}  # fmt: skip
TARGET = {"name": "app", "state": "ok", "notified_at": 1_699_999_002.0, "pending": ["/run/x"]}


def test_it_shows_the_current_state_and_what_comes_next():
    shown = Document(
        page(status(secrets=[SECRET], rotations=[ROTATION], files=[FILE], notify=[TARGET]))
    )

    assert "renew in 38m · expires in 1h" in shown.words
    assert "db lease 7 16m40s renew in 38m /run/secrets/db.env ok" in shown.words
    assert "file /run/secrets/db.env: no space (for 1m)" in shown.words
    assert "/run/secrets/db.env db app failing for 1m" in shown.words
    assert "app 16m38s ago /run/x ok" in shown.words
    assert "db 7 a3f1-7 - 16m40s ago 2.1s delivered" in shown.words


def test_the_supervised_command_is_shown_next_to_vault():
    command = {
        "state": "ok", "since": 0.0, "program": EVIL, "pid": 7, "started_at": 1_699_999_940.0,
        "starts": 1, "last_exit": None, "environment": [],
    }  # fmt: skip

    html = page(status(command=command))

    assert f"{EVIL}, pid 7, up 1m, 1 start: ok" in Document(html).words
    assert "<script" not in html


def test_of_many_secrets_those_that_fail_or_expire_first_have_a_lane():
    many = [SECRET | {"name": f"s{i}", "expires_at": 1_700_000_100.0 + i} for i in range(100)]
    many[99] |= {"state": "failing", "since": 1_699_999_940.0, "error": "no"}

    shown = Document(page(status(secrets=many)))

    lanes = shown.words[shown.words.index("Lifetimes") : shown.words.index("valid until it")]
    assert lanes.index("s99") < lanes.index("s0 ") < lanes.index("s28")
    assert "s29" not in lanes
    assert "25 that expire later" in lanes  # are folded away, with the rest in the table


def test_what_is_only_read_has_no_lane():
    read = SECRET | {"name": "kv", "kind": "static", "expires_at": None}

    shown = Document(page(status(secrets=[SECRET, read])))

    lanes = shown.words[shown.words.index("Lifetimes") : shown.words.index("valid until it")]
    assert "db" in lanes
    assert "kv" not in lanes
    assert "kv static 7 16m40s renew in 38m" in shown.words


def test_what_is_well_is_folded_away_unless_asked_for():
    many = [SECRET | {"name": f"s{i}"} for i in range(300)]
    many[7] |= {"state": "failing", "since": 1_699_999_940.0, "error": "no"}

    folded, unfolded = (page(status(secrets=many), unfolded=asked) for asked in (False, True))

    assert "<details>" in folded
    assert "<details open>" not in folded
    before, _, inside = folded[folded.index("<h2>Secrets") :].partition("<details>")
    assert ">s7<" in before
    assert before.count('<th scope="row">') == 1
    assert "299 ok" in inside
    assert "<details>" not in unfolded
    assert "?all=1" in folded


def test_a_hook_that_waits_for_many_files_does_not_fill_the_page():
    hook = TARGET | {"pending": [f"/run/{n:03}" for n in range(300)]}

    shown = Document(page(status(notify=[hook])))

    assert "/run/000, /run/001, /run/002 and 297 more" in shown.words
    assert "/run/003" not in shown.words


def test_each_message_is_on_the_page_once():
    error = "hook 'app': `false` exited with 1"
    broken = TARGET | {"state": "failing", "since": 1_699_999_940.0, "error": error}
    rotation = ROTATION | {"outcome": "failed", "error": error}

    shown = Document(page(status(notify=[broken], rotations=[rotation])))

    assert shown.words.count(error) == 1
    assert shown.words.index(error) < shown.words.index("Lifetimes")


def test_the_headline_is_the_health_with_readiness_and_place_beside_it():
    broken = TARGET | {"state": "failing", "since": 1_699_999_940.0, "error": "no"}

    shown = Document(page(status(notify=[broken])))

    assert shown.words.startswith(
        "needs attention, ready · web-1 · injector needs attention: 1 of 1 hooks failing ready "
        "host web-1, configuration /etc/injector.yaml hooks: 1 failing"
    )


def test_many_reasons_are_truncated():
    reasons = [f"file {i} is not in place yet" for i in range(100)]

    shown = Document(page(status(not_ready=reasons, ready=False)))

    assert "file 19 is" in shown.words
    assert "file 20 is" not in shown.words
    assert "and 80 more" in shown.words


def test_alarms_come_first():
    alarm = {"alarm": "rolled_back", "name": "/run/secrets/db.env", "since": 0}

    shown = Document(page(status(alarms=[alarm], not_ready=["x is not in place yet"], ready=False)))

    assert shown.words.startswith("needs attention, not ready · web-1 · injector needs attention")
    assert shown.words.index("/run/secrets/db.env was rejected") < shown.words.index("Lifetimes")
    assert "x is not in place yet" in shown.words


def test_it_loads_nothing_runs_nothing_and_sends_nothing():
    html = page(status(secrets=[SECRET], rotations=[ROTATION]))
    shown = Document(html)

    assert not {"script", "link", "img", "iframe", "form", "object", "base"} & set(shown.tags)
    names = {name for _, name, _ in shown.attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    targets = {value for _, name, value in shown.attributes if name in ("href", "src")}
    assert targets == {"?refresh=0", "?all=1", "status", "metrics"}
    assert "url(" not in html
    assert "@import" not in html


def test_the_browser_may_load_only_this_style():
    [style] = re.findall(r"<style>(.*?)</style>", page(status()), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = headers()["Content-Security-Policy"].split("; ")

    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} < set(policy)


EVIL = "<script>alert(1)</script>\"'>&amp;"


def test_any_name_is_shown_as_text():
    evil = SECRET | {"name": EVIL, "used_by": [EVIL], "state": "failing", "error": EVIL}
    html = page(
        status(
            secrets=[evil],
            rotations=[ROTATION | {"secret": EVIL, "version": EVIL, "error": EVIL}],
            files=[FILE | {"destination": EVIL, "notify": [EVIL]}],
            notify=[TARGET | {"name": EVIL, "pending": [EVIL]}],
            not_ready=[EVIL],
            vault={"state": "failing", "since": 0, "address": EVIL, "error": f"{EVIL} again"},
        )
    )

    assert "<script" not in html
    assert Document(html).words.count(EVIL) >= 10


async def test_it_shows_no_value(lab):
    lab.put("app", value="good")

    async with lab.start(settings(lab)) as running:
        lab.put("app", value=CANARY)
        await lab.clock.advance(90)
        html = page(said(running))

    assert CANARY not in html
    assert "was rejected by its application and rolled back" in Document(html).words


# -- the timeline


def test_now_is_where_the_page_draws_it_and_times_beyond_are_at_the_edge():
    along = Axis(1000.0, past=60.0, future=3600.0)

    assert along.at(1000.0) == NOW
    assert along.at(0.0) == 0.0
    assert along.at(1e9) == 100.0


@given(
    st.lists(st.floats(-1e8, 1e8), min_size=2, max_size=2),
    st.floats(60, 86400),
    st.floats(60, 1e8),
)
def test_later_is_never_further_left(moments, past, future):
    along = Axis(0.0, past, future)
    earlier, later = sorted(moments)

    assert 0.0 <= along.at(earlier) <= along.at(later) <= 100.0


@given(st.floats(60, 86400), st.floats(60, 1e8))
def test_labels_do_not_touch(past, future):
    places = sorted(place for place, _ in Axis(0.0, past, future).marks())

    assert all(later - earlier >= 11 for earlier, later in pairwise(places))
    assert places[0] >= 5
    assert places[-1] <= 95


def test_the_axis_has_room_for_every_life():
    found = axis(status(secrets=[SECRET, SECRET | {"expires_at": None}], rotations=[ROTATION]))

    assert found.past == 1000.0
    assert found.future == 3600.0


@pytest.mark.parametrize(
    ("life", "tone", "begins"),
    [
        (SECRET, "ok", True),
        (SECRET | {"expires_at": 1_699_999_999.0}, "bad", True),
        (SECRET | {"state": "failing"}, "bad", True),
        ({"name": "x", "state": "waiting", "since": 0, "next": None, "used_by": []}, "ok", False),
    ],
)
def test_a_lane_with_a_problem_is_marked(life, tone, begins):
    found = lane("db", life, axis(status()), [])

    assert found.tone == tone
    assert (found.begin is not None) == begins


# -- the listener


def test_it_is_served_and_reloads_itself_unless_paused(app, tmpfs, tmp_path):
    import http.client

    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    app.put("db", password=CANARY)
    port, config = on_tcp(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, config)) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        answer, html = get("/")
        assert answer.headers.get_content_type() == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert 'http-equiv="refresh" content="5"' in html
        assert "db.env db - ok" in Document(html).words
        assert CANARY not in html
        assert "http-equiv" not in get("/?refresh=0")[1]
        assert 'content="3600"' in get(f"/?refresh={'9' * 5000}")[1]
        assert 'content="5"' in get('/?refresh="><script>')[1]
        assert injector.end() == 0


def test_it_costs_nothing_unless_requested():
    code = (
        "import sys, injector.runtime.run; "
        "loaded = {'injector.status.page', 'injector.status.exposition', 'prometheus_client', "
        "'injector.engine.journal'} & set(sys.modules); assert not loaded, loaded"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
