"""Defaults: a file, other values for some namespaces, and variables."""

import pytest

from injector.base.errors import ConfigError
from injector.inject import Defaults
from injector.inject.cluster import Cluster, load_cluster
from injector.inject.defaults import VARIABLES

FILE = """\
vault_address: https://file
vault_image: file:1
cpu_limit: 1
namespaces:
  "*": {vault_namespace: all}
  team-*: {vault_namespace: teams, vault_image: "team:1"}
  team-a: {vault_image: "a:1", exact: true}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "defaults.yaml"
    path.write_text(FILE)
    return str(path)


def test_of_the_patterns_that_match_the_last_goes_first(file):
    cluster = load_cluster(file, {})

    found = [cluster.of(name) for name in ("shop", "team-b", "team-a")]

    assert [one.vault_namespace for one in found] == ["all", "teams", "teams"]
    assert [one.vault_image for one in found] == ["file:1", "team:1", "a:1"]
    assert [one.cpu_limit for one in found] == ["1", "1", "1"]
    assert [one.exact for one in found] == [False, False, True]


def test_a_variable_goes_before_the_file_and_a_namespace_before_both(file):
    environ = {"AGENT_INJECT_VAULT_ADDR": "https://env", "AGENT_INJECT_VAULT_IMAGE": "env:1"}

    cluster = load_cluster(file, environ)

    assert cluster.of("shop").vault_address == "https://env"
    assert cluster.of("shop").vault_image == "env:1"
    assert cluster.of("team-b").vault_image == "team:1"


def test_an_empty_variable_says_nothing_as_with_vault_k8s(file):
    assert load_cluster(file, {"AGENT_INJECT_CPU_LIMIT": ""}).of("shop").cpu_limit == "1"


def test_without_file_and_variables_there_are_the_defaults_of_the_program():
    assert load_cluster(None, {}).of("shop") == Defaults() == Cluster().of("shop")


def test_with_exact_what_is_not_given_is_vault_k8s_own():
    defaults = Cluster({"exact": True, "memory_request": "1Gi"}).of("shop")

    assert (defaults.cpu_limit, defaults.memory_request) == ("500m", "1Gi")


def test_the_variables_are_those_of_vault_k8s():
    assert {"AGENT_INJECT_MEM_LIMIT", "AGENT_INJECT_EPHEMERAL_REQUEST"} <= set(VARIABLES.values())
    assert VARIABLES["vault_address"] == "AGENT_INJECT_VAULT_ADDR"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cpu_limit: lots", "1:12: cpu_limit: quantities must match"),
        ("run_as_user: root", '1:14: run_as_user: strconv.ParseUint: parsing "root"'),
        ("auth_min_backoff: 5s5", "1:19: auth_min_backoff: time: missing unit"),
        (
            "default_template: xml",
            "1:19: default_template: unknown value 'xml'; expected one of: map",
        ),
        ("mode: both", "1:7: mode: unknown value 'both'; expected one of: auto, native, init"),
        ("exact: yes", "1:8: exact: expected true or false, got 'yes'; write true"),
        ("namespaces: {a: {x: 1}}", "1:18: namespaces.a: unknown key 'x'"),
        ("namespaces: [a]", "1:1: namespaces: expected keys with values, got a list"),
        ("", "is empty; `vault_address: https://vault.example:8200` go here"),
    ],
)
def test_a_problem_has_its_line(text, says, tmp_path):
    path = tmp_path / "defaults.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as raised:
        load_cluster(str(path), {})

    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("AGENT_INJECT_RUN_AS_USER", "root", "strconv.ParseUint"),
        ("AGENT_INJECT_REVOKE_ON_SHUTDOWN", "ja", "cannot parse"),
        ("AGENT_INJECT_MEM_LIMIT", "lots", "quantities must match"),
        ("AGENT_INJECT_DEFAULT_TEMPLATE", "xml", "expected map or json, got xml"),
    ],
)
def test_a_variable_with_a_wrong_value_is_named(variable, text, says):
    with pytest.raises(ConfigError, match=f"^{variable}: {says}"):
        load_cluster(None, {variable: text})
