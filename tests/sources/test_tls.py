"""TLS and unix sockets towards Vault, with real certificates that are swapped on disk."""

import asyncio
import contextlib
import os
import ssl

import pytest
import trustme

from injector.base.errors import TransientError, Unreachable
from injector.base.metrics import Metrics
from injector.config import model
from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from injector.sources.vault import Transport, Vault
from tests.support.engine import configuration, engine, load_from
from tests.support.proxy import proxying


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_side(authority, *, clients=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "vault.internal").configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.asynccontextmanager
async def client(clock, **settings):
    transport = Transport(
        model.Vault(**settings), connections=2, clock=clock, metrics=Metrics(), redact=str
    )
    try:
        yield Vault(transport, clock)
    finally:
        await transport.reconnect()


async def test_only_the_configured_ca_is_trusted(server, clock, tmp_path, authority):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")

    async with proxying(server.address, tls=server_side(authority)) as proxy:
        async with client(clock, address=proxy.address, ca_cert=str(tmp_path / "ca.pem")) as vault:
            await vault.health()
        async with client(
            clock, address=proxy.address, ca_cert=str(tmp_path / "other.pem")
        ) as vault:
            with pytest.raises(Unreachable, match=r"TLS .* failed, trusting .*other\.pem"):
                await vault.health()
        async with client(clock, address=proxy.address, tls_skip_verify=True) as vault:
            await vault.health()


async def test_an_authority_may_be_given_without_a_file(server, clock, tmp_path, authority):
    pem = authority.cert_pem.bytes().decode()
    missing = str(tmp_path / "missing.pem")

    async with proxying(server.address, tls=server_side(authority)) as proxy:
        async with client(
            clock, address=proxy.address, ca_cert_bytes=pem, ca_cert=missing
        ) as vault:
            await vault.health()
        other = trustme.CA().cert_pem.bytes().decode()
        async with client(clock, address=proxy.address, ca_cert_bytes=other) as vault:
            with pytest.raises(Unreachable, match=r"trusting `vault\.ca_cert_bytes`"):
                await vault.health()
        for wrong in ("no PEM", "é"):
            async with client(clock, address=proxy.address, ca_cert_bytes=wrong) as vault:
                with pytest.raises(TransientError, match=r"cannot use `vault\.ca_cert_bytes` for"):
                    await vault.health()


async def test_without_one_the_systems_authorities_are_trusted(
    server, clock, tmp_path, authority, monkeypatch
):
    authority.cert_pem.write_to_path(tmp_path / "system.pem")

    async with proxying(server.address, tls=server_side(authority)) as proxy:
        async with client(clock, address=proxy.address) as vault:
            with pytest.raises(Unreachable, match="trusting the system's authorities"):
                await vault.health()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
        async with client(clock, address=proxy.address) as vault:
            await vault.health()


async def test_the_expected_server_name_can_be_given(server, clock, tmp_path, authority):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trust = {"ca_cert": str(tmp_path / "ca.pem")}

    async with proxying(server.address, tls=server_side(authority)) as proxy:
        named = {"address": proxy.address, **trust}
        async with client(clock, tls_server_name="vault.internal", **named) as vault:
            await vault.health()
        async with client(clock, tls_server_name="elsewhere.internal", **named) as vault:
            with pytest.raises(Unreachable, match="elsewhere"):
                await vault.health()


async def test_a_client_certificate_is_presented(server, clock, tmp_path, authority):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine = authority.issue_cert("client@example.org")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    mine.private_key_pem.write_to_path(tmp_path / "client.key")
    trust = {"ca_cert": str(tmp_path / "ca.pem")}

    async with proxying(server.address, tls=server_side(authority, clients=authority)) as proxy:
        async with client(clock, address=proxy.address, **trust) as vault:
            with pytest.raises(Unreachable):
                await vault.health()
        async with client(
            clock,
            address=proxy.address,
            client_cert=str(tmp_path / "client.pem"),
            client_key=str(tmp_path / "client.key"),
            **trust,
        ) as vault:
            await vault.health()


