"""The hand-over file: what goes into it, who may go on with it, and that it never does harm."""

import base64
import hashlib
import io
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from injector.base.errors import ConfigError, WriteError
from injector.base.log import logger
from injector.config import model
from injector.engine.auth.approle import SecretId
from injector.engine.delivery.ledger import Pending
from injector.engine.handover import (
    Handover,
    HandoverState,
    Left,
    Record,
    Stamp,
    Unusable,
    capture,
    decode,
    encode,
    record,
    restore,
    stamp,
)
from injector.engine.handover.stamp import boot_id, identity
from injector.engine.store import Generation, Phase
from injector.secret import Answer, Kind, Life
from injector.sources.source import Shapes
from injector.sources.vault import Token, VaultAnswer
from injector.sources.vault.answer import Envelope
from injector.sources.vault.ref import VaultRef
from injector.sources.vault.source import SHAPES as VAULT_SHAPES
from tests.support.disk import STRANGER, as_uid, memory_backed_directory, mounted, require_disk
from tests.support.fakes import FakeClock
from tests.support.folder import FolderRef, Session

SHAPES = {"vault": VAULT_SHAPES}
CANARY = "canary-7f3a-9b2c"
NOW = Stamp("one configuration", "one boot", 1000.0)
TOKEN = Token(f"{CANARY}-token", "accessor", granted_at=900.0, duration=600.0, renewable=True)
DB = VaultRef.of("database/creds/app")


def lease(
    number: int = 1, *, ref: VaultRef = DB, phase: Phase = Phase.DELIVERED, **life
) -> Generation:
    lived = Life(Kind.LEASE, 900.0, **({"duration": 300.0, "token_expires_at": 1500.0} | life))
    data = {"username": "app", "password": f"{CANARY}-{number}"}
    answer = VaultAnswer(
        data,
        Kind.LEASE,
        lease_id=f"{ref}/{CANARY}-lease",
        duration=lived.duration,
        renewable=True,
    )
    return Generation(ref, number, answer, lived, TOKEN, 900.0, phase)


def static(path: str = "secret/data/app", kind: Kind = Kind.STATIC) -> Generation:
    answer = VaultAnswer({"password": f"{CANARY}-kv"}, kind, version="3")
    return Generation(
        VaultRef.of(path), 1, answer, Life(kind, 900.0), TOKEN, 900.0, Phase.PUBLISHED
    )


STATE = HandoverState(
    token=TOKEN,
    generations=(lease(),),
    issuances={"database/creds/app": (900.0,)},
    pending={"app": Pending(950.0, 960.0, 1.7e9, 940.0, {"/run/secrets/db.env"})},
    notified_at={"web": 910.0},
    files={"/run/secrets/db.env": Left("5d0c1f6e", (1, 2, 3), CANARY.encode())},
    secret_id=SecretId(f"{CANARY}-secret-id", f"{CANARY}-wrapping"),
)
RECORD = Record(replace(NOW, at=990.0), STATE)


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_backed_directory() as path:
        yield path


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handover(memory, said) -> Handover:
    return at(memory / "handover", said)


def at(path: Path, said: io.StringIO) -> Handover:
    log = logger(level="debug", style="json", redact=lambda text: text, stream=said)
    return Handover(str(path), log, SHAPES)


def warnings(said: io.StringIO) -> list[str]:
    events = [msgspec.json.decode(line) for line in said.getvalue().splitlines()]
    assert all(event["level"] == "warning" for event in events)
    return [event["reason"] for event in events]


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a file to another user needs root")
    os.chown(path, STRANGER, STRANGER)


def numbers(state: HandoverState) -> list[tuple[int, Phase]]:
    return [(generation.number, generation.phase) for generation in state.generations]


# --- what is written down ------------------------------------------------------------------------


def test_a_record_survives_a_round_trip(handover, said):
    handover.save(RECORD)

    assert asdict(handover.load(NOW)) == asdict(RECORD)
    assert said.getvalue() == ""


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_file_is_for_its_owner_only_whatever_the_umask(handover, memory, umask):
    old_umask = os.umask(umask)
    try:
        with handover.lock():
            handover.save(RECORD)
    finally:
        os.umask(old_umask)

    modes = {path.name: path.stat().st_mode & 0o7777 for path in memory.iterdir()}
    assert modes == {"handover": 0o600, "handover.lock": 0o600}


