"""Our own annotations: two are enough for a secret in a file."""

import copy
import json
import signal
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.inject import Defaults, inject
from injector.inject.go import json_patch
from injector.inject.own.annotations import ALL, PREFIX, TABLE
from injector.runtime.plan import plan
from tests.support.processes import Process, clean_environment

DEFAULTS = Defaults(vault_address="https://vault.example:8200")
FILE = {"file-app.env": "secret/data/app"}


def pod(*, spec=None, **annotations):
    """Return a pod with two annotations and those that are given: `mount_path=…` is mount-path."""
    named = {key.replace("_", "-"): text for key, text in annotations.items()}
    given = {"inject": "true", **FILE, **named}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "annotations": {f"{PREFIX}{k}": text for k, text in given.items() if text is not None},
        },
        "spec": {
            "containers": [{"name": "web", "image": "web:1"}],
            "securityContext": {"runAsUser": 1000, "runAsGroup": 2000},
            "serviceAccountName": "web",
        }
        | (spec or {}),
    }


def outcome(made, defaults=DEFAULTS, server=None):
    return inject(made, "shop", defaults, server=server)


def injected(made, defaults=DEFAULTS, server=None):
    """Return the pod as it is after the patch."""
    found = outcome(made, defaults, server)
    assert found.patch is not None, found.message or found.why
    return json_patch.apply(made, list(found.patch))


def all_containers(made):
    return [*made["spec"].get("initContainers", ()), *made["spec"]["containers"]]


def container(made, name="vault-injector"):
    (found,) = [one for one in all_containers(made) if one["name"] == name]
    return found


def config_of(made, name="vault-injector"):
    env = {entry["name"]: entry.get("value") for entry in container(made, name)["env"]}
    return yaml.safe_load(env["INJECTOR_CONFIG"].replace("$$", "$"))


def mounts(made, name):
    return {mount["mountPath"]: mount for mount in container(made, name).get("volumeMounts", ())}


# --- the whole ---------------------------------------------------------------------------------


def test_two_annotations_are_enough_for_a_secret_in_a_file():
    made = injected(pod())

    assert config_of(made) == {
        "vault": {"address": "https://vault.example:8200"},
        "auto_auth": {
            "method": {
                "type": "kubernetes",
                "mount_path": "auth/kubernetes",
                "config": {
                    "role": "web",
                    "token_path": "/var/run/secrets/vault-injector/token",
                },
            }
        },
        "listener": [{"type": "unix", "address": "/run/injector/injector.sock"}],
        "cache": {"persist": {"path": "/run/injector/handover"}},
        "secrets": {"file_app_env": {"path": "secret/data/app"}},
        "template": [
            {
                "secret": "file_app_env",
                "format": "dotenv",
                "destination": "/vault/secrets/app.env",
            }
        ],
    }


GOLDEN = """\
env: [NAMESPACE, HOST_IP, POD_IP, INJECTOR_CONFIG]
name: vault-injector
image: vault-injector:0.1.0
args: [run, -c, env:INJECTOR_CONFIG]
resources:
  requests: {cpu: 10m, memory: 80Mi}
  limits: {memory: 128Mi}
volumeMounts:
- {name: vault-injector-secrets, mountPath: /vault/secrets}
- {name: vault-injector-run, mountPath: /run/injector}
- {name: vault-injector-token, mountPath: /var/run/secrets/vault-injector, readOnly: true}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  readOnlyRootFilesystem: true
  seccompProfile: {type: RuntimeDefault}
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 2000
terminationMessagePolicy: FallbackToLogsOnError
restartPolicy: Always
startupProbe:
  exec: {command: [injector, probe, startup]}
  initialDelaySeconds: 1
  periodSeconds: 3
  timeoutSeconds: 5
  failureThreshold: 100
"""


def test_the_native_sidecar_as_a_whole():
    (ours,) = injected(pod())["spec"]["initContainers"]

    ours["env"] = [entry["name"] for entry in ours["env"]]
    assert ours == yaml.safe_load(GOLDEN)


