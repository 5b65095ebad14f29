"""The decisions of notify that need no process: parsing, choosing, what a signal would do."""

import signal
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from injector.base.errors import HookError
from injector.config import model
from injector.runtime import build
from injector.targets.notify.command import passed_on
from injector.targets.notify.find import PidFile, View, by_exe, by_name, by_pid_file
from injector.targets.notify.http import Answer, judge, without_secrets
from injector.targets.notify.output import KEPT, SHOWN, Tail
from injector.targets.notify.processes import (
    TICKS_PER_SECOND,
    Process,
    Status,
    parse_may_kill,
    parse_stat,
    parse_status,
    started_after,
)
from injector.targets.notify.reaction import Reaction, reaction, refusal

SECRET = "canary-4711-value"
QUIET = Status(user=1000, saved_user=1000, init=False, caught=0, ignored=0, blocked=0)
HUP = 1 << (signal.SIGHUP - 1)
USER_NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15)


def redact(text: str) -> str:
    return text.replace(SECRET, "[redacted]")


def shown(*processes: tuple[int, int, str], own: int = 50) -> View:
    return View({pid: Process(pid, parent, name, 0.0) for pid, parent, name in processes}, own)


# --- /proc ---------------------------------------------------------------------------------------


@given(USER_NAMES)
@example("a) S (b) ")
def test_a_process_may_have_any_name(name):
    fields = " ".join(str(number) for number in range(4, 53))

    process = parse_stat(f"12 ({name}) S {fields}\n")

    assert process == Process(12, 4, name, 22 / TICKS_PER_SECOND)
    assert process.name == name


def test_a_process_stays_itself_under_another_name_and_parent():
    assert Process(12, 4, "sh", 0.5) == Process(12, 1, "app", 0.5)
    assert Process(12, 4, "sh", 0.5) != Process(12, 4, "sh", 0.6)


def test_status_gives_users_and_masks():
    status = parse_status(
        "Name:\tapp: x\nUid:\t1\t2\t3\t4\nNSpid:\t812\t1\n"
        "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\nSigCgt:\t0000000180004a02\n"
    )

    assert status == Status(1, 3, init=True, caught=0x180004A02, ignored=0x1000, blocked=1)


@pytest.mark.parametrize(
    ("age", "event_age", "after"),
    [(5, 10, True), (10, 10, False), (10, 5, False), (9.99, 10, False), (-1, 10, False)],
)
def test_only_what_certainly_started_later_counts_as_started_later(age, event_age, after):
    assert started_after(age, event_age, slack=0.02) is after


# --- what a signal would do ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status", "expected"),
    [
        (signal.SIGHUP, QUIET, Reaction.FATAL),
        (signal.SIGHUP, replace(QUIET, caught=HUP), Reaction.HANDLED),
        (signal.SIGHUP, replace(QUIET, caught=HUP, blocked=HUP), Reaction.HANDLED),
        (signal.SIGHUP, replace(QUIET, caught=HUP << 1), Reaction.FATAL),
        (signal.SIGHUP, replace(QUIET, ignored=HUP), Reaction.UNNOTICED),
        (signal.SIGHUP, replace(QUIET, blocked=HUP), Reaction.WAITS),
        (signal.SIGHUP, replace(QUIET, init=True), Reaction.UNNOTICED),
        (signal.SIGHUP, replace(QUIET, init=True, caught=HUP), Reaction.HANDLED),
        (signal.SIGWINCH, QUIET, Reaction.UNNOTICED),
        (signal.SIGKILL, QUIET, Reaction.FATAL),
    ],
)
def test_the_masks_decide_what_a_signal_would_do(number, status, expected):
    assert reaction(number, status) is expected


