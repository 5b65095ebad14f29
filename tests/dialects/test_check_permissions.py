"""What `check --online` reports for a path without the `data/` of KV version 2."""

import pytest

from injector.preflight.check import exit_code
from tests.preflight.test_check_permissions import UPKEEP, rules
from tests.preflight.test_policy import allow
from tests.support.checking import findings, fine, problems, warnings
from tests.support.engine import configuration


@pytest.fixture
def settings(app, proxy):
    """The version of the mount decides which of the two paths is meant."""
    path = f"secret/{app.name}/team/kv"
    template = {
        "language": "go",
        "contents": f'{{{{ with secret "{path}" }}}}{{{{ .Data }}}}{{{{ end }}}}',
        "destination": "/dev/shm/kv.json",
    }
    return configuration(app, proxy.address, secrets={}, template=[template])


async def test_access_to_one_of_two_possible_paths_is_enough(app, tmp_path, settings):
    allow(app, rules(app.path("team/kv")) + UPKEEP)

    found = await findings(tmp_path, settings)

    assert (exit_code(found), warnings(found)) == (0, [])
    assert any("paths that are needed are allowed" in each for each in fine(found))


async def test_two_possible_paths_that_are_both_denied_are_one_problem(app, tmp_path, settings):
    allow(app, UPKEEP)

    (problem,) = problems(await findings(tmp_path, settings))

    for path in (f"secret/{app.name}/team/kv", app.path("team/kv")):
        assert f'path "{path}" {{ capabilities = ["read"] }}' in problem
