"""Certificate, key and chain rotate together, for readers and for a TLS server under load."""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from injector.dev.bao import free_port
from tests.engine.test_notifying import appends, journal
from tests.support.engine import configuration
from tests.support.processes import result, running, write_config

MEMBERS = [
    {"destination": "cert.pem", "contents": "{{ tls.certificate }}\n"},
    {"destination": "key.pem", "contents": "{{ tls.private_key }}\n", "perms": "0400"},
    {"destination": "chain.pem", "contents": "{{ tls.issuing_ca }}\n"},
]


@pytest.fixture
def pki(app):
    """An authority of the app's own, that issues elliptic keys (fast) with a lease."""
    mount = f"pki-{app.name}"
    app.admin.sys.enable_secrets_engine("pki", path=mount)
    write(app, f"sys/mounts/{mount}/tune", max_lease_ttl="87600h")
    write(app, f"{mount}/root/generate/internal", common_name="root", key_type="ec", ttl="8000h")
    role(app, mount, key_type="ec", key_bits=256)
    app.allow(f"{mount}/issue/web", "sys/leases/revoke")
    return mount


def write(app, path, **data):
    return app.admin.adapter.post(f"/v1/{path}", json=data)


def role(app, mount, **options):
    names = {"allow_any_name": True, "enforce_hostnames": False, "max_ttl": "720h"}
    write(app, f"{mount}/roles/web", **names, generate_lease=True, **options)


def bundled(app, address, tmpfs, pki, *, ttl, notify, **blocks):
    params = {"common_name": "localhost", "ttl": ttl}
    bundle = {"name": "tls", "directory": str(tmpfs / "tls"), "template": MEMBERS}
    secret = {"path": f"{pki}/issue/web", "params": params, "issuance_budget": 1000}
    return configuration(
        app,
        address,
        secrets={"tls": secret},
        bundle=[{**bundle, "notify": ["web"], **blocks.pop("bundle", {})}],
        notify={"web": notify},
        **blocks,
    )


class Reader:
    """A process that reads the bundle as fast as it can."""

    def __init__(self, directory, way):
        argv = [sys.executable, "-m", "benchmarks.reader", str(directory), way]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def counts(self):
        answer, _ = self._process.communicate("stop")
        return json.loads(answer)


@pytest.mark.timeout(60)
async def test_a_reader_with_one_open_directory_sees_no_mixed_pair_in_a_hundred_rotations(lab, pki):
    hook = {"command": appends(lab.tmpfs, "told"), "wait": {"min": "1s", "max": "2s"}}
    settings = bundled(lab.app, lab.proxy.address, lab.tmpfs, pki, ttl="30s", notify=hook)

    async with lab.start(settings) as injector:
        readers = [Reader(lab.tmpfs / "tls", way) for way in ("opened", "resolved")]
        while lab.proxy.count("pki") < 101:
            await lab.clock.advance(10)
        await lab.clock.advance(3)
        counts = [reader.counts() for reader in readers]
        generations = injector.state.store.all()[0].number

    assert generations == lab.proxy.count("pki") == len(journal(lab.tmpfs)) == 101
    for seen in counts:
        assert seen["certificates"] > 50, "the readers were fast enough to see most of them"
        assert (seen["torn"], seen["mismatched"], seen["expired"]) == (0, 0, 0)
        # Here an hour takes seconds: a reader that is not scheduled for ten rotations starts again.
        assert seen["whole"] + seen["missing"] == seen["reads"]


# --- a server under load, which takes what it can use and refuses what it cannot -----------------


@dataclass(frozen=True)
class Server:
    """A running TLS server that reads the bundle when it gets SIGHUP."""

    port: int
    pid: int
    refusal: str  # what it says of a pair that it does not take
    log: Path