@pytest.mark.parametrize("kind", Kind)
def test_only_what_another_request_would_reissue_is_recorded(kind):
    captured = capture(HandoverState(generations=(static(kind=kind),)))

    can_be_read_again = kind in {Kind.STATIC, Kind.STATIC_ROLE}
    assert bool(captured.generations) is not can_be_read_again


def test_a_kv_value_is_not_in_the_file(handover, memory):
    state = HandoverState(token=replace(TOKEN, value="s.token"), generations=(static(),))

    handover.save(Record(NOW, capture(state)))

    assert CANARY.encode() not in (memory / "handover").read_bytes()


def test_an_absent_optional_secret_is_requested_again():
    absent = replace(static(), answer=None)

    assert capture(HandoverState(generations=(absent,))).generations == ()


def test_a_provided_token_is_not_recorded():
    given_token = replace(TOKEN, ours=False)
    state = HandoverState(token=given_token, generations=(replace(lease(), token=given_token),))

    captured = capture(state)

    assert captured.token is None
    assert captured.generations[0].token is given_token  # its lease dies with it all the same


def test_no_value_shows_in_a_repr():
    assert CANARY not in repr(RECORD)


def test_the_shape_of_the_file_is_pinned_so_that_a_changed_one_gets_a_new_version():
    """Changed? A field that older files may lack: adapt this list. Anything else: a new VERSION."""
    types = (
        Record, Stamp, HandoverState, Left, Generation, VaultRef, VaultAnswer, Envelope, Life,
        Token, Pending, SecretId,
    )  # fmt: skip

    shape = {
        kind.__name__: " ".join(
            getattr(kind, "__struct_fields__", None) or kind.__dataclass_fields__
        )
        for kind in types
    }

    assert record.VERSION == b"3"
    assert shape == {
        "Record": "stamp state",
        "Stamp": "identity boot_id at",
        "HandoverState": "token replaced_tokens generations issuances pending notified_at files "
        "rejected secret_id",
        "Left": "content_hash identity earlier",
        "Generation": "ref number answer life token added_at phase superseded_at successor_lost "
        "rotation_id",
        "VaultRef": "path namespace body lists by_mount",
        "VaultAnswer": "data kind version lease_id envelope duration renewable ends_at",
        "Envelope": "request_id lease_duration renewable metadata warnings wraps logs_in is_empty",
        "Life": "kind granted_at duration renewable token_expires_at token_renewable",
        "Token": "value accessor granted_at duration renewable ours uses rights namespace",
        "Pending": "first last written_at answered_at outputs urgent",
        "SecretId": "value file_text",
    }


# --- what still holds ----------------------------------------------------------------------------


def test_what_is_still_valid_is_used():
    restored = restore(STATE, NOW.at)

    assert asdict(restored) == asdict(STATE)
    assert restored.generations[0].token is restored.token  # one token, not two that are equal


def test_what_has_expired_is_dropped():
    at_its_end = TOKEN.expires_at

    assert restore(STATE, at_its_end - 1).token is not None
    assert restore(STATE, at_its_end).token is None
    assert restore(STATE, 1199.0).generations != ()
    assert restore(STATE, 1200.0).generations == ()
    assert restore(HandoverState(replaced_tokens=(TOKEN,)), at_its_end).replaced_tokens == ()


def test_a_lease_expires_with_its_token():
    state = replace(STATE, generations=(lease(duration=86400.0),))

    assert restore(state, TOKEN.expires_at - 1).generations != ()
    assert restore(state, TOKEN.expires_at).generations == ()


def test_a_lease_lives_on_with_a_token_that_was_renewed_after_it():
    renewed = replace(TOKEN, granted_at=1400.0)
    state = HandoverState(token=renewed, generations=(lease(duration=86400.0),))

    [restored] = restore(state, 1600.0).generations

    assert restored.life.expires_at == renewed.expires_at
    assert restored.token is renewed


def test_a_token_that_never_expires_is_kept():
    assert restore(HandoverState(token=replace(TOKEN, duration=0.0)), 1e9).token is not None


