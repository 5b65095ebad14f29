"""`injector inject`: manifests in, manifests out."""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from injector.cli import main
from injector.inject import Defaults, inject
from injector.inject.cluster import load_cluster
from injector.inject.manifests import inject_manifests
from tools.docs.webhook import renewed, tables

PAGE = Path(__file__).parents[2] / "docs" / "webhook.md"
COMMENTED = """\
# settings
apiVersion: v1
kind:   ConfigMap
metadata: {name: web}   # as it stands
"""
POD = """\
metadata:
  annotations:
    vault.hashicorp.com/agent-inject: "true"
    vault.hashicorp.com/role: web
    vault.hashicorp.com/agent-inject-secret-db.env: secret/data/db
spec:
  containers:
    - {name: web, image: "web:1", env: [{name: MODE, value: "0640"}]}
"""


EXAMPLE = Defaults(vault_address="https://vault.example:8200")


def indented(text, depth):
    return re.sub("(?m)^", " " * depth, text).rstrip(" ")


DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  template:
{indented(POD, 4)}"""


def of_kind(kind, version="apps/v1"):
    return DEPLOYMENT.replace("Deployment", kind).replace("apps/v1", version)


NAMED = POD.replace("metadata:", "metadata:\n  name: web")
CRON = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\n"
MANIFESTS = {
    "Pod": f"apiVersion: v1\nkind: Pod\n{NAMED}",
    **{kind: of_kind(kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")},
    "Job": of_kind("Job", "batch/v1"),
    "Rollout": of_kind("Rollout", "argoproj.io/v1alpha1"),
    "CronJob": f"{CRON}spec:\n  jobTemplate:\n    spec:\n      template:\n{indented(POD, 8)}",
    "List": f"apiVersion: v1\nkind: List\nitems:\n  -\n{indented(DEPLOYMENT, 4)}",
}


@pytest.fixture(autouse=True)
def _an_address(monkeypatch):
    monkeypatch.setenv("AGENT_INJECT_VAULT_ADDR", "https://vault.example:8200")


@pytest.fixture
def given(tmp_path):
    def write(text, name="manifests.yaml"):
        file = tmp_path / name
        file.write_text(text)
        return str(file)

    return write


def pods(text):
    """Return every pod in a text of manifests: whatever has containers."""

    def walk(node):
        if isinstance(node, dict):
            if "containers" in node.get("spec", {}):
                yield node
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    return [pod for document in yaml.safe_load_all(text) for pod in walk(document)]


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_pods_of_every_kind_are_injected(kind, given, capsys):
    assert main(["inject", "-f", given(MANIFESTS[kind])]) == 0

    (pod,) = pods(capsys.readouterr().out)
    assert [one["name"] for one in pod["spec"]["containers"]] == ["web", "vault-agent"]
    assert [one["name"] for one in pod["spec"]["initContainers"]] == ["vault-agent-init"]
    assert pod["spec"]["containers"][0]["env"] == [{"name": "MODE", "value": "0640"}]


def test_what_does_not_change_comes_out_byte_for_byte(given, capsys):
    text = f"{COMMENTED}---\n{DEPLOYMENT}---\n{COMMENTED}"

    assert main(["inject", "-f", given(text)]) == 0

    first, changed, last = re.split("(?m)^(?=---$)", capsys.readouterr().out)
    assert (first, last) == (COMMENTED, f"---\n{COMMENTED}")
    assert "vault-agent-init" in changed


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(("yes", "0640", "~", "1e3", "2024-01-01", "a: b", "-", "<<", "="))
    | st.sampled_from(("x\n y\n", " x", "é \U0001f511", "# x", "'", '"', "$(A)", "\t")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("a", "0640", "yes")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given_any(VALUES, st.booleans())
def test_what_stands_beside_an_injected_pod_keeps_its_value(value, in_flow):
    document = yaml.safe_load(DEPLOYMENT) | {"beside": value}
    document["spec"]["template"]["spec"]["beside"] = value
    text = yaml.safe_dump(document, default_flow_style=in_flow, allow_unicode=True)

    (done,) = inject_manifests(text, lambda found: inject(found.pod, "shop", EXAMPLE))

    assert done.text != text
    made = yaml.safe_load(done.text)
    assert made["beside"] == made["spec"]["template"]["spec"]["beside"] == value


@pytest.mark.parametrize("begins", ["---\r\n", "--- # Source: web.yaml\n", "%YAML 1.1\n---\n"])
def test_a_document_may_begin_as_it_likes(begins):
    text = begins + DEPLOYMENT.replace("\n", "\r\n" if "\r" in begins else "\n")

    done = list(inject_manifests(text, lambda found: inject(found.pod, "shop", EXAMPLE)))

    (pod,) = pods("".join(one.text for one in done))
    assert len(pod["spec"]["containers"]) == 2


def test_injecting_the_result_changes_nothing(given, capsys):
    main(["inject", "-f", given(DEPLOYMENT)])
    once = capsys.readouterr().out

    assert main(["inject", "-f", given(once)]) == 0
    assert capsys.readouterr().out == once


def test_manifests_come_from_standard_input_and_from_several_files(given, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DEPLOYMENT.encode())))

    assert main(["inject", "-f", given(COMMENTED), "-f", "-"]) == 0

    out = capsys.readouterr().out
    assert out.startswith(COMMENTED + "---\n")
    assert len(pods(out)) == 1


def test_one_refusal_prevents_all_output(given, capsys):
    broken = DEPLOYMENT.replace("vault.hashicorp.com/role: web", "vault.hashicorp.com/rol: web")

    assert main(["inject", "-f", given(f"{DEPLOYMENT}---\n{broken}")]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert "Deployment shop/web: vault-injector: 1 problem" in err
    assert "vault.hashicorp.com/role: no Vault role found" in err
    assert (
        "vault.hashicorp.com/rol is unknown and has no effect; is it vault.hashicorp.com/role?"
        in err
    )


def test_explain_says_what_would_be_done_to_each_workload_or_why_nothing(given, capsys):
    plain = DEPLOYMENT.replace('"true"', '"false"').replace("web, namespace", "api, namespace")
    broken = DEPLOYMENT.replace("Deployment", "Job").replace("role: web", "service: x y")

    code = main(["inject", "--explain", "-f", given(f"{DEPLOYMENT}---\n{plain}---\n{broken}")])

    assert code == 2
    assert capsys.readouterr().out == (
        "Deployment shop/web: injected\n"
        "  + volume home-init (emptyDir)\n"
        "  + volume home-sidecar (emptyDir)\n"
        "  + volume vault-secrets (emptyDir)\n"
        "  + volume vault-token (projected)\n"
        "  + init container vault-agent-init (vault-injector:0.1.0)\n"
        "  + container vault-agent (vault-injector:0.1.0)\n"
        "  + mounts in web: /vault/secrets\n"
        "Deployment shop/api: left alone: no annotation asks for it\n"
        "Job shop/web: refused\n"
        "  ! vault.hashicorp.com/role: no Vault role found\n"
    )


OWN = DEPLOYMENT.replace("vault.hashicorp.com/agent-inject:", "vault-injector/inject:").replace(
    "vault.hashicorp.com/agent-inject-secret-db.env", "vault-injector/file-db.env"
)


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ([], ["native sidecar vault-injector"]),
        (["--kubernetes-version", "v1.36.2+k3s1"], ["native sidecar vault-injector"]),
        (
            ["--kubernetes-version", "1.30"],
            ["container vault-injector-init", "container vault-injector"],
        ),
    ],
)
def test_the_version_of_the_cluster_decides_about_our_own_containers(version, names, given, capsys):
    assert main(["inject", "--explain", *version, "-f", given(OWN)]) == 0

    assert re.findall(r"\+ (?:init )?(.*) \(vault-inj", capsys.readouterr().out) == names


def test_a_version_that_is_none_is_refused(given, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["inject", "--kubernetes-version", "new", "-f", given(OWN)])

    assert ended.value.code == 2
    assert "expected a version such as 1.31, got 'new'" in capsys.readouterr().err


def test_explain_says_so_if_there_are_no_pods(given, capsys):
    assert main(["inject", "--explain", "-f", given(COMMENTED)]) == 0
    assert capsys.readouterr().out == "there are no pods in these manifests\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\n", "line 2: did not find expected ',' or ']'"),
        ("a: 1\n---\nb: {\n", "line 4: did not find expected node content"),
        ('{"a": ', "line 1: not JSON: Expecting value"),
        ("{{ .Values.x }}\n", "line 1: not JSON: "),
        ("---\n---\na: \x01\n", "line 3: control characters are not allowed"),
        ("[" * 100_000, "line 1: exceeded maximum nesting depth"),
        ("a: &a [1]\nb: *b\n", "line 2: found undefined alias"),
    ],
)
def test_what_is_no_manifest_is_an_error_with_its_line_and_no_traceback(text, says, given, capsys):
    assert main(["inject", "-f", given(text)]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"manifests.yaml: {says}" in err


def test_a_file_that_is_not_there_is_an_error(capsys):
    assert main(["inject", "-f", "/nowhere/x.yaml"]) == 2
    assert "/nowhere/x.yaml: no such file" in capsys.readouterr().err


def test_defaults_come_from_a_file_for_each_namespace(given, capsys, monkeypatch):
    monkeypatch.delenv("AGENT_INJECT_VAULT_ADDR")
    defaults = given(
        "vault_address: https://a.example\nrun_as_user: 7\nnamespaces:\n"
        "  shop: {vault_image: 'special:1'}\n  other: {vault_image: 'wrong:1'}\n",
        "defaults.yaml",
    )

    assert main(["inject", "-f", given(DEPLOYMENT), "--defaults", defaults]) == 0

    (pod,) = pods(capsys.readouterr().out)
    sidecar = pod["spec"]["containers"][1]
    assert sidecar["image"] == "special:1"
    assert sidecar["securityContext"]["runAsUser"] == 7


def test_exact_patches_remove_and_add_again_in_manifests_too(given, capsys):
    defaults = given("exact: true\n", "defaults.yaml")
    # As vault-k8s gets them: with the token's volume, which the API server has added.
    mounts = "volumeMounts: [{name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]"
    text = DEPLOYMENT.replace("agent-inject:", 'agent-init-first: "true"\n        &:').replace(
        "&:", "vault.hashicorp.com/agent-inject:"
    )
    text = text.replace("env: [", f"{mounts}, env: [")
    text += "      initContainers: [{name: migrate, image: 'web:1'}]\n"

    assert main(["inject", "-f", given(text), "--defaults", defaults]) == 0

    (pod,) = pods(capsys.readouterr().out)
    assert [one["name"] for one in pod["spec"]["initContainers"]] == ["vault-agent-init", "migrate"]


def test_every_problem_of_the_defaults_is_shown_with_its_line(given, capsys):
    defaults = given(
        "vault_adress: x\ncpu_limit: lots\nnamespaces:\n  a*: {run_as_user: nobody}\n",
        "defaults.yaml",
    )

    assert main(["inject", "-f", given(DEPLOYMENT), "--defaults", defaults]) == 2

    err = capsys.readouterr().err
    assert "defaults.yaml:1:1: problem: unknown key 'vault_adress'" in err
    assert "did you mean 'vault_address'?" in err
    assert "defaults.yaml:2:12: problem: cpu_limit: quantities must match" in err
    assert "defaults.yaml:4:21: problem: namespaces.a*.run_as_user: " in err


def test_a_variable_that_cannot_be_used_is_named(given, capsys, monkeypatch):
    monkeypatch.setenv("AGENT_INJECT_SET_SECURITY_CONTEXT", "si")

    assert main(["inject", "-f", given(DEPLOYMENT)]) == 2
    assert "AGENT_INJECT_SET_SECURITY_CONTEXT: cannot parse" in capsys.readouterr().err


# --- a function of kustomize -------------------------------------------------------------------

DEFAULTS = "apiVersion: v1\nkind: InjectorDefaults\nmetadata: {name: defaults}\n"
RESOURCES = f"""\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
{indented(DEFAULTS, 2)}  spec:
    vault_address: https://in.config
    namespaces: {{shop: {{image: "i:2"}}}}