# It takes a new pair only if a handshake with it works.
PYTHON_SERVER = """
import os, signal, socket, ssl, sys, threading
directory = sys.argv[1]

def context():
    generation = os.path.realpath(directory + "/..data")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    made.load_cert_chain(generation + "/cert.pem", generation + "/key.pem")
    client = ssl.create_default_context(cafile=generation + "/chain.pem")
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [made.wrap_bio(ours, theirs, server_side=True),
            client.wrap_bio(theirs, ours, server_hostname="localhost")]
    waiting = set(ends)
    for _ in range(10):
        for end in list(waiting):
            try: end.do_handshake(); waiting.discard(end)
            except ssl.SSLWantReadError: pass
    if waiting: raise OSError("no handshake")
    return made

current = context()
def reload(*_):
    global current
    try: current = context()
    except OSError as error: print("refused:", error, file=sys.stderr, flush=True)
signal.signal(signal.SIGHUP, reload)

def serve(connection):
    with connection:
        try:
            with current.wrap_socket(connection, server_side=True) as tls:
                tls.recv(100)
                tls.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
        except OSError: pass

listening = socket.create_server(("127.0.0.1", 0), backlog=100)
print(listening.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


@contextlib.contextmanager
def python_server(directory: Path, folder: Path) -> Iterator[Server]:
    log = folder / "server.log"
    argv = [sys.executable, "-c", PYTHON_SERVER, str(directory)]
    with (
        log.open("w") as errors,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield Server(int(process.stdout.readline()), process.pid, "refused:", log)
        finally:
            process.kill()


# At this security level OpenSSL takes no RSA key of 2048 bits.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log notice;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_ciphers HIGH:@SECLEVEL=3;
    ssl_certificate {directory}/cert.pem;
    ssl_certificate_key {directory}/key.pem;
    location / {{ return 200; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(directory: Path, folder: Path) -> Iterator[Server]:
    if not os.environ.get("INJECTOR_TEST_NGINX") or shutil.which("nginx") is None:
        pytest.skip("set INJECTOR_TEST_NGINX=1, where nginx is installed (nginx-light will do)")
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, directory=directory, port=port))
    with subprocess.Popen(["nginx", "-c", config, "-e", folder / "nginx.log"]) as process:
        try:
            ends_at = time.monotonic() + 10
            while not (folder / "nginx.pid").exists():
                assert process.poll() is None
                assert time.monotonic() < ends_at
            # Once a worker answers: a signal that comes before is heard with the next one only.
            ssl.get_server_certificate(("127.0.0.1", port), timeout=10)
            yield Server(port, process.pid, "ee key too small", folder / "nginx.log")
        finally:
            process.terminate()


class Load:
    """A client that connects without a pause, and trusts the authority only."""

    def __init__(self, port, authority):
        self._port = port
        self._trust = ssl.create_default_context(cadata=authority)
        self._over = threading.Event()
        self.served: Counter[int] = Counter()
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.is_set():
            try:
                self.served[self.serial()] += 1
            except OSError as error:
                self.failures.append(str(error))

    def serial(self) -> int:
        """Return the serial number of the certificate that is shown now."""
        with (
            socket.create_connection(("127.0.0.1", self._port), timeout=5) as plain,
            self._trust.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b" 200 " in tls.recv(100)
            certificate = tls.getpeercert()
            assert certificate is not None
            return int(str(certificate["serialNumber"]), 16)


# Succeeds if the server shows the certificate that is on disk.
SHOWS_IT = """
disk=$(openssl x509 -noout -fingerprint -in {directory}/cert.pem)
shown=$(openssl s_client -connect 127.0.0.1:$(cat {port}) </dev/null 2>/dev/null |
        openssl x509 -noout -fingerprint)
test "$disk" = "$shown"
"""


@pytest.mark.timeout(90)
@pytest.mark.parametrize("serving", [python_server, nginx])
def test_a_tls_server_under_load_accepts_every_rotation_and_rejects_a_bad_one_without_a_gap(
    app, tmpfs, tmp_path, pki, serving
):
    port_file, pid_file = tmpfs / "port", tmpfs / "server.pid"
    shows_it = SHOWS_IT.format(directory=tmpfs / "tls", port=port_file)
    notify = {
        "signal": "SIGHUP",
        "process": {"pid_file": str(pid_file)},
        "wait": {"min": "50ms", "max": "1s"},
        "verify": {"command": ["sh", "-c", shows_it], "timeout": "4s"},
        "on_failure": "rollback",
    }
    check = "cd $1 && openssl verify -CAfile chain.pem cert.pem"
    settings = bundled(
        app,
        app.bao.address,
        tmpfs,
        pki,
        ttl="1h",
        notify=notify,
        bundle={"check": {"command": ["sh", "-c", check, "sh", "{staged}"]}},
        listener=[{"type": "unix", "address": str(tmpfs / "socket")}],
        log_level="debug",
    )
    config = write_config(tmp_path, settings)
    assert result("once", "-c", config).returncode == 0
    authority = (tmpfs / "tls/chain.pem").read_text()

    with serving(tmpfs / "tls", tmp_path) as server:
        port_file.write_text(str(server.port))
        pid_file.write_text(str(server.pid))
        with running("run", "-c", config) as injector, Load(server.port, authority) as load:
            injector.wait_for("listening")
            for _ in range(4):
                done = result("refresh", "tls", "-c", config)
                assert done.returncode == 0, done.stdout + done.stderr
            before = load.serial()
            assert len(load.served) >= 4

            role(app, pki, key_type="rsa", key_bits=2048)
            refused = result("refresh", "tls", "-c", config)
            assert refused.returncode == 8
            injector.wait_for('"rolled back"')
            assert load.serial() == before
            shown = json.loads(result("status", "-c", config, "--json").stdout)
            [tls] = shown["bundles"]
            assert (tls["state"], shown["ready"]) == ("failing", True)
            assert "rolled back, since web did not accept the change" in tls["error"]
            assert is_valid(app, pki, before)

            role(app, pki, key_type="ec", key_bits=256)
            assert result("refresh", "tls", "-c", config).returncode == 0
            ends_at = time.monotonic() + 5
            while load.serial() == before:  # by a worker that has not let go yet
                assert time.monotonic() < ends_at
            assert injector.end() == 0
        assert server.log.read_text().count(server.refusal) == 1
    assert load.failures == []
    assert sum(load.served.values()) > 100
    print(f"{sum(load.served.values())} handshakes with {len(load.served)} certificates")


def is_valid(app, pki, serial) -> bool:
    """Tell whether a certificate has not been revoked with its lease."""
    name = serial.to_bytes((serial.bit_length() + 7) // 8).hex(":")
    found = app.admin.read(f"{pki}/cert/{name}")
    return found["data"]["revocation_time"] == 0
