"""vault-k8s' dialect: 430 pods with the answers of its real handler (1.7.6), to the byte."""

import gzip
import json
from pathlib import Path

import pytest

from injector.inject import Defaults, Outcome, inject

RECORDING = Path(__file__).parent / "vault_k8s_1.7.6.jsonl.gz"
ANSWERED = [json.loads(line) for line in gzip.decompress(RECORDING.read_bytes()).splitlines()]


def defaults(flags: dict) -> Defaults:
    """Return the process' flags as they are in the recording."""
    return Defaults.of_vault_k8s(
        **{name.replace("-", "_").lower(): value for name, value in flags.items()}
    )


@pytest.mark.parametrize("answered", ANSWERED, ids=lambda answered: answered["name"])
def test_exact_decides_patches_and_complains_as_vault_k8s(answered):
    outcome = inject(answered["pod"], answered["namespace"], defaults(answered["flags"]))

    assert outcome.allowed == answered["allowed"]
    assert (outcome.message or None) == answered["message"]
    assert outcome.patch == answered["patch"]


def test_the_recording_has_refusals_patches_and_pods_left_alone():
    assert len(ANSWERED) == 430
    assert {answered["allowed"] for answered in ANSWERED} == {True, False}
    assert sum(answered["patch"] is not None for answered in ANSWERED) > 300


# --- the default: the same decisions, apart from these -----------------------------------------

DECIDED_OTHERWISE = {
    "kube-system": "left alone, with a warning",
    "kube-public": "left alone, with a warning",
    "pod-nomounts": "a projected token of its own",
    "pod-sainit": "a projected token of its own",
    "pod-token": "a projected token of its own",
    "same-user-scpod": "the pod's uid counts",
    "agent-run-as-user=": "nobody means root",
    "agent-run-as-group=": "nobody means root",
    "json-patch-08": "its `test` wants vault-k8s' image",
    "json-patch-08-other": "its `test` wants vault-k8s' image",
}


def by_default(answered: dict) -> Outcome:
    flags = {name.replace("-", "_").lower(): value for name, value in answered["flags"].items()}
    return inject(answered["pod"], answered["namespace"], Defaults.of(**flags))


def test_the_default_decides_as_vault_k8s_apart_from_what_the_page_lists():
    differs = set()
    for answered in ANSWERED:
        outcome = by_default(answered)
        decided = (outcome.allowed, outcome.patch is None)
        if decided != (answered["allowed"], answered["patch"] is None):
            differs.add(answered["name"])

    assert differs == set(DECIDED_OTHERWISE)