def test_a_forbidden_signal_names_both_users_or_the_policy_in_between():
    process = Process(12, 1, "app", 0.0)

    assert "uid 1000 and the injector as uid 7" in refusal(process, signal.SIGHUP, QUIET, 7)
    assert "AppArmor" in refusal(process, signal.SIGHUP, QUIET, 1000)
    assert "AppArmor" in refusal(process, signal.SIGHUP, replace(QUIET, saved_user=7), 7)


@pytest.mark.parametrize(
    ("effective", "bounding", "advice"),
    [
        ("0000000000000000", "0000000000000000", "or the injector as uid 0 with CAP_KILL"),
        ("0000000000000000", "00000000a80425fb", "a capability that a container adds counts for "),
        ("00000000a80425fb", "00000000a80425fb", "although it has CAP_KILL"),
    ],
)
def test_cap_kill_is_recommended_only_to_whom_it_helps(effective, bounding, advice):
    status = f"Name:\tinjector\nCapEff:\t{effective}\nCapBnd:\t{bounding}\n"

    said = refusal(Process(12, 1, "app", 0.0), signal.SIGHUP, QUIET, 7, parse_may_kill(status))

    assert said.startswith("process 12 (app) runs as uid 1000 and the injector as uid 7, ")
    assert advice in said


# --- which process is meant ----------------------------------------------------------------------


def test_a_name_matches_top_level_processes_but_never_our_own():
    view = shown(
        (1, 0, "web"),  # started us
        (50, 1, "web"),  # us
        (60, 50, "web"),
        (61, 60, "web"),
        (70, 1, "web"),
        (80, 1, "other"),
    )

    assert [p.pid for p in by_name("web", view, lambda _: [])] == [60, 70]


def test_a_long_name_is_compared_with_the_command_line_too():
    long, similar = "payments-service-a", "payments-service-b"
    view = shown((50, 0, "us"), (60, 0, long[:15]), (61, 0, long[:15]), (62, 0, long[:15]))
    lines = {
        60: [f"/opt/{long}"],
        61: [f"/opt/{similar}", long],
        62: ["/bin/sh", f"/opt/{similar}"],
    }
    lines[63] = ["/bin/sh", "-e", f"/opt/{long}"]
    view = View({**view.processes, 63: Process(63, 0, long[:15], 0.0)}, own=50)

    assert [p.pid for p in by_name(long, view, lines.__getitem__)] == [60, 61, 63]


def test_an_executable_that_may_not_be_read_is_a_hint_only_if_the_name_fits():
    view = shown((50, 0, "us"), (60, 0, "nginx"), (61, 0, "pause"))

    assert by_exe("/usr/bin/app", view, lambda _: None) == []
    with pytest.raises(HookError, match=r"process 60 \(nginx\).*same uid.*CAP_SYS_PTRACE"):
        by_exe("/usr/sbin/nginx", view, lambda _: None)
    zombie = replace(view.processes[60], zombie=True)
    assert by_exe("/usr/sbin/nginx", View({60: zombie}, own=50), lambda _: None) == []
    readable = {60: None, 61: "/usr/sbin/nginx"}.__getitem__
    assert [p.pid for p in by_exe("/usr/sbin/nginx", view, readable)] == [61]


@pytest.mark.parametrize(
    ("pid", "who"), [(50, "the injector itself"), (1, "a process that started it")]
)
def test_a_pid_file_from_another_namespace_never_hits_the_injector_or_its_init(pid, who):
    view = shown((1, 0, "init"), (50, 1, "us"), (70, 0, "debugger"))

    with pytest.raises(HookError, match=f"{who}.*shareProcessNamespace"):
        by_pid_file(PidFile("/run/app.pid", pid, 0.0, 0), view)


def test_pid_1_of_a_namespace_that_was_joined_is_the_application():
    view = shown((1, 0, "app"), (50, 0, "us"))

    found = by_pid_file(PidFile("/run/app.pid", 1, 0.0, 0), view)

    assert found is not None
    assert found.name == "app"


