"""Histories that the random search found: each broke a rule once, and is as short as can be."""

from tests.model_actions import Jump
from tests.model_play import run
from tests.model_vault import Roles
from tests.model_world import World

SHORT = Roles(
    token_ttl=45, token_max=45, token_renewable=False, lease_ttl=20, lease_max=20, cert_ttl=40
)


def test_a_token_found_dead_during_its_own_login_leads_to_no_second_login():
    """After a suspend everybody is due at once: the refusal was older than the login."""
    run(World(SHORT), [Jump(70)])