async def test_a_half_written_certificate_is_transient_and_names_the_file(clock, tmp_path):
    (tmp_path / "ca.pem").write_text("-----BEGIN CERT")

    async with client(
        clock, address="https://127.0.0.1:1", ca_cert=str(tmp_path / "ca.pem")
    ) as vault:
        with pytest.raises(TransientError, match=r"cannot use .*ca\.pem for TLS"):
            await vault.health()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("option", ["ca_cert", "client_cert", "client_key"])
async def test_a_pipe_in_place_of_a_certificate_does_not_block(clock, tmp_path, authority, option):
    pair = authority.issue_cert("injector.example.org")
    write_pair(tmp_path, certificate=pair, key=pair)
    authority.cert_pem.write_to_path(tmp_path / "ca_cert")
    (tmp_path / option).unlink()
    os.mkfifo(tmp_path / option)
    files = {name: str(tmp_path / name) for name in ("ca_cert", "client_cert", "client_key")}

    async with client(clock, address="https://127.0.0.1:1", **files) as vault:
        with pytest.raises(TransientError, match=rf"{option} .*it is not a regular file"):
            await vault.health()


async def test_a_new_authority_on_disk_is_used_without_a_restart(
    server, app, clock, tmpfs, tmp_path, authority
):
    """The server's certificate moves to another authority; the CA file follows later."""
    app.put("db", password="one")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    newer = trustme.CA()
    entry = {
        "contents": f'{{{{ secret("{app.path("db")}").password }}}}',
        "destination": str(tmpfs / "db.env"),
    }
    async with proxying(server.address, tls=server_side(newer)) as proxy:
        trust = {"address": proxy.address, "ca_cert": str(tmp_path / "ca.pem")}
        loaded = load_from(
            tmp_path, configuration(app, proxy.address, vault=trust, template=[entry])
        )
        async with engine(loaded, clock) as running:
            assert "TLS with" in running.log
            assert "ca.pem" in running.log

            newer.cert_pem.write_to_path(tmp_path / "ca.pem")
            await clock.advance(5)
            assert (tmpfs / "db.env").read_text() == "one"


