"""The same templates through the real agent and through us: the same bytes, the same refusals."""

import re
import urllib.request
from pathlib import Path

import pytest

from injector.clock import SystemClock
from injector.compat.gotemplate import Surroundings
from injector.dev.bao import Bao
from tests.compat.gotemplate import corpus
from tests.compat.gotemplate.judge import Case, Judge
from tests.compat.gotemplate.ours import render

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
    """Write as it stands here: a client of Python would spell numbers anew."""
    request = urllib.request.Request(
        f"{bao.address}/v1/{path}",
        data=body.encode(),
        headers={"X-Vault-Token": bao.root_token},
        method="POST",
    )
    urllib.request.urlopen(request).close()


def ours(bao: Bao, cases: list[Case]) -> list[bytes | str]:
    surroundings = Surroundings(ENVIRON, lambda path: Path(path).read_text(), SystemClock().wall)
    return render(bao, cases, surroundings)


def differing(cases, peers, mine):
    return [
        (case.text, peer, own)
        for case, peer, own in zip(cases, peers, mine, strict=True)
        if (own if isinstance(own, bytes) else None) != peer
    ]


def test_the_agent_and_we_render_the_same_bytes(bao, judge):
    cases = [Case(text) for text in corpus.templates()]
    runs_before = judge.runs

    peers = judge.render(cases, **ENVIRON)

    assert len(cases) > 500
    assert not differing(cases, peers, ours(bao, cases))
    assert judge.runs - runs_before == -(-len(cases) // 150)  # none takes the others with it


def test_what_the_agent_renders_strictly_is_what_we_do(bao, judge):
    cases = [Case(text, strict=True) for text in corpus.STRICT]

    peers = judge.render(cases, **ENVIRON)

    assert peers[0] == b"app"
    assert None in peers
    assert not differing(cases, peers, ours(bao, cases))


@pytest.mark.parametrize("text", corpus.REFUSED)
def test_what_the_agent_does_not_render_is_an_error_with_its_place(bao, judge, text):
    (mine,) = ours(bao, [Case(text)])

    assert judge.render([Case(text)], **ENVIRON) == [None]
    assert isinstance(mine, str)
    assert re.match(r"t\.tpl:1(:\d+)?: ", mine)