def test_the_volumes_are_in_memory_and_the_token_is_the_injectors_alone():
    made = injected(pod())

    assert made["spec"]["volumes"] == [
        {"name": "vault-injector-secrets", "emptyDir": {"medium": "Memory"}},
        {"name": "vault-injector-run", "emptyDir": {"medium": "Memory"}},
        {
            "name": "vault-injector-token",
            "projected": {
                "sources": [
                    {
                        "serviceAccountToken": {
                            "path": "token",
                            "expirationSeconds": 600,
                            "audience": "vault",
                        }
                    }
                ]
            },
        },
    ]
    assert mounts(made, "web") == {
        "/vault/secrets": {
            "name": "vault-injector-secrets",
            "mountPath": "/vault/secrets",
            "readOnly": True,
        }
    }


@pytest.mark.parametrize("version", ["1.29.0", "1.33.0", "1.37.0"])
@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"mode": "init"},
        {"mode": "sidecar"},
        {"mode": "init+sidecar", "run_as": "0", "read_only": "false"},
        {"configmap": "web", "file-app.env": None},
    ],
    ids=str,
)
def test_an_injected_pod_is_valid(annotations, version):
    kubernetes_validate.validate(injected(pod(**annotations)), version, strict=True)


# --- each annotation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said", "template"),
    [
        ("app.env", "secret/data/app", {"format": "dotenv"}),
        ("app.sh", "secret/data/app", {"format": "shell"}),
        ("app.json", "secret/data/app", {"format": "json"}),
        ("app.yaml", "secret/data/app", {"format": "yaml"}),
        ("app.yml", "secret/data/app", {"format": "yaml"}),
        ("app.properties", "secret/data/app", {"format": "properties"}),
        ("app.ini", "secret/data/app", {"format": "ini"}),
        ("password", "secret/data/app#password", {"format": "raw", "key": "password"}),
        ("tls.env", " secret/data/app#a#b ", {"format": "raw", "key": "a#b"}),
    ],
)
def test_a_file_has_the_format_that_its_name_ends_with_or_is_one_value(name, said, template):
    made = injected(pod(**{"file-app.env": None, f"file-{name}": said}))

    (found,) = config_of(made)["template"]
    assert found == {
        "secret": found["secret"],
        **template,
        "destination": f"/vault/secrets/{name}",
    }


def test_files_of_one_secret_change_together():
    made = injected(pod(**{"file-password": "secret/data/app#password"}))

    config = config_of(made)
    assert list(config["secrets"]) == ["file_app_env"]
    assert {one["secret"] for one in config["template"]} == {"file_app_env"}


@pytest.mark.parametrize(
    ("said", "server", "restarts", "names"),
    [
        (None, None, "Always", ["vault-injector", "web"]),
        (None, (1, 33), "Always", ["vault-injector", "web"]),
        (None, (1, 32), "Always", ["vault-injector-init", "web", "vault-injector"]),
        (None, (1, 32), "Never", ["vault-injector-init", "web"]),
        (None, (1, 33), "OnFailure", ["vault-injector", "web"]),
        ("native", (1, 29), "Always", ["vault-injector", "web"]),
        ("init", (1, 33), "Always", ["vault-injector-init", "web"]),
        ("sidecar", (1, 33), "Always", ["web", "vault-injector"]),
        ("init+sidecar", (1, 33), "Always", ["vault-injector-init", "web", "vault-injector"]),
    ],
)
def test_the_mode_is_as_said_or_by_the_server_and_what_the_pod_is(said, server, restarts, names):
    made = injected(pod(mode=said, spec={"restartPolicy": restarts}), server=server)

    assert [one["name"] for one in all_containers(made)] == names


def test_an_init_container_writes_once_and_a_sidecar_goes_on_with_its_login():
    made = injected(pod(mode="init+sidecar"))

    init, sidecar = container(made, "vault-injector-init"), container(made)
    assert (init["args"][0], sidecar["args"][0]) == ("once", "run")
    assert config_of(made) == config_of(made, "vault-injector-init")
    assert "cache" in config_of(made)
    assert "restartPolicy" not in init | sidecar
    assert "cache" not in config_of(injected(pod(mode="init")), "vault-injector-init")


OTHERS = [
    {"name": "logs", "image": "x", "restartPolicy": "Always"},
    {"name": "net", "image": "x"},
    {"name": "istio-proxy", "image": "x", "restartPolicy": "Always"},
    {"name": "migrate", "image": "x"},
]


