"""Random histories against the rules of the engine; what failed once is a named test.

`INVARIANTS_EXAMPLES=2000 pytest tests/engine/test_invariants.py` looks for longer, and elsewhere.
"""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.actions import (
    Change,
    Delete,
    Deny,
    Fail,
    Jump,
    Outage,
    Refresh,
    Reload,
    Restart,
    RevokeLeases,
    RevokeTokens,
    Shrink,
    Step,
    Tamper,
    Wait,
)
from tests.model.play import run
from tests.model.vault import CERT, DB, ROLE, Roles
from tests.model.world import TARGETS, VARIANTS, World

EXAMPLES = int(os.environ.get("INVARIANTS_EXAMPLES", "100"))
KINDS = ["500", "502", "503", "429", "412", "403", "400", "404"]
KINDS += ["reset", "hang", "lost", "slow", "html", "cut", "bad gateway", "gone"]
PATHS = ["data/a", "data/b", DB, CERT, ROLE, "leases/renew", "leases/revoke"]
PATHS += ["login", "renew-self", "lookup-self", "revoke-self", "sys/health", ""]

seconds = st.sampled_from([0.0, 0.3, 1.0, 3.0, 10.0, 31.0, 70.0, 200.0, 700.0])
names = st.sampled_from(["a", "b"])


# Everything falls due several times, and each lease and token comes to its max TTL.
BUSY = World(
    Roles(token_ttl=120, token_max=300, lease_ttl=60, lease_max=150, cert_ttl=100), overlap=10
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_survives_each_fault_at_each_place(kind):
    for part in PATHS:
        run(BUSY, [Fail(part, kind, 3), Wait(400)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_survives_each_fault_at_the_first_login(kind):
    run(BUSY, [Fail("login", kind, 3), Restart(), Wait(100)])


def test_without_any_fault_everything_is_on_time():
    for token_renewable in (True, False):
        for lease_renewable in (True, False):
            roles = replace(
                BUSY.roles, token_renewable=token_renewable, lease_renewable=lease_renewable
            )
            run(replace(BUSY, roles=roles), [Wait(1000)])


@st.composite
def worlds(draw):
    token_ttl = draw(st.sampled_from([45.0, 120.0, 600.0, 3600.0]))
    lease_ttl = draw(st.sampled_from([20.0, 60.0, 300.0]))
    roles = Roles(
        token_ttl=token_ttl,
        token_max=token_ttl * draw(st.sampled_from([1.0, 1.5, 8.0])),
        token_renewable=draw(st.booleans()),
        lease_ttl=lease_ttl,
        lease_max=lease_ttl * draw(st.sampled_from([1.0, 2.5, 20.0])),
        lease_renewable=draw(st.booleans()),
        cert_ttl=draw(st.sampled_from([6.0, 40.0, 600.0])),
    )
    return World(
        roles,
        budget=draw(st.sampled_from([1000, 3])),
        overlap=draw(st.sampled_from([0.0, 30.0])),
        # Nothing that lives for seconds can be held back for some.
        publish_delay=draw(st.sampled_from([0.0, 5.0])) if min(lease_ttl, token_ttl) >= 60 else 0.0,
        persist=draw(st.booleans()),
        seed=draw(st.integers(0, 1000)),
    )


actions = st.one_of(
    st.builds(Wait, seconds),
    st.builds(Change, names, st.booleans()),
    st.builds(Delete, names),
    st.builds(Fail, st.sampled_from(PATHS), st.sampled_from(KINDS), st.integers(1, 5)),
    st.builds(
        Fail,
        st.sampled_from([f"notify/{target}" for target in TARGETS]),
        st.sampled_from(["500", "hang", "reset"]),
        st.integers(1, 5),
    ),
    st.builds(Outage, st.sampled_from(["503", "bad gateway", "reset", "hang"]), seconds),
    st.builds(Deny, st.sampled_from(["secret/data/a", DB, CERT]), seconds),
    st.just(RevokeTokens()),
    st.just(RevokeLeases()),
    st.builds(Shrink, st.sampled_from([0.3, 0.8])),
    st.builds(Jump, seconds),
    st.builds(Step, st.sampled_from([-3600.0, 3600.0])),
    st.builds(Tamper, st.sampled_from(["a", "mix"])),
    st.builds(Reload, st.sampled_from(sorted(VARIANTS))),
    st.just(Refresh()),
    st.builds(Restart, st.booleans()),
)
histories = st.lists(st.one_of(st.builds(Wait, seconds), actions), max_size=14)


@pytest.mark.timeout(300)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="INVARIANTS_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)
@given(worlds(), histories)
def test_whatever_happens_the_rules_hold(world, history):
    run(world, history)