items:
  -
{indented(OWN, 4)}"""


@pytest.fixture
def on_standard_input(monkeypatch):
    def putting(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return putting


def test_a_resource_list_comes_out_injected_with_the_defaults_in_it(
    on_standard_input, capsys, monkeypatch
):
    monkeypatch.delenv("AGENT_INJECT_VAULT_ADDR")
    on_standard_input(RESOURCES)

    assert main(["inject", "--krm"]) == 0

    made = yaml.safe_load(capsys.readouterr().out)
    assert (made["kind"], made["functionConfig"]["kind"]) == ("ResourceList", "InjectorDefaults")
    (pod,) = pods(yaml.safe_dump(made["items"]))
    (ours,) = pod["spec"]["initContainers"]
    assert ours["image"] == "i:2"
    assert "https://in.config" in str(ours["env"])
    (result,) = made["results"]
    assert result["severity"] == "warning"
    assert result["resourceRef"] == {"kind": "Deployment", "name": "web", "namespace": "shop"}


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        ("a: 1", [], "standard input: expected a ResourceList, as kustomize and kpt send it"),
        ("", [], "standard input: is empty; expected a ResourceList"),
        ("a: [", [], "standard input: is no YAML: did not find expected node content"),
        (
            RESOURCES.replace("vault_address", "vault_adress"),
            [],
            "functionConfig.spec:1:1: problem: unknown key 'vault_adress'",
        ),
        (RESOURCES, ["-f", "-"], "--krm reads standard input; remove --filename"),
    ],
)
def test_what_kustomize_would_not_send_is_an_error(text, args, says, on_standard_input, capsys):
    on_standard_input(text)

    assert main(["inject", "--krm", *args]) == 2
    assert says in capsys.readouterr().err


def test_without_manifests_it_says_how_to_give_some(capsys):
    assert main(["inject"]) == 2
    assert "no manifests given: use --filename FILE, or - for standard" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("kustomize") is None, reason="kustomize is not here")
def test_kustomize_runs_it(tmp_path):
    program = tmp_path / "inject.sh"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -m injector inject --krm\n")
    program.chmod(0o755)
    function = "{exec: {path: ./inject.sh}}"
    (tmp_path / "defaults.yaml").write_text(
        f"{DEFAULTS.replace('{name: defaults}', '')}"
        f"  name: defaults\n  annotations: {{config.kubernetes.io/function: '{function}'}}\n"
        "spec: {vault_address: https://in.config}\n"
    )
    (tmp_path / "deployment.yaml").write_text(OWN)
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [deployment.yaml]\ntransformers: [defaults.yaml]\n"
    )

    built = subprocess.run(
        ["kustomize", "build", "--enable-alpha-plugins", "--enable-exec", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    (pod,) = pods(built.stdout)
    assert [one["name"] for one in pod["spec"]["initContainers"]] == ["vault-injector"]


# --- the page ----------------------------------------------------------------------------------


def test_the_tables_of_the_page_are_up_to_date():
    text = PAGE.read_text("utf-8")

    assert set(re.findall(r"<!-- table: (.+?) -->", text)) == set(tables())
    assert renewed(text) == text, "run: python -m tools.docs"


EXAMPLES = re.findall(r"(?m)^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL)
ANNOTATED = [text for text in EXAMPLES if text.startswith("metadata:")]


@pytest.mark.parametrize("text", ANNOTATED, ids=lambda text: text.splitlines()[2].strip())
def test_the_annotations_of_the_page_inject(text):
    made = yaml.safe_load(text) | {"spec": {"containers": [{"name": "web"}]}}

    assert inject(made, "shop", Defaults(vault_address="https://v")).patch


def test_the_configuration_of_the_page_is_taken():
    (more,) = [text for text in EXAMPLES if "vault-injector/config: |" in text]
    annotations = yaml.safe_load(ANNOTATED[0])["metadata"]["annotations"] | yaml.safe_load(more)
    made = {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "web"}]}}

    assert inject(made, "shop", Defaults(vault_address="https://v")).patch


def test_the_defaults_of_the_page_are_taken(given):
    (text,) = [text for text in EXAMPLES if text.startswith("# injector-defaults.yaml")]

    cluster = load_cluster(given(text, "defaults.yaml"), {})

    assert cluster.of("team-a").vault_namespace == "teams"
    assert (cluster.of("legacy").exact, cluster.of("shop").exact) == (True, False)
    assert cluster.of("legacy").vault_image == "hashicorp/vault:2.0.4"
