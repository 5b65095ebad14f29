"""The listeners of a real process: who may ask for what, and what they answer."""

import asyncio
import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import ssl
import time

import pytest
import trustme
from aiohttp import web

from injector.base.errors import ConfigError
from injector.config import model
from injector.dev.bao import free_port
from injector.runtime.listeners import listeners
from injector.status.sockets import Sockets
from tests.cli.test_run import daemon
from tests.support.engine import engine, load_from
from tests.support.fakes import LIMIT
from tests.support.processes import result, running, write_config

CANARY = "canary-7f3a-value"


def ask(address, method, path):
    """Send one request over TCP or a unix socket; return its status and text."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    if isinstance(address, int):
        connection = http.client.HTTPConnection("127.0.0.1", address, timeout=5)
    else:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(address))
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def on_tcp(app, tmpfs, **api):
    port = free_port()
    listener = {"type": "tcp", "address": f"127.0.0.1:{port}", "agent_api": api}
    return port, daemon(app, tmpfs, listener=[listener])


def test_health_status_and_metrics_over_tcp(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    port, settings = on_tcp(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        assert f'"address":"127.0.0.1:{port}"' in injector.output
        assert ask(port, "GET", "/livez")[0] == 200
        assert ask(port, "GET", "/readyz")[0] == 200
        assert '"ready": true' in ask(port, "GET", "/status")[1]
        status, metrics = ask(port, "GET", "/metrics")
        assert ask(port, "GET", "/agent/v1/metrics")[0] == 200

        assert status == 200
        assert "injector_ready 1.0" in metrics
        assert 'injector_secret_generation{secret="db"} 1.0' in metrics
        assert 'injector_vault_requests_total{code="200",operation="login"} 1.0' in metrics
        assert f'injector_file_stale{{destination="{tmpfs / "db.env"}"}} 0.0' in metrics
        assert CANARY not in metrics
        assert injector.end() == 0


def test_no_answer_says_what_it_is_made_of_and_openmetrics_is_to_be_had(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    port, settings = on_tcp(app, tmpfs)
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")
        answers = {}
        for path in ("/", "/status", "/livez", "/metrics", "/nothing"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path, headers={"Accept": accept})
            answers[path] = connection.getresponse()
            body = answers[path].read().decode()
            connection.close()
            assert answers[path].getheader("Server") is None, path
            assert "aiohttp" not in body
            if path == "/metrics":
                assert body.endswith("# EOF\n")
                assert "injector_process_open_fds " in body
        assert injector.end() == 0

    assert answers["/nothing"].status == 404
    content_type = answers["/metrics"].getheader("Content-Type", "")
    assert content_type.startswith("application/openmetrics-text")


@pytest.mark.parametrize("path", ["/quit", "/agent/v1/quit", "/refresh"])
def test_over_tcp_nothing_is_changed_unless_the_configuration_allows_it(app, tmpfs, tmp_path, path):
    port, settings = on_tcp(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")

        status, text = ask(port, "POST", path)

        assert status == 403
        assert "agent_api.enable_" in text
        assert injector.end() == 0


def test_quit_ends_it_where_it_is_allowed(app, tmpfs, tmp_path):
    app.put("db", password="one")
    port, settings = on_tcp(app, tmpfs, enable_quit=True)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")

        assert ask(port, "POST", "/agent/v1/quit")[0] == 200
        assert injector.wait(limit=5) == 0


def test_over_the_socket_the_same_user_may_refresh_and_quit(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")
        address = tmpfs / "injector.sock"
        assert address.stat().st_mode & 0o777 == 0o600

        app.put("db", password="two")
        status, answer = ask(address, "POST", "/refresh?secret=db")
        assert status == 200
        assert json.loads(answer)["secrets"][0]["result"] == "changed"
        assert (tmpfs / "db.env").read_text() == "pw=two\n"
        assert ask(address, "POST", "/quit")[0] == 200
        assert injector.wait(limit=5) == 0
    assert not address.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_over_the_socket_another_user_may_only_look(app, tmpfs, tmp_path):
    app.put("db", password="one")
    settings = daemon(app, tmpfs)
    settings["listener"][0]["socket_mode"] = "0666"
    tmpfs.chmod(0o755)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            try:
                os.setuid(65534)
                statuses = [ask(tmpfs / "injector.sock", *what)[0] for what in LOOK_AND_CHANGE]
                os.write(writing, repr(statuses).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)

        assert os.read(reading, 100) == b"[200, 200, 403, 403, 403]"
        os.close(reading)
        assert injector.end() == 0


LOOK_AND_CHANGE = (
    ("GET", "/livez"),
    ("GET", "/status"),
    ("POST", "/refresh"),
    ("POST", "/quit"),
    ("POST", "/agent/v1/quit"),
)


@pytest.mark.parametrize("begins", [b"", b"GET /livez HTTP/1.1\r\n"])
def test_any_number_of_silent_connections_affects_nobody(app, tmpfs, tmp_path, begins):
    app.put("db", password="one")
    port, settings = on_tcp(app, tmpfs)
    limit = (resource.RLIMIT_NOFILE, (260, 260))
    path = write_config(tmp_path, settings)
    with running("run", "-c", path, preexec=lambda: resource.setrlimit(*limit)) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")
        with contextlib.ExitStack() as crowd:
            for _ in range(400):
                connection = socket.create_connection(("127.0.0.1", port), timeout=5)
                crowd.enter_context(connection).sendall(begins)

            assert ask(port, "GET", "/livez")[0] == 200
            app.put("db", password="two")
            injector.send(signal.SIGUSR1)
            injector.wait_for("file written", times=2)
        assert injector.end() == 0
    assert "Too many open files" not in injector.output


def test_with_its_configuration_a_listener_is_trusted_whatever_its_name(app, tmpfs, tmp_path):
    app.put("db", password="one")
    pair = tmp_path / "pair.pem"
    issued = trustme.CA().issue_cert("app.internal")
    issued.private_key_and_cert_chain_pem.write_to_path(pair)
    port, settings = on_tcp(app, tmpfs)
    settings["listener"][0] |= {"tls_cert_file": str(pair), "tls_key_file": str(pair)}
    path = write_config(tmp_path, settings)
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        assert result("probe", "ready", "-c", path).returncode == 0
        stranger = result("status", "--address", f"https://127.0.0.1:{port}")
        assert stranger.returncode == 2
        assert "is not trusted: " in stranger.stderr
        assert injector.end() == 0


def test_tls_works_beside_many_clients_that_never_shake_hands(app, tmpfs, tmp_path):
    app.put("db", password="one")
    authority, pair = trustme.CA(), tmp_path / "pair.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(pair)
    port, settings = on_tcp(app, tmpfs)
    settings["listener"][0] |= {"tls_cert_file": str(pair), "tls_key_file": str(pair)}
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    limit = (resource.RLIMIT_NOFILE, (260, 260))
    path = write_config(tmp_path, settings)
    with running("run", "-c", path, preexec=lambda: resource.setrlimit(*limit)) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")
        with contextlib.ExitStack() as crowd:
            for _ in range(400):
                crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))

            app.put("db", password="two")
            injector.send(signal.SIGUSR1)
            injector.wait_for("file written", times=2)
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=15)
            crowd.callback(connection.close)
            connection.request("GET", "/livez")
            assert connection.getresponse().status == 200
        assert injector.end() == 0
    assert "Traceback" not in injector.output
    assert "Too many open files" not in injector.output


def test_a_web_page_may_not_even_where_everybody_else_may(app, tmpfs, tmp_path):
    port, settings = on_tcp(app, tmpfs, enable_quit=True, enable_refresh=True)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")
        for path in ("/quit", "/refresh"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("POST", path, headers={"Origin": "http://evil.example"})
            assert connection.getresponse().status == 403
            connection.close()
        assert injector.end() == 0


def test_refresh_over_tcp_where_it_is_allowed(app, tmpfs, tmp_path):
    app.put("db", password="one")
    port, settings = on_tcp(app, tmpfs, enable_refresh=True)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        assert ask(port, "POST", "/refresh")[0] == 200
        assert ask(port, "POST", "/refresh?secret=nothing")[0] == 422
        assert ask(port, "POST", "/refresh?timeout=soon")[0] == 400
        assert ask(port, "POST", "/quit")[0] == 403
        assert injector.end() == 0


def test_the_command_refreshes_by_name_and_its_exit_code_says_how_it_went(app, tmpfs, tmp_path):
    app.put("db", password="one")
    path = write_config(tmp_path, daemon(app, tmpfs))
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        app.put("db", password=CANARY)
        changed = result("refresh", "db", "--json", "-c", path)
        app.put("db", other=CANARY)
        broken = result("refresh", "--json", "-c", path)
        unknown = result("refresh", "bd", "-c", path)
        ended = result("quit", "--json", "-c", path)

        assert injector.wait(limit=5) == 0
    gone = result("refresh", "-c", path)
    assert changed.returncode == 0
    assert json.loads(changed.stdout)["secrets"][0]["result"] == "changed"
    assert broken.returncode == 5
    assert "password" in json.loads(broken.stdout)["secrets"][0]["reason"]
    assert unknown.returncode == 5
    assert "expected one of: db" in unknown.stderr
    assert ended.returncode == 0
    assert gone.returncode == 9
    for said in (changed, broken, unknown):
        assert CANARY not in said.stdout + said.stderr


@pytest.mark.parametrize("command", ["refresh", "quit"])
def test_a_refused_command_says_why(app, tmpfs, tmp_path, command):
    port, settings = on_tcp(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")

        refused = result(command, "--address", f"http://127.0.0.1:{port}")

        assert refused.returncode == 4
        assert f"set agent_api.enable_{command}" in refused.stderr
        assert injector.end() == 0


def test_an_unavailable_address_is_a_configuration_error(app, tmpfs, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listener = {"type": "tcp", "address": f"127.0.0.1:{taken.getsockname()[1]}"}
        settings = daemon(app, tmpfs, listener=[listener])

        ended = result("run", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 2
    assert "cannot listen on" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_socket_in_use_is_left_alone_even_if_it_does_not_answer(app, tmpfs, tmp_path):
    with contextlib.ExitStack() as held:
        taken = held.enter_context(socket.socket(socket.AF_UNIX))
        taken.bind(str(tmpfs / "injector.sock"))
        taken.listen(0)
        waiting = held.enter_context(socket.socket(socket.AF_UNIX))
        waiting.connect(str(tmpfs / "injector.sock"))  # and fills the queue

        ended = result("run", "-c", write_config(tmp_path, daemon(app, tmpfs)))

    assert ended.returncode == 2
    assert "another process serves" in ended.stderr
    assert (tmpfs / "injector.sock").exists()


def test_a_reload_to_an_unavailable_address_keeps_the_old_one(app, tmpfs, tmp_path):
    app.put("db", password="one")
    path = write_config(tmp_path, daemon(app, tmpfs))
    with socket.socket() as taken, running("run", "-c", path) as injector:
        injector.wait_for("listening")
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listener = {"type": "tcp", "address": f"127.0.0.1:{taken.getsockname()[1]}"}

        write_config(tmp_path, daemon(app, tmpfs, listener=[listener]))
        injector.wait_for("keeping the old one")

        assert "cannot listen on" in injector.output
        assert ask(tmpfs / "injector.sock", "GET", "/livez")[0] == 200
        assert injector.end() == 0


@pytest.mark.parametrize("command", ["status", "refresh", "quit"])
@pytest.mark.parametrize(
    ("address", "problem"),
    [("http://127.0.0.1:port", "port"), ("http://127.0.0.1:{bao}", "not an injector")],
)
def test_an_answer_from_something_else_is_an_error_without_traceback(
    server, command, address, problem
):
    ended = result(command, "--address", address.format(bao=server.address.rsplit(":", 1)[1]))

    assert ended.returncode in (2, 9)
    assert problem in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_reload_refuses_no_connection(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")
        injector.send(signal.SIGHUP)

        answers, over = set(), time.monotonic() + 1.5
        while time.monotonic() < over:
            answers.add(ask(tmpfs / "injector.sock", "GET", "/livez")[0])

        injector.wait_for("reloaded")
        assert answers == {200}
        assert injector.end() == 0


async def test_a_connection_from_the_moment_of_a_reload_is_answered(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")
    loaded = load_from(tmp_path, daemon(app, tmpfs))
    async with engine(loaded, clock) as running, asyncio.timeout(LIMIT):
        sockets = Sockets()
        sockets.open(loaded.config.listener)
        (server,) = listeners(running.assembly, running.state, sockets, stop=lambda: None)
        serving = asyncio.create_task(server.run())
        await running.log_has("listening")
        reader, writer = await asyncio.open_unix_connection(tmpfs / "injector.sock")

        serving.cancel()
        await asyncio.sleep(0)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
        await asyncio.wait([serving])
        sockets.close()


@pytest.mark.parametrize(("before", "after"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")])
def test_a_reload_moves_a_listener_to_another_address_with_the_same_port(
    app, tmpfs, tmp_path, before, after
):
    app.put("db", password="one")
    port = free_port()

    def at(host):
        listener = {"type": "tcp", "address": f"{host}:{port}", "tls_disable": True}
        return daemon(app, tmpfs, listener=[listener])

    with running("run", "-c", write_config(tmp_path, at(before))) as injector:
        injector.wait_for("listening")

        write_config(tmp_path, at(after))
        injector.wait_for(f'"address":"{after}:{port}"')

        assert ask(port, "GET", "/livez")[0] == 200
        assert injector.end() == 0


def test_a_reload_recreates_a_removed_socket(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("listening")
        (tmpfs / "injector.sock").unlink()

        injector.send(signal.SIGHUP)
        injector.wait_for("listening", times=2)

        assert ask(tmpfs / "injector.sock", "GET", "/livez")[0] == 200
        assert injector.end() == 0


def test_a_file_that_somebody_put_in_the_place_of_a_socket_is_left_alone(tmpfs):
    """A hard link to a secret, with the mode of the socket, would be for everybody."""
    path = tmpfs / "injector.sock"
    sockets = Sockets()
    sockets.open([model.Listener(type="unix", address=str(path), socket_mode=0o666)])
    path.unlink()
    path.touch(mode=0o600)

    sockets.settle()
    sockets.close()

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_socket_can_be_given_to_another_user_and_group(tmpfs):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    path = tmpfs / "injector.sock"
    sockets = Sockets()

    def listener(user, group):
        return model.Listener(
            type="unix", address=str(path), socket_mode=0o660, socket_user=user, socket_group=group
        )

    sockets.open([listener("65534", "12345")])
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 12345)
    assert path.stat().st_mode & 0o777 == 0o660
    sockets.open([listener("65533", "")])  # a reload
    sockets.settle()
    assert (path.stat().st_uid, path.stat().st_gid) == (65533, 12345)
    with pytest.raises(ConfigError, match=r"injector\.sock: user 'nope' is unknown here"):
        sockets.open([listener("nope", "")])
    assert path.stat().st_uid == 65533
    sockets.close()


def test_a_socket_that_cannot_be_given_away_is_not_left_behind(tmpfs, monkeypatch):
    def chown(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    path = tmpfs / "injector.sock"

    with pytest.raises(ConfigError, match=r"not permitted; name .* an owner that it may set"):
        Sockets().open([model.Listener(type="unix", address=str(path), socket_user="1")])

    assert not path.exists()


def test_a_reload_changes_the_mode_of_a_socket(app, tmpfs, tmp_path):
    app.put("db", password="one")
    settings = daemon(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("listening")

        settings["listener"][0]["socket_mode"] = "0666"
        write_config(tmp_path, settings)
        injector.wait_for("reloaded")
        injector.wait_for("listening", times=2)

        assert (tmpfs / "injector.sock").stat().st_mode & 0o777 == 0o666
        assert injector.end() == 0


MALFORMED = (
    b"\x16\x03\x01 TLS, or something\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\na header without a colon\r\n\r\n",
    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
    b"POST /refresh HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
)


def test_what_clients_do_wrong_is_one_line_of_the_log(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    port, settings = on_tcp(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")
        for malformed in MALFORMED * 5:
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as connection:
                connection.sendall(malformed)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        assert ask(port, "GET", "/livez")[0] == 200
        injector.end()

    assert injector.output.count('"malformed request"') == 1
    assert "Traceback" not in injector.output
    assert '"library"' not in injector.output


@pytest.mark.parametrize("command", [["probe", "ready"], ["refresh"]])
async def test_no_answer_moves_the_cursor_of_a_terminal(command):
    async def answer(_):
        return web.Response(status=422, text="\x1b[2J\x1b]0;owned\x07\u009b31m\n")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
        address = f"http://127.0.0.1:{port}"
        ended = await asyncio.to_thread(result, *command, "--address", address)
    finally:
        await runner.cleanup()

    said = ended.stdout + ended.stderr
    assert r"\x1b[2J\x1b]0;owned\x07\x9b31m" in said
    assert said.replace("\n", "").isprintable()
