"""Decisions about the supervised command, and the masking of what it prints."""

import base64
import signal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.base.redactor import Redactor
from injector.config import model
from injector.targets.child import policy
from injector.targets.child.environment import LONGEST, for_exec, inherited, problem
from injector.targets.child.masking import Mask
from injector.targets.child.policy import Ending, Exit, Restart

# --- its environment ---------------------------------------------------------------------------

OURS = {"PATH": "/bin", "APP_ENV": "test", "VAULT_ADDR": "https://v", "BAO_TOKEN": "t"}
OURS["NOTIFY_SOCKET"] = "/run/systemd/notify"


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ({}, {"PATH", "APP_ENV"}),
        ({"pristine": True}, set()),
        ({"pristine": True, "custom": ("TZ=UTC",)}, {"TZ"}),
        ({"custom": ("TZ=UTC",)}, {"PATH", "APP_ENV", "TZ"}),
        ({"allow": ("APP_*",)}, {"APP_ENV"}),
        ({"allow": ("*",)}, {"PATH", "APP_ENV"}),
        ({"allow": ("*", "VAULT_ADDR")}, {"PATH", "APP_ENV", "VAULT_ADDR"}),
        ({"allow": ("*", "NOTIFY_SOCKET")}, {"PATH", "APP_ENV", "NOTIFY_SOCKET"}),
        ({"allow": ("*", "BAO_*"), "deny": ("*_TOKEN",)}, {"PATH", "APP_ENV"}),
        ({"deny": ("APP_*",)}, {"PATH"}),
        ({"allow": ("APP_*",), "deny": ("APP_*",)}, set()),
    ],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_which_variables_are_passed_on(rules, names):
    assert inherited(OURS, model.ExecEnv(**rules)).keys() == names


def test_a_custom_value_may_contain_an_equals_sign_and_is_overridden_by_templates():
    passed = inherited({"A": "ours"}, model.ExecEnv(custom=("A=custom", "B=x=y")))

    assert for_exec(passed, {"A": "käse".encode()}) == {b"A": "käse".encode(), b"B": b"x=y"}


def test_values_that_no_variable_can_hold_are_a_problem():
    assert problem("A", b"x\n" * 100) == ""
    assert "NUL" in problem("A", b"x\0y")
    assert "write it to a file" in problem("A", b"x" * LONGEST)


# --- what follows its end ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "crashed", "how"),
    [
        (0, 0, False, "exit code 0"),
        (3, 3, True, "exit code 3"),
        (-signal.SIGKILL, 137, True, "SIGKILL"),
        (-signal.SIGSEGV, 139, True, "SIGSEGV"),
        (-signal.SIGTERM, 143, False, "SIGTERM"),
        (-signal.SIGPIPE, 141, False, "SIGPIPE"),
        (-(signal.SIGRTMIN + 1), 163, True, "signal 35"),
    ],
)
def test_an_exit_is_reported_as_by_a_shell(status, code, crashed, how):
    ending = Ending(status, 1.0)

    assert (ending.code, ending.crashed, ending.how) == (code, crashed, how)


def decide(status=1, *, ran_for=1.0, outdated=False, restarts=True, crashes=0):
    ending = Ending(status, ran_for)
    return policy.decide(ending, outdated=outdated, restarts=restarts, crashes=crashes, jitter=1.0)


def test_only_a_crash_causes_a_restart():
    assert decide(0) == Exit(0)
    assert decide(1, restarts=False) == Exit(1)
    assert decide(1) == Restart(1.0, 1)
    assert decide(1, crashes=3) == Restart(8.0, 4)
    assert decide(1, crashes=30) == Restart(60.0, 31)


def test_one_that_ran_for_a_minute_starts_over():
    assert decide(1, crashes=5, ran_for=61) == Restart(1.0, 1)


def test_one_that_crashes_with_an_old_value_restarts_at_once():
    assert decide(1, outdated=True, restarts=False) == Restart(0.0)
    assert decide(0, outdated=True) == Exit(0)


# --- masking -----------------------------------------------------------------------------------

MASK = "[redacted: value]"
LONG = "canary-" + "7f3a" * 40
VALUES = [
    LONG,
    "canary-one",
    "canary-one-and-more",
    "ünïcödé-✓✓✓",
    "-----BEGIN KEY-----\nabcdefgh\nijkl",
]


def knowing(*values):
    redactor = Redactor()
    for value in values:
        redactor.learn(("value", value), value)
    return redactor


def pieces_of(whole, cuts):
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    return [whole[a:b] for a, b in pairwise(places)]


def masked(pieces, redactor):
    mask = Mask(redactor)
    return b"".join([*(mask.feed(piece) for piece in pieces), mask.end()])


WRAPPED = base64.encodebytes(f"pw={LONG}".encode()).decode()
BASE64 = [WRAPPED, WRAPPED.replace("\n", "\r\n "), WRAPPED[:70], WRAPPED[70:], WRAPPED[60:]]
PIECES = ["canary", "canary-on", "\n", "x", "✓", "-----BEGIN", " "]
PARTS = st.sampled_from([*VALUES, *BASE64, *PIECES])


@given(st.lists(PARTS | st.text(max_size=5), max_size=12), st.lists(st.integers(0, 2000)))
def test_a_stream_is_masked_the_same_however_it_is_split(parts, cuts):
    text = "".join(parts)
    whole = text.encode(errors="surrogatepass")
    redactor = knowing(*VALUES)

    found = masked(pieces_of(whole, cuts), redactor)

    decoded = whole.decode(errors="surrogateescape")
    assert found == redactor.redact(decoded).encode(errors="surrogateescape")


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_bytes_that_are_not_text_are_unchanged(whole, cuts):
    assert masked(pieces_of(whole, cuts), knowing("canary-one")) == whole


@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_comes_byte_by_byte_is_masked(value):
    whole = f"before {value}\n".encode()

    found = masked([bytes([byte]) for byte in whole], knowing(value))

    assert found == f"before {MASK}\n".encode()


def test_a_line_is_held_back_only_if_it_ends_with_the_beginning_of_a_value():
    mask = Mask(knowing("canary-one", "canary-one-and-more"))

    assert mask.feed(b"Password: ") == b"Password: "
    assert mask.feed(b"a line\nan end like c") == b"a line\nan end like "
    assert mask.holds
    assert mask.feed(b"at\n") == b"cat\n"
    assert not mask.holds
    assert mask.feed(b"canary-one") == b""
    assert mask.release() == MASK.encode()
    assert mask.feed(b"canary-one-and-more.") == f"{MASK}.".encode()


def test_a_partial_character_is_completed_first():
    mask = Mask(knowing("canary-one"))
    half, rest = "✓".encode()[:2], "✓".encode()[2:]

    assert mask.feed(b"x" + half) == b"x"
    assert not mask.holds
    assert mask.feed(rest) == "✓".encode()
    assert mask.feed(half) == b""
    assert mask.end() == half


def test_a_value_learned_later_is_masked_too():
    redactor = knowing("canary-one")
    mask = Mask(redactor)
    assert mask.feed(b"next-c") == b"next-"

    redactor.learn("value", "changed-value")

    assert mask.feed(b"hanged-value\n") == f"{MASK}\n".encode()