@pytest.mark.parametrize(
    ("order", "others", "index"),
    [
        (None, OTHERS, 3),
        (None, OTHERS[:2], 1),
        (None, OTHERS[1:2], 0),
        ("first", OTHERS, 0),
        ("last", OTHERS, 4),
        ("after:net", OTHERS, 2),
    ],
)
def test_it_starts_behind_the_mesh_and_before_all_that_needs_files_or_as_said(order, others, index):
    made = injected(pod(order=order, spec={"initContainers": copy.deepcopy(others)}))

    names = [one["name"] for one in made["spec"]["initContainers"]]
    assert names.index("vault-injector") == index
    for one in others:
        behind = names.index(one["name"]) > index
        assert ("/vault/secrets" in mounts(made, one["name"])) == behind
        assert container(made, one["name"])["image"] == "x"


def test_only_the_named_containers_get_the_files():
    named = [{"name": name, "image": "x"} for name in ("web", "proxy", "migrate", "seed")]
    spec = {"containers": named[:2], "initContainers": named[2:]}

    made = injected(pod(containers=" proxy , migrate", spec=spec))

    have = [one["name"] for one in named if "/vault/secrets" in mounts(made, one["name"])]
    assert have == ["proxy", "migrate"]


def test_files_are_where_the_annotation_says_and_may_be_writable():
    made = injected(pod(mount_path="/etc/web/", read_only="false"))

    assert config_of(made)["template"][0]["destination"] == "/etc/web/app.env"
    assert "readOnly" not in mounts(made, "web")["/etc/web"]


@pytest.mark.parametrize(
    ("said", "context", "of_pod", "ids"),
    [
        (None, {}, {"runAsUser": 7}, (7, None)),
        (None, {"runAsUser": 8, "runAsGroup": 9}, {"runAsUser": 7}, (8, 9)),
        (None, {"runAsUser": 0}, {}, (0, None)),
        (None, {}, {}, (None, None)),
        ("unset", {"runAsUser": 8}, {"runAsUser": 7}, (None, None)),
        ("5", {"runAsUser": 8}, {}, (5, None)),
        ("5:6", {}, {}, (5, 6)),
    ],
)
def test_it_runs_as_the_application_or_as_said(said, context, of_pod, ids):
    containers = [{"name": "web", "image": "x", "securityContext": context}]
    spec = {"containers": containers, "securityContext": of_pod}

    made = injected(pod(run_as=said, spec=spec))

    found = container(made)["securityContext"]
    assert (found.get("runAsUser"), found.get("runAsGroup")) == ids
    assert ("runAsNonRoot" in found) == (ids[0] != 0)


def test_an_unknown_uid_is_a_warning_because_files_can_be_read_by_their_owner_only():
    (warning,) = outcome(pod(spec={"securityContext": {}})).warnings

    assert "neither the container nor the pod says runAsUser" in warning


def test_what_is_not_given_comes_from_the_defaults_of_the_namespace():
    defaults = Defaults(
        vault_address="https://v",
        vault_namespace="teams",
        vault_auth_path="auth/prod",
        vault_cacert_bytes="UEVN",
        proxy_address="http://proxy:3128",
        role="{namespace}-{service_account}",
        token_audience="",
        image="registry/injector:2",
        mode="sidecar",
        run_as="unset",
        revoke_on_shutdown=True,
        cpu_limit="1",
    )

    made = injected(pod(), defaults)

    config, ours = config_of(made), container(made)
    assert config["vault"] == {
        "address": "https://v",
        "namespace": "teams",
        "ca_cert_bytes": "PEM",
    }
    assert config["auto_auth"]["method"]["mount_path"] == "auth/prod"
    assert config["auto_auth"]["method"]["config"]["role"] == "shop-web"
    assert config["revoke_on_shutdown"] == "token"
    assert ours["image"] == "registry/injector:2"
    assert ours["resources"]["limits"] == {"cpu": "1", "memory": "128Mi"}
    assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in ours["env"]
    token = made["spec"]["volumes"][2]["projected"]["sources"][0]["serviceAccountToken"]
    assert "audience" not in token