def test_the_predecessor_of_an_expired_credential_does_not_come_back():
    older, current = lease(1, duration=3600.0), lease(2, duration=10.0)
    waiting = lease(3, phase=Phase.PENDING)

    restored = restore(replace(STATE, generations=(waiting, current, older)), NOW.at)

    assert numbers(restored) == [(3, Phase.PENDING), (1, Phase.SUPERSEDED)]
    assert restored.generations[1].superseded_at == NOW.at


def test_a_replaced_lease_that_is_still_held_is_kept():
    older, current = lease(1), lease(2, phase=Phase.PUBLISHED)

    restored = restore(replace(STATE, generations=(current, older)), NOW.at)

    assert numbers(restored) == [(2, Phase.PUBLISHED), (1, Phase.DELIVERED)]


def test_a_file_written_after_the_last_record_is_still_unannounced():
    """Killed between the rename and the next record."""
    assert STATE.unnotified("/run/secrets/db.env", "another content")
    assert not STATE.unnotified("/run/secrets/db.env", "5d0c1f6e")
    assert not STATE.unnotified("/run/secrets/new.env", "5d0c1f6e")  # nothing is known of it


# --- who may go on with it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (replace(NOW, identity="another"), "another configuration"),
        (replace(NOW, boot_id="another"), "another boot"),
        (replace(NOW, boot_id=""), "boot_id cannot be read"),
        (replace(NOW, at=1.0), "from the future"),
    ],
)
def test_a_foreign_record_is_ignored_with_a_warning(handover, said, now, reason):
    handover.save(RECORD)

    assert handover.load(now) is None
    [warning] = warnings(said)
    assert reason in warning


def configuration(**changes) -> model.Config:
    config = {"role_id_file_path": "/r"} | changes.pop("config", {})
    method = {"type": "approle", "config": {"type": "approle"} | config} | changes.pop("method", {})
    vault = {"address": "https://vault.example:8200"} | changes.pop("vault", {})
    document = {"vault": vault, "auto_auth": {"method": method}, **changes}
    return msgspec.convert(document, model.Config)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"method": {"max_backoff": 5.0}}, True),
        ({"template_config": {"lease_renewal_threshold": 0.5}}, True),
        ({"vault": {"timeout": 5.0}}, True),
        ({"vault": {"address": "https://other.example:8200"}}, False),
        ({"vault": {"namespace": "team-b"}}, False),
        ({"method": {"mount_path": "auth/other"}}, False),
        ({"config": {"role_id_file_path": "/other"}}, False),
    ],
)
def test_a_record_belongs_to_one_server_and_one_login(changes, same):
    assert (identity(configuration(**changes)) == identity(configuration())) is same


def test_there_is_an_identity_without_auto_auth_too():
    assert identity(model.Config()) != identity(configuration())


async def test_a_stamp_is_of_this_boot_and_this_moment():
    clock = FakeClock()

    made = stamp(configuration(), clock)

    assert made.boot_id == boot_id() != ""
    assert made.at == clock.now()
    assert made.objection(made) == ""


# --- what is wrong with a file is said, and does no harm ------------------------------------------


def test_a_first_start_causes_no_warning(handover, memory, said):
    assert handover.load(NOW) is None
    assert at(memory / "no" / "folder" / "yet", said).load(NOW) is None
    assert said.getvalue() == ""


def spoil_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def spoil_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def spoil_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def spoil_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def spoil_size(path: Path) -> None:
    os.truncate(path, record.LARGEST + 1)


def spoil_version(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"hand-over 3\n", b"hand-over 2\n", 1))


def spoil_group(path: Path) -> None:
    path.chmod(0o640)


def spoil_others(path: Path) -> None:
    path.chmod(0o602)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_link, "a link"),
        (spoil_directory, "a directory"),
        (spoil_pipe, "or the like"),
        (spoil_socket, "or the like"),
        (spoil_size, "larger than 64 MiB"),
        (spoil_version, "another version"),
        (spoil_group, "others may use it (mode 0640)"),
        (spoil_others, "others may use it (mode 0602)"),
        (lambda path: path.write_bytes(b""), "not a hand-over file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "damaged"),
    ],
)
def test_an_unusable_file_is_ignored_with_one_warning_that_says_why(
    handover, memory, said, spoil: Callable[[Path], object], reason
):
    handover.save(RECORD)
    spoil(memory / "handover")

    assert handover.load(NOW) is None
    [warning] = warnings(said)
    assert reason in warning
    assert CANARY not in said.getvalue()


