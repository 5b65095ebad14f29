"""The same templates rendered by the real agent and by us: the same bytes, the same errors."""

import os
import random
import re
import urllib.request
from pathlib import Path

import pytest

from injector.base.clock import SystemClock
from injector.dev.bao import Bao
from injector.dialects.gotemplate import Surroundings
from injector.dialects.gotemplate.network import interfaces
from tests.dialects.gotemplate import corpus
from tests.dialects.gotemplate.judge import Case, Judge
from tests.dialects.gotemplate.ours import render
from tests.dialects.gotemplate.randomly import random_templates

# The whole corpus, with different random templates each time: `make test-differential`.
WHOLE = bool(os.environ.get("INJECTOR_TEST_DIFFERENTIAL"))
SEED = int(os.environ.get("INJECTOR_TEST_SEED") or (random.randrange(2**32) if WHOLE else 1))
ENVIRON = {"OURS": "ours", "EMPTY": ""}


@pytest.fixture(scope="module")
def bao(server: Bao) -> Bao:
    kv2 = server.admin.secrets.kv.v2
    _write(server, "secret/data/ours/app", f'{{"data": {corpus.KV2}}}')
    _write(server, "kv1/ours/app", corpus.KV1)
    kv2.create_or_update_secret("ours/pointer", secret={"path": "secret/data/ours/app"})
    for value in ("old", "new"):
        kv2.create_or_update_secret("ours/two", secret={"v": value})
    for number in range(5):
        kv2.create_or_update_secret(f"ours/many/k{number}", secret={"n": number})
    return server


@pytest.fixture(scope="module")
def judge(bao: Bao, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(bao, tmp_path_factory.mktemp("judge"))


def _write(bao: Bao, path: str, body: str) -> None:
    """Write verbatim: a Python client would change the notation of numbers."""
    request = urllib.request.Request(
        f"{bao.address}/v1/{path}",
        data=body.encode(),
        headers={"X-Vault-Token": bao.root_token},
        method="POST",
    )
    urllib.request.urlopen(request).close()


def ours(bao: Bao, cases: list[Case]) -> list[bytes | str]:
    surroundings = Surroundings(
        ENVIRON,
        lambda path: Path(path).read_text(),
        SystemClock().wall,
        read_machine=interfaces.read,
    )
    return render(bao, cases, surroundings)


def differing(cases, peers, mine):
    return [
        (case.text, peer, own)
        for case, peer, own in zip(cases, peers, mine, strict=True)
        if (own if isinstance(own, bytes) else None) != peer
    ]


def test_the_agent_and_we_render_the_same_bytes(bao, judge):
    cases = [Case(text) for text in corpus.templates(whole=WHOLE)]
    runs_before = judge.runs

    peers = judge.render(cases, **ENVIRON)

    assert len(cases) > (1400 if WHOLE else 400)
    assert not differing(cases, peers, ours(bao, cases))
    assert judge.runs - runs_before == -(-len(cases) // 150)  # none makes others fail


def test_random_templates_give_the_same_bytes(bao, judge):
    """What we render, the agent renders the same; some of what we reject is checked there too."""
    cases = [Case(text) for text in random_templates(1500 if WHOLE else 150, seed=SEED)]
    mine = ours(bao, cases)
    rendered = [case for case, own in zip(cases, mine, strict=True) if isinstance(own, bytes)]
    refused = [case for case, own in zip(cases, mine, strict=True) if isinstance(own, str)]
    some = refused[:: 1 if WHOLE else len(refused) // 5 + 1]

    peers = judge.render(rendered, **ENVIRON)

    own = {case.text: own for case, own in zip(cases, mine, strict=True)}
    assert len(rendered) > len(cases) / 3
    assert not differing(rendered, peers, [own[case.text] for case in rendered]), f"seed {SEED}"
    assert [judge.render([case]) for case in some] == [[None]] * len(some), f"seed {SEED}"


def test_strict_templates_render_as_in_the_agent(bao, judge):
    cases = [Case(text, strict=True) for text in corpus.STRICT]

    peers = [judge.render([case], **ENVIRON)[0] for case in cases]

    assert peers[0] == b"app"
    assert None in peers
    assert not differing(cases, peers, ours(bao, cases))


@pytest.mark.parametrize("text", corpus.REFUSED if WHOLE else corpus.REFUSED[::4])
def test_templates_that_the_agent_rejects_are_errors_with_their_position(bao, judge, text):
    (mine,) = ours(bao, [Case(text)])

    assert judge.render([Case(text)], **ENVIRON) == [None]
    assert isinstance(mine, str)
    assert re.match(r"t\.tpl:1(:\d+)?: ", mine)
