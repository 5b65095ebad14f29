"""vault-k8s' dialect: 430 pods with the answers of its real handler (1.7.6), to the byte."""

import gzip
import json
from pathlib import Path

import pytest

from injector.inject import Defaults, inject

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