@pytest.mark.parametrize("spoil", [spoil_link, spoil_pipe, spoil_group, spoil_version])
def test_the_next_record_replaces_an_unusable_file(handover, memory, spoil):
    handover.save(RECORD)
    spoil(memory / "handover")

    handover.save(RECORD)

    assert handover.load(NOW) is not None
    assert (memory / "handover").stat().st_mode & 0o7777 == 0o600


def test_a_file_of_another_user_is_ignored_with_a_warning(handover, memory, said):
    handover.save(RECORD)
    give_away(memory / "handover")

    assert handover.load(NOW) is None
    assert f"belongs to uid {STRANGER}" in warnings(said)[0]


def test_a_file_that_may_not_be_read_is_ignored_with_a_warning(handover, said):
    handover.save(RECORD)

    with as_uid(STRANGER):
        assert handover.load(NOW) is None
    assert "Permission denied" in warnings(said)[0]


@pytest.mark.parametrize(
    "content",
    [
        msgspec.msgpack.encode({"state": {"token": {"value": [CANARY]}, "phase": CANARY}}),
        msgspec.msgpack.encode({"stamp": "text"}).replace(b"text", b"\xff\xfe\xff\xfe"),
        msgspec.msgpack.encode({"text": CANARY}).replace(b"text", b"\xff\xfe\xff\xfe"),
    ],
)
def test_a_record_of_another_shape_is_ignored_and_not_quoted(handover, memory, said, content):
    handover.save(RECORD)
    whole = record._HEADER + hashlib.sha256(content).digest() + content
    (memory / "handover").write_bytes(whole)

    assert handover.load(NOW) is None
    assert "another version" in warnings(said)[0]
    assert CANARY not in said.getvalue()


def test_off_memory_nothing_is_read_and_nothing_written(tmp_path, said):
    handover = at(require_disk(tmp_path) / "handover", said)
    (tmp_path / "handover").write_bytes(encode(RECORD))

    assert handover.load(NOW) is None
    assert "not on a memory-backed filesystem" in warnings(said)[0]
    with pytest.raises(WriteError, match="not on a memory-backed filesystem"):
        handover.save(RECORD)
    with pytest.raises(ConfigError, match="not on a memory-backed filesystem"), handover.lock():
        pass
    assert os.listdir(tmp_path) == ["handover"]


def test_a_record_that_cannot_be_encoded_is_an_error_without_a_value(handover):
    for value in (2**70, f"{CANARY}\ud800"):
        odd = lease()
        data = {"password": value}
        odd = replace(odd, answer=structs.replace(odd.answer, data=data) if odd.answer else None)

        with pytest.raises(WriteError, match="cannot be stored") as caught:
            handover.save(Record(NOW, HandoverState(generations=(odd,))))
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None


# Filesystems that fill up: the last record says what may be over by now, such as a revoked lease.


@pytest.fixture
def small(memory, said) -> Iterator[Handover]:
    (memory / "small").mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", memory / "small"):
        yield at(memory / "small" / "handover", said)


def large(size: int) -> Record:
    odd = lease()
    assert odd.answer is not None
    answer = structs.replace(odd.answer, data={"a": "x" * size})
    return Record(NOW, HandoverState(generations=(replace(odd, answer=answer),)))


def test_a_record_that_only_fits_after_removing_the_last_one_replaces_it(small):
    small.save(large(36 * 1024))

    small.save(large(37 * 1024))

    found = small.load(NOW)
    assert found is not None
    assert encode(found) == encode(large(37 * 1024))


def test_where_a_record_does_not_fit_none_is_left(small):
    small.save(RECORD)

    with pytest.raises(WriteError, match="No space left"):
        small.save(large(80 * 1024))

    assert small.load(NOW) is None
    assert os.listdir(os.path.dirname(small.path)) == []


