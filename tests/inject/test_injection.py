"""The default: vault-k8s' dialect with its bugs mended, and what holds for every pod."""

import base64
import copy
import json

import kubernetes_validate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.inject import Defaults, inject
from injector.inject.annotation import Takes
from injector.inject.go import json_patch
from injector.inject.vault_k8s.annotations import ALL, OPENBAO_PREFIX, PREFIX

DEFAULTS = Defaults(vault_address="https://vault.example:8200")
USUAL_TOKEN = {
    "name": "kube-api-access-x",
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "readOnly": True,
}


def pod(*, prefix=PREFIX, spec=None, **annotations):
    """Return a pod that asks for one secret; `agent_image=…` is the annotation agent-image."""
    usual = {"agent-inject": "true", "role": "web", "agent-inject-secret-db": "secret/data/db"}
    given = {key.replace("_", "-"): text for key, text in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "web-",
            "annotations": {
                f"{prefix}{key}": text for key, text in (usual | given).items() if text is not None
            },
        },
        "spec": {
            "containers": [
                {"name": "web", "image": "web:1", "volumeMounts": [dict(USUAL_TOKEN)]},
            ],
            "volumes": [{"name": "kube-api-access-x", "emptyDir": {}}],
        }
        | (spec or {}),
    }


def injected(made, defaults=DEFAULTS):
    """Return the pod as it is after the patch."""
    outcome = inject(made, "shop", defaults)
    assert outcome.patch is not None, outcome.message or outcome.why
    return json_patch.apply(made, list(outcome.patch))


def container(made, name):
    spec = made["spec"]
    (found,) = [
        c for c in [*spec["containers"], *spec.get("initContainers", ())] if c["name"] == name
    ]
    return found


def config_of(made, name="vault-agent"):
    env = {entry["name"]: entry.get("value") for entry in container(made, name)["env"]}
    return json.loads(base64.b64decode(env["VAULT_CONFIG"]))


# --- what differs from vault-k8s ---------------------------------------------------------------


def test_a_pod_without_volumes_gets_all_of_them():
    made = injected(pod(agent_cache_enable="true", spec={"volumes": []}))

    names = [volume["name"] for volume in made["spec"]["volumes"]]
    assert names == ["home-init", "home-sidecar", "vault-secrets", "vault-agent-cache"]


def test_a_pod_without_a_token_gets_a_projected_one_of_its_own():
    bare = {
        "containers": [{"name": "web", "image": "web:1"}],
        "automountServiceAccountToken": False,
    }

    made = injected(pod(spec=bare))

    (volume,) = [v for v in made["spec"]["volumes"] if v["name"] == "vault-token"]
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"] == {
        "path": "token",
        "expirationSeconds": 600,
        "audience": "vault",
    }
    mounted = {mount["name"]: mount for mount in container(made, "vault-agent")["volumeMounts"]}
    assert mounted["vault-token"]["readOnly"]
    token_path = config_of(made)["auto_auth"]["method"]["config"]["token_path"]
    assert token_path == f"{mounted['vault-token']['mountPath']}/token"
    assert "vault-token" not in str(container(made, "web")), "only the agent may log in with it"


def test_the_usual_token_goes_before_others_whose_path_is_similar():
    others = {"name": "aws", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}
    mounts = [others, dict(USUAL_TOKEN)]

    made = injected(pod(spec={"containers": [{"name": "web", "volumeMounts": mounts}]}))

    token_path = config_of(made)["auto_auth"]["method"]["config"]["token_path"]
    assert token_path == f"{USUAL_TOKEN['mountPath']}/token"


def test_the_init_container_goes_first_and_others_stay_as_they_are():
    other = {"name": "migrate", "image": "web:1", "aFieldOfTheFuture": {"x": []}, "env": []}

    made = injected(pod(agent_init_first="true", spec={"initContainers": [other]}))

    first, second = made["spec"]["initContainers"]
    assert first["name"] == "vault-agent-init"
    assert second.pop("volumeMounts") == [{"name": "vault-secrets", "mountPath": "/vault/secrets"}]
    assert second == other