async def test_swapped_certificates_are_used_at_once_and_half_written_ones_are_not(
    server, app, clock, tmpfs, tmp_path, authority
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with proxying(server.address, tls=server_side(authority)) as proxy:
        trust = {"address": proxy.address, "ca_cert": str(tmp_path / "ca.pem")}
        entry = {"contents": "nothing secret", "destination": str(tmpfs / "file")}
        loaded = load_from(
            tmp_path, configuration(app, proxy.address, vault=trust, template=[entry])
        )
        async with engine(loaded, clock) as running:
            watching = FileWatch(running.assembly, running.state, reload=lambda: None)

            async def swap():
                (tmp_path / "ca.pem").write_text("-----BEGIN CERT")
                await running.log_has("not usable yet, keeping the old ones")
                authority.cert_pem.write_to_path(tmp_path / "ca.pem")
                await running.log_has("certificates of the connection to Vault replaced")

            await alongside([watching], swap())
            await asyncio.wait_for(running.assembly.vault.health(), 5)


async def test_a_running_engine_survives_every_swap_of_certificates(
    server, app, clock, tmpfs, tmp_path, authority
):
    """The server's authority first, and ours late; then our pair, the key first."""
    clients = trustme.CA()
    first, second = clients.issue_cert("one@example.org"), clients.issue_cert("two@example.org")
    write_pair(tmp_path, certificate=first, key=first)
    authority.cert_pem.write_to_path(tmp_path / "ca_cert")
    presented: list[str] = []
    context = server_side(authority, clients=clients)

    async with proxying(server.address, tls=context) as proxy:

        def note(request):
            certificate = request.transport.get_extra_info("peercert")
            presented.append(certificate["subjectAltName"][0][1])

        proxy.meanwhile = note
        vault = {name: str(tmp_path / name) for name in ("ca_cert", "client_cert", "client_key")}
        entry = {
            "contents": f'{{{{ secret("{app.path("db")}").value }}}}',
            "destination": str(tmpfs / "db.env"),
        }
        app.put("db", value="one")
        loaded = load_from(
            tmp_path,
            configuration(
                app,
                proxy.address,
                vault={"address": proxy.address, **vault},
                template=[entry],
                template_config={"static_secret_render_interval": "2s"},
            ),
        )
        async with engine(loaded, clock) as running:
            newer = trustme.CA()
            newer.issue_cert("127.0.0.1").configure_cert(context)
            await running.assembly.transport.reconnect()
            app.put("db", value="two")
            await clock.advance(20)
            assert "TLS with" in running.log
            assert "ca_cert" in running.log

            newer.cert_pem.write_to_path(tmp_path / "ca_cert")
            await clock.advance(5)
            assert (tmpfs / "db.env").read_text() == "two"

            watching = FileWatch(running.assembly, running.state, reload=lambda: None)

            async def swap():
                write_pair(tmp_path, certificate=None, key=second)
                await running.log_has("not usable yet, keeping the old ones")
                app.put("db", value="three")
                await clock.advance(3)
                assert (tmpfs / "db.env").read_text() == "three"
                write_pair(tmp_path, certificate=second, key=second)
                await running.log_has("certificates of the connection to Vault replaced")

            await alongside([watching], swap())
            app.put("db", value="four")
            await clock.advance(3)
            assert (tmpfs / "db.env").read_text() == "four"

    assert set(presented) == {"one@example.org", "two@example.org"}
    assert presented == sorted(presented)


def write_pair(folder, *, certificate, key):
    if certificate is not None:
        certificate.cert_chain_pems[0].write_to_path(folder / "client_cert")
    key.private_key_pem.write_to_path(folder / "client_key")


class Stutter:
    """Closes the first connections in the middle of their TLS handshakes, then lets them pass."""

    def __init__(self, port, times):
        self._port = port
        self.left = times

    async def serve(self, reader, writer):
        hello = await reader.read(65536)
        if self.left:
            self.left -= 1
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        back.write(hello)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, source, sink):
        while chunk := await source.read(65536):
            sink.write(chunk)
        sink.close()


async def test_handshakes_that_are_cut_off_end_in_success_without_an_error_in_the_log(
    server, app, clock, tmpfs, tmp_path, authority
):
    app.put("db", value="one")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    entry = {
        "contents": f'{{{{ secret("{app.path("db")}").value }}}}',
        "destination": str(tmpfs / "db.env"),
    }
    async with proxying(server.address, tls=server_side(authority)) as proxy:
        port = int(proxy.address.rpartition(":")[2])
        stutter = Stutter(port, times=2)
        async with await asyncio.start_server(stutter.serve, "127.0.0.1", 0) as listening:
            address = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            trust = {"address": address, "ca_cert": str(tmp_path / "ca.pem")}
            loaded = load_from(tmp_path, configuration(app, address, vault=trust, template=[entry]))
            async with engine(loaded, clock) as running:
                await clock.advance(10)

                assert stutter.left == 0
                assert (tmpfs / "db.env").read_text() == "one"
                assert '"level":"error"' not in running.log


async def test_a_unix_socket_is_an_address_like_any_other(server, app, clock, tmpfs, tmp_path):
    app.put("db", password="one")
    entry = {
        "contents": f'{{{{ secret("{app.path("db")}").password }}}}',
        "destination": str(tmpfs / "db.env"),
    }
    async with proxying(server.address, unix=str(tmpfs / "vault.sock")) as proxy:
        loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry]))
        async with engine(loaded, clock):
            assert (tmpfs / "db.env").read_text() == "one"