def test_a_record_that_cannot_be_encoded_leaves_no_older_one(handover):
    handover.save(RECORD)

    with pytest.raises(WriteError):
        handover.save(Record(NOW, HandoverState(issuances={"\ud800": ()})))

    assert handover.load(NOW) is None


def test_a_removed_file_is_gone_and_removing_it_twice_is_no_error(handover, memory):
    handover.save(RECORD)

    handover.remove()
    handover.remove()

    assert os.listdir(memory) == []


# --- any record, any damage ----------------------------------------------------------------------

times = st.floats(allow_nan=False, allow_infinity=False)
durations = times | st.just(math.inf)
texts = st.text()
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | times | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
refs = st.builds(VaultRef, texts, texts, st.none() | texts)


def tokens(*values):
    """Tokens with these values: of each there is one, as it is now."""
    of = st.sampled_from(values)
    return st.builds(Token, of, texts, times, durations, st.booleans(), st.booleans())


lives = st.builds(Life, st.sampled_from(Kind), times, durations, st.booleans(), durations)
answers = st.builds(
    VaultAnswer,
    st.dictionaries(texts, values, max_size=3),
    st.sampled_from(Kind),
    texts,
    texts,
    duration=times,
    renewable=st.booleans(),
)
generations = st.builds(
    Generation,
    ref=refs,
    number=st.integers(1, 2**40),
    answer=st.none() | answers,
    life=lives,
    token=st.none() | tokens("current", "older", "gone"),
    added_at=times,
    phase=st.sampled_from(Phase),
    superseded_at=times,
)
states = st.builds(
    HandoverState,
    token=st.none() | tokens("current"),
    replaced_tokens=st.lists(tokens("older"), max_size=1).map(tuple),
    generations=st.lists(generations, max_size=4).map(tuple),
    issuances=st.dictionaries(texts, st.lists(times, max_size=3).map(tuple), max_size=2),
    pending=st.dictionaries(
        texts, st.builds(Pending, times, times, times, times, st.sets(texts)), max_size=2
    ),
    notified_at=st.dictionaries(texts, times, max_size=2),
    files=st.dictionaries(
        texts,
        st.builds(Left, texts, st.lists(st.integers(0, 2**63), max_size=3).map(tuple)),
        max_size=2,
    ),
    secret_id=st.none() | st.builds(SecretId, texts, texts),
)
records = st.builds(Record, st.builds(Stamp, texts, texts, times), states)


@given(records)
def test_any_record_survives_the_bytes(one):
    assert asdict(decode(encode(one), SHAPES)) == asdict(one)


def test_what_a_source_has_left_that_is_no_longer_there_is_left_out():
    elsewhere = FolderRef("app")
    answer = Answer({"password": CANARY}, Kind.LEASE, lease_id=f"{CANARY}-lease")
    other = replace(lease(), ref=elsewhere, answer=answer, token=Session(CANARY))
    both = Record(NOW, HandoverState(generations=(lease(), other)))
    shapes = {**SHAPES, "folder": Shapes(FolderRef, Answer, Session)}

    assert decode(encode(both), shapes).state.generations[1] == other
    assert [found.ref for found in decode(encode(both), SHAPES).state.generations] == [DB]


@given(states, times)
def test_restoring_any_state_leaves_nothing_expired(state, now):
    restored = restore(state, now)

    assert all(found.life.expires_at > now for found in restored.generations)
    assert restored.token is None or restored.token.expires_at > now
    assert asdict(restore(restored, now)) == asdict(restored)


ENCODED = encode(RECORD)


@given(st.data())
def test_any_damage_is_noticed(data):
    place = data.draw(st.integers(0, len(ENCODED) - 1))
    flipped = bytes([ENCODED[place] ^ data.draw(st.integers(1, 255))])

    for damaged in (ENCODED[:place], ENCODED[:place] + flipped + ENCODED[place + 1 :]):
        with pytest.raises(Unusable) as caught:
            decode(damaged, SHAPES)
        assert CANARY not in str(caught.value)