def test_the_process_namespace_is_shared_without_an_init_container_too():
    made = injected(pod(agent_pre_populate="false", agent_share_process_namespace="true"))

    assert made["spec"]["shareProcessNamespace"] is True


def test_what_a_pod_says_itself_of_its_process_namespace_is_not_taken_away():
    made = injected(
        pod(agent_share_process_namespace="false", spec={"shareProcessNamespace": True})
    )

    assert made["spec"]["shareProcessNamespace"] is True


def test_every_problem_is_in_one_message_with_its_annotation():
    outcome = inject(
        pod(role=None, agent_init_first="si", agent_run_as_user="nobody", agent_limits_mem="lots"),
        "shop",
        DEFAULTS,
    )

    assert outcome.message == (
        "vault-injector: 4 problems with the pod's annotations: "
        "vault.hashicorp.com/agent-init-first: expected true or false, got 'si'; "
        "vault.hashicorp.com/agent-run-as-user: expected a whole number, got 'nobody'; "
        "vault.hashicorp.com/role: no Vault role found; "
        "vault.hashicorp.com/agent-limits-mem: expected an amount such as 250m, 0.5 or 64Mi, "
        "got 'lots'"
    )


WRONG = {
    **{row.key: ("si", "expected true or false, got 'si'") for row in ALL.values()
       if row.takes is Takes.BOOLEAN and not row.key.startswith("preserve-secret-case")},
    **{row.key: ("lots", "expected an amount such as 250m") for row in ALL.values()
       if row.takes is Takes.QUANTITY},
    "agent-run-as-user": ("x", "expected a whole number, got 'x'"),
    "agent-run-as-group": ("", "is empty: name a number, or remove the annotation"),
    "agent-revoke-grace": ("-1", "expected a whole number that is not negative, got '-1'"),
    "template-max-connections-per-host": ("x", "expected a whole number, got 'x'"),
    "template-lease-renewal-threshold": ("x", "expected a number, got 'x'"),
    "auth-min-backoff": ("5", "expected a duration such as 5s or 1m30s, got '5'"),
    "auth-max-backoff": ("5", "expected a duration such as 5s or 1m30s, got '5'"),
    "agent-inject-default-template": ("xml", "expected map or json, got 'xml'"),
    "agent-json-patch": ("{", "error parsing JSON patch for annotation"),
    "agent-init-json-patch": ("{", "error parsing JSON patch for annotation"),
    "agent-request-namespace": ("", "namespace missing from request"),
    "agent-image": ("", "no Vault image found"),
    "auth-type": ("", "no Vault Auth Type found"),
    "auth-path": ("", "no Vault Auth Path found"),
    "role": ("", "no Vault role found"),
    "service": ("", "no Vault address found"),
    "agent-service-account-token-volume-name": ("x", "failed to find service account volume"),
}  # fmt: skip


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_refused_with_the_annotation_and_what_is_expected(key):
    text, says = WRONG[key]
    name = f"{key}db" if key.endswith("-") else key

    message = inject(pod(**{name: text}), "shop", DEFAULTS).message

    assert f"{PREFIX}{name}: {says}" in message


def test_every_annotation_that_can_be_wrong_has_a_row_above():
    takes_anything = {Takes.TEXT, Takes.LIST, Takes.TEMPLATE}
    # They are handed on to the agent as they are, which checks them.
    handed_on = {
        "go-max-procs",
        "client-max-retries",
        "client-timeout",
        "agent-cache-listener-port",
        "template-static-secret-render-interval",
    }
    ignored = {"preserve-secret-case", "preserve-secret-case-"}

    strict = {row.key for row in ALL.values() if row.takes not in takes_anything}
    assert strict - set(WRONG) == handed_on | ignored


@pytest.mark.parametrize("key", ["agent_run_as_user", "agent_run_as_group"])
def test_an_empty_uid_is_refused_and_does_not_mean_root(key):
    outcome = inject(pod(**{key: ""}), "shop", DEFAULTS)

    assert "is empty: name a number, or remove the annotation" in outcome.message


