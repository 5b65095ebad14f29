"""netrc and pgpass with the programs that read them: curl and psql log in to real servers."""

import base64
import http.server
import os
import secrets
import shutil
import subprocess
import threading

import pytest

from injector.dev.postgres import psql
from injector.rendering.formats import render

PASSWORDS = [
    "plain",
    "two words",
    " in front and behind ",
    'it\'s "quoted"',
    "back\\slash\\",
    "col:on",
    "#hash",
    "100% $HOME `id` !",
    "pässwörd",
]


class Judge(http.server.BaseHTTPRequestHandler):
    """Answers with what the client has logged in with."""

    def do_GET(self):
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        assert scheme == "Basic"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(base64.b64decode(credentials))

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def judge():
    with http.server.HTTPServer(("127.0.0.1", 0), Judge) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
@pytest.mark.parametrize("password", PASSWORDS)
def test_curl_logs_in_with_what_netrc_says(judge, tmp_path, password):
    path = tmp_path / "netrc"
    path.write_bytes(
        render("netrc", {"machine": "127.0.0.1", "login": "app", "password": password})
    )

    seen = subprocess.run(
        ["curl", "-fsS", "--noproxy", "*", "--netrc-file", path, judge],
        capture_output=True,
        check=True,
    )

    assert seen.stdout.decode() == f"app:{password}"


@pytest.mark.parametrize("password", PASSWORDS)
def test_psql_logs_in_with_what_pgpass_says(database, tmp_path, password):
    user = f"u{secrets.token_hex(4)}"
    literal = password.replace("'", "''")
    database.execute(f"create role {user} login password '{literal}'")
    path = tmp_path / "pgpass"
    path.write_bytes(render("pgpass", {"username": user, "password": password}))
    path.chmod(0o600)

    seen = subprocess.run(
        [psql(), "-h", database.directory, "-U", user, "-d", "postgres", "-wtAc", "select 1"],
        env={**os.environ, "PGPASSFILE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (seen.stdout.strip(), seen.stderr) == ("1", "")
    assert not database.accepts(user, f"{password}x"), "the server does ask for it"