def test_a_number_that_is_not_shown_is_dead_or_in_a_namespace_of_its_own():
    alone = shown((1, 0, "init"), (50, 1, "us"), (51, 50, "hook"))
    shared = shown((1, 0, "pause"), (50, 0, "us"))

    assert by_pid_file(PidFile("/run/app.pid", 99, 0.0, 0), shared) is None
    with pytest.raises(HookError, match=r"shareProcessNamespace: true.*service:app"):
        by_pid_file(PidFile("/run/app.pid", 99, 0.0, 0), alone)


# --- what may be shown ---------------------------------------------------------------------------


def tail(*chunks: bytes, complete: bool = True) -> str:
    kept = Tail()
    for chunk in chunks:
        kept.add(chunk)
    return kept.text(redact, complete=complete)


def test_the_end_of_the_output_is_kept_and_redacted():
    assert tail(b"first\n", f"token {SECRET}".encode()) == "first\ntoken [redacted]"
    assert tail(b"a" * KEPT, b"\n", b"b" * 10_000) == "b" * SHOWN
    assert tail(b"\xff\x1b[31mred") == "�" + "�[31mred"


@given(st.integers(0, 1000), st.booleans(), st.integers(0, 16))
def test_truncation_never_shows_part_of_a_value(offset, newline, unfinished):
    # Long values, so that what is left of a full buffer is short enough to be shown from its start.
    line = SECRET * 24 + ("\n" if newline else "")
    flood = "x" * offset + line * (KEPT // len(line) + 10) + SECRET[:unfinished]
    kept = Tail()
    kept.add(flood.encode())

    text = kept.text(lambda text: text.replace(line.strip(), "[redacted]"), complete=False)

    assert not any(SECRET[start : start + 3] in text for start in range(len(SECRET) - 2))


def test_our_credentials_are_not_passed_on_nor_the_socket_of_systemd():
    ours = {"VAULT_TOKEN": "a", "BAO_TOKEN": "b", "VAULT_SECRET_ID": "c", "INJECTOR_X_JWT": "d"}
    ours["NOTIFY_SOCKET"] = "@x"
    theirs = {"VAULT_ADDR": "e", "VAULT_TOKEN_FILE": "f", "MY_VAULT_TOKEN": "g", "PATH": "h"}

    assert passed_on({**ours, **theirs}) == theirs


def test_a_url_is_shown_without_its_credentials():
    assert without_secrets("https://u:p@host:1/a/b?token=x#y") == "https://host:1/a/b"


def test_an_answer_is_judged_by_status_and_body():
    http = model.Http(url="http://x/", expect=(200, 204), body_pattern="ver(sion)? [0-9]+")

    assert judge(http, Answer(200, b"now at version 12"), redact) is None
    assert judge(http, Answer(302, b""), redact) == "answered 302, expected 200 or 204"
    assert judge(http, Answer(500, f"bad\n{SECRET}".encode()), redact) == (
        "answered 500, expected 200 or 204: bad [redacted]"
    )
    assert "nothing that matches" in (judge(http, Answer(200, b"version x"), redact) or "")


def test_only_a_short_and_complete_body_is_shown():
    http = model.Http(url="http://x/")

    long = judge(http, Answer(500, b"y" * 1000), redact)
    cut = judge(http, Answer(500, b"y" * 1000, whole=False), redact)

    assert long is not None
    assert long.count("y") == 200
    assert cut == "answered 500, expected 200 or 202 or 204"


def test_commands_are_distinguished_from_each_other_and_from_targets():
    long = "/usr/local/bin/reload-the-application-whose-name-is-long-enough-for-it"
    commands = [(long, "one"), (long, "two"), ("reload",)]
    entries = tuple(
        model.Template(destination=f"/{n}", command=command) for n, command in enumerate(commands)
    )
    config = model.Config(
        vault=model.Vault(address="http://v"),
        template=entries,
        notify={"reload": model.Notify(command=("other",))},
    )

    assert [found.command for found in build.targets(config).values()] == [("other",), *commands]
