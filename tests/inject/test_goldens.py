"""Whole pods: everything that a pod becomes, as it is in tests/inject/goldens."""

import copy

import kubernetes_validate
import pytest
import yaml

from injector.inject import Outcome, inject
from injector.inject.go import json_patch
from injector.inject.manifests import inject_manifests
from tests.inject.goldens import BECOMES, FOLDER, GIVEN, Golden, goldens

GOLDENS = goldens()
VERSIONS = [f"1.{minor}.0" for minor in range(29, 38)]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_a_pod_becomes_what_is_in_the_file(golden: Golden):
    assert golden.made() == golden.expected(), "run: python -m tests.inject.goldens"


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_a_manifest_becomes_the_same(golden: Golden):
    def injecting(workload) -> Outcome:
        return inject(workload.pod, golden.namespace, golden.defaults, server=golden.server)

    text = yaml.safe_dump(golden.pod, sort_keys=False)
    (document,) = inject_manifests(text, injecting)

    assert yaml.safe_load(document.text) == golden.expected().get("pod", golden.pod)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_pod_is_valid(version):
    for golden in GOLDENS:
        if "pod" in golden.expected():
            kubernetes_validate.validate(golden.expected()["pod"], version, strict=True)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_injecting_again_changes_nothing(golden: Golden):
    made = golden.expected().get("pod")
    if made is not None:
        again = inject(made, golden.namespace, golden.defaults, server=golden.server)
        assert (again.patch, again.why) == (None, "it has been injected")


def test_every_file_belongs_to_a_pod_that_is_given():
    names = {file.name.removesuffix(GIVEN).removesuffix(BECOMES) for file in FOLDER.iterdir()}

    assert names == {golden.name for golden in GOLDENS}


def test_a_given_pod_is_not_changed():
    golden = GOLDENS[0]
    before = copy.deepcopy(golden.pod)

    outcome = golden.inject()

    assert golden.pod == before
    assert json_patch.apply(golden.pod, outcome.patch or ()) != before