@given(st.binary() | st.binary().map(record._HEADER.__add__))
def test_any_bytes_are_a_record_or_unusable(encoded):
    with pytest.raises(Unusable):
        decode(encoded, SHAPES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary().map(lambda noise: hashlib.sha256(noise).digest() + noise))
def test_any_content_with_a_right_digest_is_ignored_too(handover, memory, noise):
    """Who can write such a file is our own user, or an injector from the future."""
    (memory / "handover").write_bytes(record._HEADER + noise)
    (memory / "handover").chmod(0o600)

    assert handover.load(NOW) is None


# --- one injector at a time ----------------------------------------------------------------------


def test_a_second_injector_learns_who_holds_the_lock(handover, memory, said):
    with (
        handover.lock(),
        pytest.raises(ConfigError, match=rf"handover\.lock is held .*process {os.getpid()} "),
        at(memory / "handover", said).lock(),
    ):
        pass


def test_the_lock_is_free_when_its_holder_is_done(handover):
    for _ in range(2):
        with handover.lock():
            pass


def test_child_processes_do_not_keep_the_lock(handover):
    with handover.lock():
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with handover.lock():
            pass
    finally:
        child.kill()
        child.wait()


def test_a_killed_holder_does_not_keep_the_lock(memory, said):
    program = f"""
from injector.engine.handover import Handover
with Handover({str(memory / "handover")!r}, None, {{}}).lock():
    print("held", flush=True)
    input()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(ConfigError, match=f"process {holder.pid} "),
            at(memory / "handover", said).lock(),
        ):
            pass
        holder.kill()

    with at(memory / "handover", said).lock():
        pass


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "is a symbolic link"),
        (os.mkfifo, "is not a regular file"),
        (Path.mkdir, "cannot be opened"),
    ],
)
def test_a_planted_lock_is_refused(handover, memory, plant, reason):
    plant(memory / "handover.lock")

    with pytest.raises(ConfigError, match=reason), handover.lock():
        pass


def test_a_lock_of_another_user_is_refused_with_the_remedy(memory, said):
    (memory / "handover.lock").touch()
    give_away(memory / "handover.lock")

    with (
        pytest.raises(ConfigError, match=f"belongs to uid {STRANGER}.*run as the same user"),
        at(memory / "handover", said).lock(),
    ):
        pass


def test_a_folder_that_may_not_be_written_is_refused_with_the_remedy(handover):
    with (
        as_uid(STRANGER),
        pytest.raises(ConfigError, match="run as the same user, one that may write here"),
        handover.lock(),
    ):
        pass


# --- killed at any moment ------------------------------------------------------------------------


def test_taking_the_lock_removes_leftovers_of_a_killed_save_and_nothing_else(
    handover, memory, monkeypatch
):
    kept = {"handover.lock", ".other.vault-injector.12345678", ".handover.vault-injector.swp"}
    for name in kept:
        (memory / name).touch()
    with monkeypatch.context() as patch:  # a kill -9: no clean-up
        patch.setattr(os, "replace", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            handover.save(RECORD)
    assert len(os.listdir(memory)) == len(kept) + 1

    with handover.lock():
        assert set(os.listdir(memory)) == kept


def test_killed_while_saving_the_record_is_the_old_or_the_new_one_complete(memory):
    """In a process of its own: it forks."""
    encoded = base64.b64encode(encode(RECORD)).decode()
    program = f"""
import base64, os, random, signal, time
from dataclasses import asdict, replace
from injector.engine.handover import Handover, decode
from injector.sources.vault.source import SHAPES as OF_VAULT

SHAPES = {{"vault": OF_VAULT}}
handover = Handover({str(memory / "handover")!r}, None, SHAPES)  # without a log
record = decode(base64.b64decode({encoded!r}), SHAPES)
many = {{f"/run/{{number}}": next(iter(record.state.files.values())) for number in range(20_000)}}
records = [record, replace(record, state=replace(record.state, files=many))]
wanted = [asdict(one) for one in records]
handover.save(record)
for _ in range(40):
    child = os.fork()
    while child == 0:
        for one in records:
            handover.save(one)
    time.sleep(random.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with handover.lock():
        assert asdict(handover.load(record.stamp)) in wanted
        assert sorted(os.listdir({str(memory)!r})) == ["handover", "handover.lock"]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
