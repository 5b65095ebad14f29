"""A database application with a connection pool changes credentials without a failed query."""

import json
import subprocess
import sys

import pytest

from tests.support.engine import configuration
from tests.support.processes import result, running, write_config

# It reads its credentials at each connection, and renews all of them when it is told.
APPLICATION = """
import json, signal, sys, threading
from psycopg_pool import ConnectionPool

path, host = sys.argv[1:]
told, over = threading.Event(), threading.Event()
signal.signal(signal.SIGHUP, lambda *_: told.set())

def credentials():
    with open(path) as file: user, password = file.read().split()
    return {"user": user, "password": password, "host": host, "dbname": "postgres"}

seen, failures = {"queries": 0, "users": []}, []

def work():
    while not over.is_set():
        try:
            with pool.connection() as connection:
                user, = connection.execute("select current_user from stock").fetchone()
        except Exception as error:
            failures.append(str(error))
            continue
        seen["queries"] += 1
        if user not in seen["users"]: seen["users"].append(user)

def follow():
    while not over.is_set():
        if told.wait(0.05):
            told.clear()
            pool.drain()

with ConnectionPool(kwargs=credentials, min_size=2, max_size=3, open=True) as pool:
    pool.wait()
    threads = [threading.Thread(target=target) for target in (work, work, follow)]
    for thread in threads: thread.start()
    print("up", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads: thread.join()
print(json.dumps({**seen, "failures": failures}))
"""

GRANT = """
CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
GRANT SELECT ON stock TO "{{name}}";
"""


@pytest.fixture
def stock(app, database):
    """Credentials that may read a table for as long as their lease lives."""
    database.execute("create table if not exists stock (item text); insert into stock values ('x')")
    app.admin.secrets.database.create_role(
        app.name,
        db_name="main",
        creation_statements=[GRANT],
        default_ttl="1h",
        max_ttl="24h",
    )
    path = f"database/creds/{app.name}"
    app.allow(path, "sys/leases/revoke")
    return path


def test_a_pool_changes_credentials_without_a_failed_query(app, tmpfs, tmp_path, stock, database):
    pid_file = tmpfs / "app.pid"
    entry = {
        "contents": "{{ db.username }} {{ db.password }}",
        "destination": str(tmpfs / "db"),
        "notify": ["app"],
    }
    notify = {
        "signal": "SIGHUP",
        "process": {"pid_file": str(pid_file)},
        "wait": {"min": "50ms", "max": "1s"},
    }
    settings = configuration(
        app,
        app.bao.address,
        secrets={"db": {"path": stock, "overlap": "300ms"}},
        template=[entry],
        notify={"app": notify},
        listener=[{"type": "unix", "address": str(tmpfs / "socket")}],
        cache={"persist": {"path": str(tmpfs / "handover")}},
    )
    config = write_config(tmp_path, settings)
    assert result("once", "-c", config).returncode == 0
    application = [sys.executable, "-c", APPLICATION, str(tmpfs / "db"), database.directory]
    with (
        subprocess.Popen(
            application, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as pool,
        running("run", "-c", config) as injector,
    ):
        assert pool.stdout is not None
        assert pool.stdout.readline() == "up\n"
        pid_file.write_text(str(pool.pid))
        injector.wait_for("listening")
        for turn in range(1, 5):
            done = result("refresh", "db", "-c", config)
            assert done.returncode == 0, done.stdout + done.stderr
            injector.wait_for('"revoked"', times=turn)
        output, _ = pool.communicate("")
        assert injector.end() == 0

    seen = json.loads(output)
    assert seen["failures"] == []
    assert len(seen["users"]) == 5
    assert seen["queries"] > 100
    left = database.execute("select rolname from pg_roles")
    assert [user in left for user in seen["users"]] == [False] * 4 + [True]
