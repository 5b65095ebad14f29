"""`injector inject`: what the webhook does to pods, done to manifests."""

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence

from injector.base.errors import ConfigError
from injector.cli.parser import exits
from injector.cli.saying import say, show
from injector.config.problem import Wrong
from injector.config.textfile import read_text
from injector.inject import Outcome, inject, krm
from injector.inject.cluster import Cluster, cluster_of, load_cluster
from injector.inject.explaining import changes
from injector.inject.manifests import Injected, NotAManifest, inject_manifests
from injector.inject.workloads import Workload

NOTE = """\
Every pod in the manifests that asks for it by annotation gets the agent: in a Pod, and in whatever
has a template of one (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, List, …).
Documents in which nothing changes come out byte for byte. It contacts no server. See
docs/webhook.md for the annotations.

A problem with one pod's annotations prevents all output, so that what follows in a pipe applies all
of it or nothing."""
EXAMPLES = (
    "injector inject -f deploy.yaml | kubectl apply -f -",
    "kustomize build . | injector inject -f - --defaults injector-defaults.yaml",
    "kubectl get deploy -A -o yaml | injector inject --explain -f -",
    "injector inject --krm    # what kustomize runs: see docs/webhook.md",
)
EXITS = {"0": "printed; with --explain: nothing would be refused", **exits(ConfigError)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        metavar="FILE",
        help="manifests, YAML or JSON; `-` is standard input; may be repeated",
    )
    parser.add_argument(
        "--defaults",
        metavar="FILE",
        help="defaults for all pods; AGENT_INJECT_… variables go before it",
    )
    parser.add_argument(
        "-n",
        "--namespace",
        default="default",
        metavar="NAME",
        help="namespace of what names none",
    )
    parser.add_argument(
        "--kubernetes-version",
        type=_version,
        metavar="VERSION",
        help="of the cluster, such as 1.31; without it, one that has native sidecars",
    )
    parser.add_argument(
        "--krm",
        action="store_true",
        help="a function of kustomize or kpt: a ResourceList comes in and goes out; it has the "
        "defaults in functionConfig.spec",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print what would be done to each workload, or why nothing, in place of manifests",
    )


def main(args: argparse.Namespace) -> int:
    texts = {name: _text(name) for name in _names(args)}
    cluster = _krm_defaults(texts["-"]) if args.krm else None
    cluster = cluster or load_cluster(args.defaults, os.environ)
    documents = [
        document
        for name, text in texts.items()
        for document in _injected(name, text, cluster, args)
    ]
    outcomes = [found for document in documents for found in document.outcomes]
    refused = [f"{workload}: {out.message}" for workload, out in outcomes if not out.allowed]
    if args.explain:
        lines = [line for found in outcomes for line in _explained(*found)]
        show("\n".join(lines or ["there are no pods in these manifests"]))
        return ConfigError.exit_code if refused else 0
    for workload, outcome in outcomes:
        for warning in outcome.warnings:
            say(f"{workload}: warning: {warning}")
    if refused:
        raise ConfigError(*refused)
    text = _joined([document.text for document in documents])
    show(krm.with_results(text, outcomes) if args.krm else text, end="")
    return 0


def _names(args: argparse.Namespace) -> list[str]:
    """Return which texts are read."""
    names: list[str] = args.filename or []
    if args.krm:
        if names:
            raise ConfigError("--krm reads standard input; remove --filename")
        return ["-"]
    if not names:
        raise ConfigError("no manifests given: use --filename FILE, or - for standard input")
    return names


def _krm_defaults(text: str) -> Cluster | None:
    """Return the defaults in a ResourceList, if there are any."""
    try:
        document = krm.defaults_in(text)
    except NotAManifest as exc:
        raise ConfigError(f"standard input: {exc}") from None
    return None if document is None else cluster_of(document, os.environ)


def _version(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:[.+-].*)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"expected a version such as 1.31, got '{text}'")
    return int(found[1]), int(found[2])


def _injected(name: str, text: str, cluster: Cluster, args: argparse.Namespace) -> list[Injected]:
    def injecting(workload: Workload) -> Outcome:
        where = workload.namespace or args.namespace
        defaults = cluster.of(where)
        return inject(workload.pod, where, defaults, server=args.kubernetes_version)

    try:
        return list(inject_manifests(text, injecting))
    except NotAManifest as exc:
        raise ConfigError(f"{_called(name)}: {exc}") from None


def _text(name: str) -> str:
    try:
        return read_text(name) if name != "-" else sys.stdin.buffer.read().decode()
    except Wrong as exc:
        raise ConfigError(f"{name}: {exc}") from None
    except UnicodeDecodeError as exc:
        raise ConfigError(
            f"standard input: is not UTF-8 text (byte {exc.start}); write it as UTF-8"
        ) from None


def _called(name: str) -> str:
    return "standard input" if name == "-" else name


def _joined(texts: Sequence[str]) -> str:
    """Return documents one after the other: a file's first need not begin with `---`."""
    joined = ""
    for text in texts:
        if joined and not text.startswith("---"):
            joined += ("" if joined.endswith("\n") else "\n") + "---\n"
        joined += text
    return joined


def _explained(workload: Workload, outcome: Outcome) -> Iterator[str]:
    done = outcome.why if outcome.patch or not outcome.allowed else f"left alone: {outcome.why}"
    yield f"{workload}: {done}"
    for line in changes(workload.pod, outcome.patch or ()):
        yield f"  + {line}"
    for problem in outcome.problems:
        yield f"  ! {': '.join(filter(None, (problem.annotation, problem.text)))}"
    for warning in outcome.warnings:
        yield f"  ? {warning}"