def test_an_annotation_goes_before_its_default():
    made = injected(
        pod(
            role="r",
            vault_address="https://other",
            vault_namespace="n",
            image="i:1",
            token_audience="a",
            resources="{limits: {memory: 1024Mi, cpu: 0.5}}",
            share_process_namespace="true",
        )
    )

    config, ours = config_of(made), container(made)
    assert config["vault"] == {"address": "https://other", "namespace": "n"}
    assert config["auto_auth"]["method"]["config"]["role"] == "r"
    assert ours["image"] == "i:1"
    assert ours["resources"] == {"limits": {"memory": "1Gi", "cpu": "500m"}}
    assert "'audience': 'a'" in str(made["spec"]["volumes"])
    assert made["spec"]["shareProcessNamespace"] is True


OWN = """\
# our words
secrets: {db: {path: database/creds/web}}
template:
  - {contents: "{{ db.username }} $(HOME)", destination: /vault/secrets/db, perms: "0640"}
template_config: {static_secret_render_interval: 30s}
"""


def test_a_configuration_goes_over_the_generated_one_and_its_lists_behind():
    config = config_of(injected(pod(config=OWN)))

    assert list(config["secrets"]) == ["file_app_env", "db"]
    assert [one["destination"] for one in config["template"]] == [
        "/vault/secrets/app.env",
        "/vault/secrets/db",
    ]
    assert config["template"][1]["perms"] == "0640"
    assert config["template"][1]["contents"] == "{{ db.username }} $(HOME)"
    assert config["template_config"] == {"static_secret_render_interval": "30s"}


def test_a_login_of_its_own_replaces_the_generated_one():
    login = "auto_auth: {method: {type: jwt, config: {path: /x, role: r}}}"

    assert config_of(injected(pod(config=login)))["auto_auth"]["method"] == {
        "type": "jwt",
        "config": {"path": "/x", "role": "r"},
    }


def test_a_merge_patch_replaces_lists_and_takes_keys_away():
    entry = "{secret: db, format: json, destination: /vault/secrets/db.json}"

    made = injected(pod(config=OWN, config_patch=f"cache: null\ntemplate: [{entry}]"))

    config = config_of(made)
    assert "cache" not in config
    assert [one["destination"] for one in config["template"]] == ["/vault/secrets/db.json"]


def test_a_patch_is_applied_to_every_container_of_ours():
    add = [{"op": "add", "path": "/imagePullPolicy", "value": "Always"}]

    made = injected(pod(mode="init+sidecar", patch=json.dumps(add)))

    for name in ("vault-injector", "vault-injector-init"):
        assert container(made, name)["imagePullPolicy"] == "Always"
    assert "imagePullPolicy" not in container(made, "web")


def test_a_configmap_is_the_whole_configuration():
    made = injected(pod(configmap="web", **{"file-app.env": None}))

    ours = container(made)
    assert ours["args"] == ["run", "-c", "/etc/vault-injector/injector.yaml"]
    assert "INJECTOR_CONFIG" not in str(ours["env"])
    assert made["spec"]["volumes"][-1] == {
        "name": "vault-injector-config",
        "configMap": {"name": "web"},
    }
    assert mounts(made, "vault-injector")["/etc/vault-injector"]["readOnly"]


# --- what is refused ---------------------------------------------------------------------------