def test_the_applications_uid_may_be_that_of_the_pod():
    made = injected(
        pod(agent_run_as_same_user="true", spec={"securityContext": {"runAsUser": 4711}})
    )

    assert container(made, "vault-agent")["securityContext"]["runAsUser"] == 4711


def test_a_namespace_of_the_system_is_left_alone_with_a_warning():
    outcome = inject(pod(), "kube-system", DEFAULTS)

    assert (outcome.allowed, outcome.patch) == (True, None)
    assert "cannot inject into system namespaces: kube-system" in outcome.warnings[0]


def test_an_unknown_annotation_is_a_warning_with_the_nearest_name():
    outcome = inject(pod(agent_inject_contaners="web"), "shop", DEFAULTS)

    (warning,) = outcome.warnings
    assert warning == (
        "vault.hashicorp.com/agent-inject-contaners is unknown and has no effect; "
        "is it vault.hashicorp.com/agent-inject-containers?"
    )


def test_the_default_template_is_written_in_the_delimiters_that_are_given():
    delimiters = {"agent_template_left_delim_db": "[[", "agent_template_right_delim_db": "]]"}

    (template,) = config_of(injected(pod(**delimiters)))["template"]

    assert template["contents"] == (
        '[[ with secret "secret/data/db" ]][[ range $k, $v := .Data ]][[ $k ]]: [[ $v ]]\n'
        "[[ end ]][[ end ]]"
    )


def test_openbaos_prefix_goes_first():
    made = pod(role="vault", agent_image="vault:1")
    made["metadata"]["annotations"][f"{OPENBAO_PREFIX}role"] = "bao"

    assert config_of(injected(made))["auto_auth"]["method"]["config"]["role"] == "bao"
    assert container(injected(made), "vault-agent")["image"] == "vault:1"


def test_a_message_names_an_annotation_as_the_pod_does():
    made = pod(prefix=OPENBAO_PREFIX, role=None, agent_init_first="si", agent_injct="x")

    outcome = inject(made, "shop", DEFAULTS)

    assert outcome.message == (
        "vault-injector: 2 problems with the pod's annotations: "
        "openbao.org/agent-init-first: expected true or false, got 'si'; "
        "openbao.org/role: no Vault role found"
    )
    assert outcome.warnings == (
        "openbao.org/agent-injct is unknown and has no effect; is it openbao.org/agent-inject?",
    )
    unclear = inject(pod(prefix=OPENBAO_PREFIX, agent_inject="si"), "shop", DEFAULTS)
    assert "openbao.org/agent-inject: expected true or false, got 'si'" in unclear.message


def test_either_agent_runs_whichever_the_image_has():
    (argument,) = container(injected(pod()), "vault-agent")["args"]

    assert "command -v injector" in argument
    assert "exec injector agent -config=/home/vault/config.json" in argument
    assert "exec vault agent -config=/home/vault/config.json" in argument


def test_a_native_sidecar_stands_in_the_place_of_both_until_every_file_is_there():
    other = {"name": "migrate", "image": "web:1"}

    made = injected(
        pod(
            agent_native_sidecar="true",
            secret_volume_path_db="/d b",
            spec={"initContainers": [other]},
        )
    )

    migrate, ours = made["spec"]["initContainers"]
    assert migrate["volumeMounts"][0]["name"] == "vault-secrets"
    assert (ours["name"], ours["restartPolicy"]) == ("vault-agent", "Always")
    assert ours["startupProbe"]["exec"]["command"] == ["/bin/sh", "-c", "test -e '/d b/db'"]
    assert [one["name"] for one in made["spec"]["containers"]] == ["web"]
    assert config_of(made)["exit_after_auth"] is False
    assert "home-init" not in str(made)


def test_a_native_sidecar_with_a_configmap_is_not_asked_for_files_that_nobody_knows():
    made = injected(pod(agent_native_sidecar="true", agent_configmap="agent"))

    assert "startupProbe" not in made["spec"]["initContainers"][0]


