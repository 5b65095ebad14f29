"""The real server is killed, started again and unsealed: token, lease and files live on."""

import json

import pytest

from tests.support.processes import result, running, write_config
from tests.support.raft import raft


@pytest.mark.timeout(90)
def test_a_killed_and_unsealed_server_is_used_again_with_the_same_token(tmpfs, tmp_path, database):
    with raft(tmp_path) as node:
        settings = configured(node, tmp_path, tmpfs, database)
        path = write_config(tmp_path, settings)
        with running("run", "-c", path) as injector:
            injector.wait_for("file written", times=2)
            credential = (tmpfs / "db").read_text()
            node.kill()
            injector.wait_for("vault unreachable")
            during = json.loads(result("status", "--json", "-c", path).stdout)
            assert during["ready"] is True
            assert during["vault"]["state"] == "failing"
            assert (tmpfs / "value").read_text() == "one"

            node.start()
            put(node, "two")
            injector.wait_for("file written", times=3, limit=20)

            assert (tmpfs / "value").read_text() == "two"
            after = json.loads(result("status", "--json", "-c", path).stdout)
            assert after["vault"]["state"] == "ok"
            assert (tmpfs / "db").read_text() == credential
            assert database.accepts(*credential.split())
            [lease] = node.admin.sys.list_leases("database/creds/app")["data"]["keys"]
            node.admin.sys.renew_lease(f"database/creds/app/{lease}")
            assert injector.end() == 0
        assert injector.output.count('"logged in"') == 1
        assert injector.output.count("vault reachable again") >= 1


def configured(node, folder, tmpfs, database):
    admin = node.admin
    database.mount(admin)
    database.role(admin, "app", ttl="1h", max_ttl="24h")
    admin.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
    admin.sys.enable_auth_method("approle")
    rules = (
        'path "secret/*" { capabilities = ["read"] } path "database/*" { capabilities = ["read"] }'
    )
    admin.sys.create_or_update_policy("app", rules)
    admin.auth.approle.create_or_update_approle("app", token_policies=["app"], token_ttl="1h")
    (folder / "role_id").write_text(admin.auth.approle.read_role_id("app")["data"]["role_id"])
    answer = admin.auth.approle.generate_secret_id("app")
    (folder / "secret_id").write_text(answer["data"]["secret_id"])
    time_to_upgrade(node)
    put(node, "one")
    config = {"role_id_file_path": "role_id", "secret_id_file_path": "secret_id"}
    return {
        "vault": {"address": node.address},
        "auto_auth": {"method": {"type": "approle", "config": config}},
        "template_config": {"static_secret_render_interval": "1s"},
        "secrets": {"app": {"path": "secret/data/app"}, "db": {"path": "database/creds/app"}},
        "template": [
            {"contents": "{{ app.value }}", "destination": str(tmpfs / "value")},
            {"contents": "{{ db.username }} {{ db.password }}", "destination": str(tmpfs / "db")},
        ],
        "listener": [{"type": "unix", "address": str(tmpfs / "injector.sock")}],
    }


def time_to_upgrade(node):
    """A new KV v2 mount refuses writes for a moment."""
    node._until(lambda: put(node, "zero") is None)


def put(node, value):
    node.admin.secrets.kv.v2.create_or_update_secret("app", secret={"value": value})