ABSENT: dict[str, str | None] = {"file-app.env": None}
REFUSALS: list[tuple[dict[str, str | None], str]] = [
    ({"inject": "si"}, "inject: expected true or false, got 'si'"),
    ({"mode": "nativ"}, "mode: 'nativ' is no mode; did you mean 'native'?"),
    ({"order": "second"}, "order: expected first, last or after:NAME, got 'second'"),
    ({"order": "after:x"}, "order: the pod has no init container 'x'; there is none"),
    ({"containers": "wep"}, "containers: the pod has no container 'wep'; did you mean 'web'?"),
    ({"containers": " , "}, "containers: names no container; remove it for all"),
    ({"mount-path": "etc"}, "mount-path: expected an absolute path, got 'etc'"),
    ({"read-only": "ja"}, "read-only: expected true or false, got 'ja'"),
    ({"share-process-namespace": "x"}, "share-process-namespace: expected true or false, got 'x'"),
    ({"file-app": "secret/data/app"}, "file-app: nothing says what the file should look like; let"),
    ({"file-a.env": ""}, "file-a.env: expected the path of a secret, such as secret/data/app"),
    ({"file-": "secret/x#y"}, "file-: has no name of a file after the dash"),
    ({"file-a.env": "a/../b"}, "file-a.env: write it without `.` and `..`"),
    ({"role": ""}, "role: must not be empty"),
    ({"vault-address": "vault:8200"}, "vault-address: "),
    ({"vault-address": ""}, "vault-address: nothing says where Vault is; annotate it, or set"),
    ({"config": "a: ["}, "config: line 2: not YAML: "),
    ({"config": "x"}, "config: line 1: expected keys with values"),
    ({"config": "tempate: []"}, "config: unknown key 'tempate'; did you mean 'template'?"),
    (
        {"config": "template: [{contents: '{{ a', destination: /vault/secrets/x}]"},
        "config: template[1].contents: ",
    ),
    ({"config": "log_level: ${LEVEL}"}, "config: log_level: the environment variable LEVEL is not"),
    ({"config-patch": "- 1"}, "config-patch: line 1: expected keys with values"),
    ({"config": f"log_file: {'x' * 110_000}"}, "config: takes more than 100 KiB; use a ConfigMap"),
    ({"configmap": "x"}, "file-app.env: has no effect beside a ConfigMap; write it there"),
    ({"image": "a b"}, "image: expected the name of an image"),
    ({"image": ""}, "image: expected the name of an image"),
    ({"resources": "lots"}, "resources: expected YAML such as {requests: "),
    ({"resources": "{limits: {cpu: x}}"}, "resources: limits.cpu: quantities must match the"),
    ({"run-as": "root"}, "run-as: expected same, unset, UID or UID:GID, got 'root'"),
    ({"run-as": "9999999999"}, "run-as: expected same, unset, UID or UID:GID, got '9999999999'"),
    ({"patch": "{"}, "patch: unexpected end of JSON input"),
    ({"patch": '[{"op": "remove", "path": "/x"}]'}, "patch: error in remove for path: '/x'"),
    (ABSENT, "inject: nothing says what is wanted; for a secret in a file: vault-injector/file-"),
]


@pytest.mark.parametrize(("annotations", "says"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_refusal_names_the_annotation_and_what_to_do(annotations, says):
    found = outcome(pod(**annotations))

    assert found.patch is None
    assert f"vault-injector: 1 problem with the pod's annotations: {PREFIX}{says}" in found.message


def test_every_annotation_has_a_test_of_its_refusal_or_cannot_be_wrong():
    tested = {key for annotations, _ in REFUSALS for key in dict(annotations)}

    assert set(ALL) - tested == {"file-", "status", "vault-namespace", "token-audience"} - tested


def test_all_problems_are_in_one_message():
    found = outcome(pod(mode="x", run_as="y", config="nope: 1", containers="z"))

    assert found.message.startswith("vault-injector: 3 problems with")
    assert [problem.annotation.removeprefix(PREFIX) for problem in found.problems] == [
        "mode",
        "containers",
        "run-as",
    ]


TAKEN = {"name": "v", "mountPath": "/vault/secrets/"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"containers": [{"name": "vault-injector", "image": "x"}]},
            "inject: the pod has a container 'vault-injector' already",
        ),
        (
            {"volumes": [{"name": "vault-injector-run", "emptyDir": {}}]},
            "inject: the pod has a volume 'vault-injector-run' already",
        ),
        (
            {"containers": [{"name": "a", "volumeMounts": [TAKEN]}]},
            "mount-path: container 'a' mounts something at /vault/secrets already; choose another",
        ),
        (
            {"shareProcessNamespace": False},
            "share-process-namespace: the pod's own shareProcessNamespace is false; remove one",
        ),
    ],
)
def test_what_the_pod_has_already_is_refused(spec, says):
    found = outcome(pod(spec=spec, share_process_namespace="true"))

    assert f"{PREFIX}{says}" in found.message


def test_an_init_container_before_ours_cannot_have_the_files():
    spec = {"initContainers": [{"name": "migrate", "image": "x"}]}

    found = outcome(pod(order="last", containers="migrate", spec=spec))

    assert "'migrate' starts before the files are there; see vault-injector/order" in found.message


def test_both_kinds_of_annotations_are_refused():
    made = pod()
    made["metadata"]["annotations"]["vault.hashicorp.com/agent-inject"] = "true"

    says = "the pod asks with vault-k8s' annotations as well; remove one of the two"
    assert says in outcome(made).message