def test_native_sidecars_may_be_the_default():
    defaults = Defaults(vault_address="https://v", native_sidecar=True)

    assert container(injected(pod(), defaults), "vault-agent")["restartPolicy"] == "Always"
    explicit = injected(pod(agent_native_sidecar="false"), defaults)
    assert "restartPolicy" not in container(explicit, "vault-agent")


def test_the_injector_revokes_its_token_itself_and_the_peers_agent_by_a_hook():
    made = injected(pod(agent_revoke_on_shutdown="true", service="https://v/?a=b c"))

    sidecar, init = container(made, "vault-agent"), container(made, "vault-agent-init")
    assert "exec injector agent -config=/home/vault/config.json -revoke-on-shutdown;" in str(
        sidecar
    )
    assert "-revoke-on-shutdown" not in str(init)
    assert sidecar["lifecycle"]["preStop"]["exec"]["command"][-1] == (
        "command -v injector >/dev/null || { /bin/sleep 5 && "
        "/bin/vault token revoke '-address=https://v/?a=b c' -self; }"
    )


def test_a_native_sidecar_has_no_hook_that_revokes_while_the_application_still_runs():
    made = injected(pod(agent_revoke_on_shutdown="true", agent_native_sidecar="true"))

    assert container(made, "vault-agent")["lifecycle"] == {}


SHELLLESS = Defaults(vault_address="https://v", shell=False)


def test_an_image_without_a_shell_is_given_its_configuration_in_the_variable():
    made = injected(pod(agent_revoke_on_shutdown="true"), SHELLLESS)

    sidecar, init = container(made, "vault-agent"), container(made, "vault-agent-init")
    assert (sidecar["args"], init["args"]) == (["agent", "-revoke-on-shutdown"], ["agent"])
    assert "command" not in sidecar | init
    assert "/bin/" not in str(made)
    assert config_of(made)["vault"] == {"address": "https://v"}


def test_an_image_without_a_shell_reads_a_configmap_where_it_is_mounted():
    made = injected(pod(agent_configmap="agent"), SHELLLESS)

    assert container(made, "vault-agent")["args"] == ["agent", "-config=/vault/configs/config.hcl"]


def test_a_native_sidecar_without_a_shell_is_asked_at_a_socket():
    made = injected(pod(agent_native_sidecar="true"), SHELLLESS)

    sidecar = container(made, "vault-agent")
    assert sidecar["startupProbe"]["exec"]["command"] == ["injector", "probe", "startup"]
    (listener,) = config_of(made)["listener"]
    assert {"name": "INJECTOR_ADDR", "value": f"unix://{listener['address']}"} in sidecar["env"]


def test_a_pod_may_name_only_an_allowed_address():
    defaults = Defaults(vault_address="https://a", allowed_addresses=("https://b/",))

    for address in ("https://a/", "https://b"):
        assert inject(pod(service=address), "shop", defaults).allowed
    assert inject(pod(service="https://c"), "shop", defaults).message == (
        "vault-injector: 1 problem with the pod's annotations: vault.hashicorp.com/service: "
        "https://c is not allowed here; allowed: https://a, https://b/"
    )


def test_a_pod_may_name_the_address_where_there_is_no_default():
    assert inject(pod(service="https://a"), "shop", Defaults()).allowed
    assert "no Vault address found" in inject(pod(), "shop", Defaults()).message


def patched_config(text, **annotations):
    made = pod(**annotations)
    made["metadata"]["annotations"]["vault-injector/config-patch"] = text
    return made


