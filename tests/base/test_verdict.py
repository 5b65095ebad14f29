"""When waiting is over: what `once` and `exit_on_retry_failure` end by."""

import math

from injector.base.errors import DeniedError, MissingError, TransientError, Unreachable
from injector.base.health import Health, verdict
from injector.base.metrics import Metrics


async def test_an_error_that_waiting_may_not_fix_has_its_own_grace_after_an_outage(clock):
    """The first answers after it may come from a node that lags behind."""
    health = Health(clock, Metrics())
    health.failing("secret", "db", Unreachable("no answer"))
    await clock.advance(60)
    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (None, math.inf)

    health.failing("secret", "db", MissingError("nothing is there"))
    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (None, 5)
    await clock.advance(3)
    health.failing("secret", "db", DeniedError("permission denied"))
    await clock.advance(2)
    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (DeniedError.exit_code, 0)


async def test_errors_of_a_lagging_node_are_part_of_the_grace(clock):
    health = Health(clock, Metrics())
    health.failing("secret", "db", TransientError("this node may not know the token yet"))
    await clock.advance(5)
    health.failing("secret", "db", DeniedError("permission denied"))

    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (DeniedError.exit_code, 0)


async def test_the_smallest_exit_code_of_all_failures_is_used(clock):
    health = Health(clock, Metrics())
    health.failing("secret", "a", MissingError("nothing is there"))
    await clock.advance(4)
    health.failing("secret", "b", DeniedError("permission denied"))
    health.failing("secret", "c", TransientError("no answer"))

    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (None, 1)
    await clock.advance(1)
    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (DeniedError.exit_code, 0)

    for name in "abc":
        health.ok("secret", name)
    assert verdict(health, now=clock.now(), grace=lambda _: 5) == (0, 0)


async def test_each_error_has_its_own_grace(clock):
    health = Health(clock, Metrics())
    health.failing("secret", "a", DeniedError("permission denied"))
    await clock.advance(10)
    health.failing("file", "b", MissingError("nothing is there"))

    def grace(report):
        return 300 if report.kind == "secret" else 5

    assert verdict(health, now=clock.now(), grace=grace) == (None, 5)
    health.ok("file", "b")
    assert verdict(health, now=clock.now(), grace=grace) == (None, 290)