def test_only_an_allowed_address_may_be_named_in_the_configuration_too():
    defaults = Defaults(vault_address="https://a", allowed_addresses=("https://b",))

    for annotations in (
        {"vault-address": "https://c"},
        {"config": "vault: {address: 'https://c'}"},
        {"config-patch": "vault: {address: 'https://c'}"},
    ):
        found = outcome(pod(**annotations), defaults)
        assert "https://c is not allowed here; allowed: https://a, https://b" in found.message
    assert outcome(pod(vault_address="https://b/"), defaults).allowed


def test_an_unknown_annotation_is_a_warning_with_the_nearest_name():
    assert outcome(pod(contaners="web")).warnings == (
        "vault-injector/contaners is unknown and has no effect; is it vault-injector/containers?",
    )


# --- for every pod -----------------------------------------------------------------------------

KEYS = [key for key in ALL if key not in ("status", "file-")] + ["file-a.json", "file-b", "x"]
TEXTS = st.one_of(
    st.sampled_from(("true", "false", "", "native", "init", "sidecar", "init+sidecar", "web")),
    st.sampled_from(("first", "after:migrate", "5:5", "/x", "a: {b: [1]}", "secret/data/x#y", "[")),
    st.sampled_from(('[{"op":"add","path":"/tty","value":true}]', "log_level: debug", "&a [*a]")),
    st.text("ab:{}[], \n'é&*!-#$", max_size=8),
)


@st.composite
def pods(draw):
    given = draw(st.dictionaries(st.sampled_from(KEYS), TEXTS, max_size=6))
    spec = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "volumes": st.just([{"name": "v", "emptyDir": {}}]),
                "initContainers": st.just([{"name": "migrate", "image": "x", "future": 1}]),
                "restartPolicy": st.sampled_from(("Always", "Never", None)),
                "serviceAccountName": st.none(),
                "securityContext": st.none(),
            },
        )
    )
    return pod(spec={"future": {"a": [1]}} | spec, **given)


@settings(deadline=None)
@given(pods(), st.sampled_from((None, (1, 30), (1, 36))))
def test_a_patch_only_adds_and_injecting_twice_is_injecting_once(made, server):
    before = copy.deepcopy(made)

    found = outcome(made, server=server)

    assert made == before, "the pod that was given was changed"
    if found.patch is None:
        assert found.message or found.why
        return
    assert {operation["op"] for operation in found.patch} == {"add"}
    after = json_patch.apply(made, list(found.patch))
    assert after["spec"]["future"] == {"a": [1]}
    names = [one["name"] for one in all_containers(after)]
    assert len(names) == len(set(names))
    assert outcome(after, server=server).why == "it has been injected"


@settings(deadline=None)
@given(pods(), st.randoms())
def test_the_order_of_annotations_does_not_matter(made, random):
    shuffled = copy.deepcopy(made)
    items = list(shuffled["metadata"]["annotations"].items())
    random.shuffle(items)
    shuffled["metadata"]["annotations"] = dict(items)

    assert outcome(made) == outcome(shuffled)


LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(("", "a", "name"))
NAMES = st.sampled_from(("containers", "name", "volumes", "spec", "metadata", "annotations"))
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(ANYTHING)
def test_whatever_is_sent_is_answered(anything):
    assert outcome(anything).message or outcome(anything).why
    assert outcome(pod() | {"spec": anything}).message


NESTED = "[" * 3_000 + "]" * 3_000
ADD = '[{"op": "add", "path": "/x", "value": %s}]'
ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("patch", ADD % NESTED),
        ("patch", ADD % ("[" * 400 + "]" * 400)),
        ("config", f"x: {NESTED}"),
        ("config", ALIASES),
        ("config-patch", f"x: {NESTED}"),
        ("config-patch", ALIASES),
        ("resources", NESTED),
        ("resources", ALIASES),
        ("resources", f"{{limits: {{cpu: {'9' * 5000}}}}}"),
        ("config", "x: \ud800"),
        ("image", "\ud800"),
        ("run-as", "9" * 100_000),
    ],
    ids=lambda value: value[:12],
)
def test_a_hostile_annotation_is_a_problem_and_no_traceback(key, text):
    vault_k8s = {
        "vault.hashicorp.com/agent-inject": "true",
        "vault.hashicorp.com/agent-json-patch": text,
        "vault-injector/config-patch": text,
    }
    theirs = pod() | {"metadata": {"annotations": vault_k8s}}

    assert outcome(pod(**{key: text})).message
    assert outcome(theirs).message
    assert outcome(theirs, Defaults.of_vault_k8s(vault_address="https://v")).message