def test_a_merge_patch_changes_the_agents_configuration():
    made = injected(patched_config("{pid_file: null, vault: {retry: {num_retries: 3}}, x: [1]}"))

    for name in ("vault-agent", "vault-agent-init"):
        config = config_of(made, name)
        assert config["vault"] == {"address": DEFAULTS.vault_address, "retry": {"num_retries": 3}}
        assert config["x"] == [1]
        assert "pid_file" not in config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "is no YAML: "),
        ("- 1", "expected YAML with keys and values"),
        ("1: x", "expected YAML with keys and values"),
        ("a: .nan", "Out of range float values are not JSON compliant"),
        ("vault: {address: https://c}", "https://c is not allowed here"),
    ],
)
def test_a_merge_patch_that_cannot_be_used_is_a_problem(text, says):
    defaults = Defaults(vault_address="https://a", allowed_addresses=("https://b",))

    message = inject(patched_config(text), "shop", defaults).message

    assert f"vault-injector/config-patch: {says}" in message


# --- for every pod -----------------------------------------------------------------------------

NAMES = ("db", "DB", "file-x", "tls.crt")
# The status is what the patch itself writes.
KEYS = [
    f"{key}{name}" if key.endswith("-") else key
    for key in ALL
    if key != "agent-inject-status"
    for name in NAMES
]
PATCH = '[{"op":"add","path":"/env/-","value":{"name":"A"}}]'
TEXTS = st.one_of(
    st.sampled_from(("true", "false", "", "1", "yes", "-1", "/x", "../y", "web", "json", "200m")),
    st.sampled_from(("lots", "5s", "null", PATCH, "aws", "nan", "{{", "é & <")),
)


@st.composite
def pods(draw):
    annotations = draw(st.dictionaries(st.sampled_from(KEYS), TEXTS, max_size=8))
    spec = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "volumes": st.just([]),
                "initContainers": st.just([{"name": "migrate", "image": "x", "future": 1}]),
                "shareProcessNamespace": st.booleans(),
            },
        )
    )
    made = pod(spec=spec)
    for key, text in annotations.items():
        made["metadata"]["annotations"][f"{PREFIX}{key}"] = text
    made["spec"]["future"] = {"a": [1]}
    return made


@settings(deadline=None)
@given(pods())
def test_a_patch_only_adds_and_leaves_what_it_does_not_know(made):
    before = copy.deepcopy(made)

    outcome = inject(made, "shop", DEFAULTS)

    assert made == before, "the pod that was given was changed"
    if outcome.patch is None:
        assert outcome.message or outcome.why
        return
    assert {operation["op"] for operation in outcome.patch} == {"add"}
    after = json_patch.apply(made, list(outcome.patch))
    assert after["spec"]["future"] == {"a": [1]}
    assert _is_within(before, after)


@settings(deadline=None)
@given(pods())
def test_injecting_twice_changes_nothing(made):
    first = inject(made, "shop", DEFAULTS)
    if first.patch is not None:
        again = inject(json_patch.apply(made, list(first.patch)), "shop", DEFAULTS)
        assert (again.patch, again.why) == (None, "it has been injected")


@settings(deadline=None)
@given(pods(), st.randoms())
def test_the_order_of_annotations_does_not_matter(made, random):
    shuffled = copy.deepcopy(made)
    items = list(shuffled["metadata"]["annotations"].items())
    random.shuffle(items)
    shuffled["metadata"]["annotations"] = dict(items)

    assert inject(made, "shop", DEFAULTS) == inject(shuffled, "shop", DEFAULTS)


@pytest.mark.parametrize("version", ["1.29.0", "1.37.0"])
@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"agent_init_first": "true", "agent_cache_enable": "true", "tls_secret": "ca"},
        {"agent_pre_populate_only": "true", "agent_configmap": "agent"},
        {"secret_volume_path_db": "/etc/db", "agent_extra_secret": "more"},
    ],
    ids=str,
)
def test_an_injected_pod_is_valid(annotations, version):
    made = injected(pod(**annotations))

    kubernetes_validate.validate(made, version, strict=True)


def _is_within(before, after):
    """Return whether everything of the first is in the second: lists may have grown."""
    if isinstance(before, dict):
        return all(key in after and _is_within(before[key], after[key]) for key in before)
    if isinstance(before, list):
        rest = list(after)
        for item in before:
            match = next((other for other in rest if _is_within(item, other)), None)
            if match is None:
                return False
            rest.remove(match)
        return True
    return before == after
