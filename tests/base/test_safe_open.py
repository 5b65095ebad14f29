"""What stands where a file is expected: a pipe waits for nobody, and a device has an end."""

import os
import subprocess
import sys

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from injector.base.errors import AuthError, ConfigError, HookError, TransientError
from injector.cli import wire
from injector.config import model
from injector.engine.auth import material
from injector.sources.vault import tls
from injector.status.sockets import tls_context
from injector.targets.notify.http import _trust
from tests.support.configs import complete
from tests.support.processes import result

pytestmark = pytest.mark.timeout(30)


def a_pipe(path):
    os.mkfifo(path)


def an_endless_device(path):
    path.symlink_to("/dev/zero")


def a_huge_file(path):
    with path.open("wb") as file:
        file.truncate(64 * 2**30)


TRAPS = [a_pipe, an_endless_device, a_huge_file]
REFUSED = r"it is (not a regular file|larger than 16 MiB)"


@pytest.mark.parametrize("trap", TRAPS)
def test_a_configuration_is_a_file_of_bounded_size(tmp_path, trap):
    trap(tmp_path / "app.yaml")

    ended = result("check", "-c", tmp_path / "app.yaml")

    assert ended.returncode == 2
    assert "app.yaml: cannot be read: it is " in ended.stderr + ended.stdout


@pytest.mark.parametrize("trap", TRAPS)
def test_so_is_the_source_of_a_template(tmp_path, trap):
    trap(tmp_path / "source")
    (tmp_path / "app.yaml").write_text(
        complete(f"template: {{source: {tmp_path}/source, destination: /dev/shm/x}}")
    )

    ended = result("check", "-c", tmp_path / "app.yaml")

    assert ended.returncode == 2
    assert "source: cannot be read: it is " in (ended.stderr + ended.stdout).replace("\n", " ")


@pytest.mark.parametrize("trap", TRAPS)
def test_so_is_what_a_login_needs(tmp_path, trap):
    trap(tmp_path / "secret_id")

    with pytest.raises(AuthError, match=r"it is not a regular file|is larger than 65536 bytes"):
        material.read(str(tmp_path / "secret_id"), "secret id")


@pytest.fixture
def pair(tmp_path):
    issued = trustme.CA().issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    return model.Listener(
        type="tcp",
        address="127.0.0.1:1",
        tls_cert_file=str(tmp_path / "cert"),
        tls_key_file=str(tmp_path / "key"),
    )


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("member", ["cert", "key"])
def test_so_are_the_certificate_and_the_key_of_a_listener(tmp_path, pair, trap, member):
    assert tls_context(pair)
    (tmp_path / member).unlink()
    trap(tmp_path / member)

    with pytest.raises(ConfigError, match=f"{tmp_path}/{member}: {REFUSED}"):
        tls_context(pair)


@pytest.mark.parametrize("trap", TRAPS)
def test_so_is_the_certificate_that_status_trusts(tmp_path, trap):
    trap(tmp_path / "cert")

    with pytest.raises(ConfigError, match=f"cannot read the listener's {tmp_path}/cert: {REFUSED}"):
        wire._trust(str(tmp_path / "cert"))


@pytest.mark.parametrize("trap", TRAPS)
def test_so_are_the_authorities_of_a_notified_application(tmp_path, trap):
    trap(tmp_path / "ca.pem")

    with pytest.raises(HookError, match=rf"ca\.pem: {REFUSED}"):
        _trust(model.Http(url="https://app", ca_cert=str(tmp_path / "ca.pem")))


@pytest.mark.parametrize("trap", TRAPS)
def test_so_are_those_of_vault(tmp_path, trap):
    trap(tmp_path / "ca.pem")

    with pytest.raises(TransientError, match=rf"ca\.pem for TLS: {REFUSED}"):
        tls.tls_context(model.Vault(ca_cert=str(tmp_path / "ca.pem")))


def test_a_pipe_among_the_authorities_of_a_directory_is_found_before_it_is_waited_for(tmp_path):
    (tmp_path / "gone.0").symlink_to("nowhere")
    tls.tls_context(model.Vault(ca_path=str(tmp_path)))
    os.mkfifo(tmp_path / "3f1b2a7c.0")

    with pytest.raises(TransientError, match=r"3f1b2a7c\.0 for TLS: it is not a regular file"):
        tls.tls_context(model.Vault(ca_path=str(tmp_path)))


def test_nobody_is_asked_for_the_passphrase_of_a_listeners_key(tmp_path, pair):
    """OpenSSL would ask on the terminal, and wait: pytest has one when a person runs it."""
    key = serialization.load_pem_private_key((tmp_path / "key").read_bytes(), None)
    (tmp_path / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    controller, terminal = os.openpty()
    program = (
        "import sys; from injector.config import model; from injector.status import sockets\n"
        "cert, key = sys.argv[1:]\n"
        "listener = model.Listener('tcp', 'x:1', tls_cert_file=cert, tls_key_file=key)\n"
        "sockets.tls_context(listener)"
    )
    files = pair.tls_cert_file, pair.tls_key_file
    try:
        ended = subprocess.run(
            ["setsid", "--ctty", sys.executable, "-c", program, *files],
            stdin=terminal,
            capture_output=True,
            timeout=20,
            check=False,
        )
    finally:
        os.close(controller)
        os.close(terminal)

    assert b"ConfigError" in ended.stderr
    assert b"without a passphrase" in ended.stderr