def test_of_many_unknown_annotations_the_first_ten_are_named():
    warnings = outcome(pod(**{f"x{number}": "" for number in range(1000)})).warnings

    assert len(warnings) == 11
    assert warnings[-1] == "990 more annotations are unknown and have no effect"


# --- and the injector takes it -----------------------------------------------------------------


def test_the_injector_takes_the_configuration_as_it_is_in_the_pod():
    entries = container(injected(pod(config=OWN)))["env"]
    env = {entry["name"]: entry.get("value", "-").replace("$$", "$") for entry in entries}

    config = plan("env:INJECTOR_CONFIG", env, elsewhere=True).config

    assert [one.destination for one in config.template] == [
        "/vault/secrets/app.env",
        "/vault/secrets/db",
    ]


def test_an_injected_container_puts_the_file_there(app, tmpfs):
    """The command and the variable of the pod, with this machine's server, login and directory."""
    app.put("app", password="a $(HOME) b")
    login = {
        "method": {
            "type": "approle",
            "config": {
                "role_id_file_path": str(app.role_id),
                "secret_id_file_path": str(app.secret_id),
            },
        }
    }
    made = injected(
        pod(
            mode="init",
            mount_path=str(tmpfs),
            vault_address=app.bao.address,
            config=json.dumps({"auto_auth": login, "listener": None}),
            **{"file-app.env": app.path("app"), "file-password": f"{app.path('app')}#password"},
        )
    )
    ours = container(made, "vault-injector-init")
    env = {entry["name"]: entry.get("value", "-").replace("$$", "$") for entry in ours["env"]}

    ended = subprocess.run(
        [sys.executable, "-m", "injector", *ours["args"]],
        env=clean_environment() | env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert (tmpfs / "password").read_text() == "a $(HOME) b"
    assert (tmpfs / "app.env").read_text() == "password='a $(HOME) b'\n"
    assert (tmpfs / "app.env").stat().st_mode & 0o777 == 0o600


INTERVAL = {"template_config": {"static_secret_render_interval": "1s"}}


def test_a_native_sidecar_is_started_once_the_file_is_there_and_follows_the_secret(app, tmpfs):
    """As the kubelet would: the container's command, its startup probe, SIGTERM."""
    app.put("app", password="one")
    login = {"role_id_file_path": str(app.role_id), "secret_id_file_path": str(app.secret_id)}
    here = {
        "auto_auth": {"method": {"type": "approle", "config": login}},
        "listener": [{"type": "unix", "address": f"{tmpfs}/injector.sock"}],
        "cache": {"persist": {"path": f"{tmpfs}/handover"}},
    }
    made = injected(
        pod(
            mount_path=str(tmpfs),
            vault_address=app.bao.address,
            config=json.dumps({"auto_auth": here.pop("auto_auth"), **INTERVAL}),
            config_patch=json.dumps(here),
            **{"file-app.env": app.path("app")},
        )
    )
    ours = container(made)
    env = {entry["name"]: entry.get("value", "-").replace("$$", "$") for entry in ours["env"]}
    env = clean_environment() | env | {"INJECTOR_ADDR": f"unix://{tmpfs}/injector.sock"}
    probe = [sys.executable, "-m", *ours["startupProbe"]["exec"]["command"]]
    process = Process(
        subprocess.Popen(
            [sys.executable, "-m", "injector", *ours["args"]],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    )
    process.wait_for("file written")

    assert subprocess.run(probe, env=env, capture_output=True, check=False).returncode == 0
    app.put("app", password="two")
    process.wait_for("file written", times=2)
    process.send(signal.SIGHUP)
    process.wait_for("reload")
    assert process.end() == 0
    assert (tmpfs / "app.env").read_text() == "password='two'\n"


def test_the_table_has_every_key_once():
    keys = [row.key for rows in TABLE.values() for row in rows]

    assert len(keys) == len(set(keys)) == len(ALL)
