"""`injector render` with a real server: what it reads, and that it leaves nothing there."""

import os
import time

import pytest

from tests.support.commands import run, without_tokens
from tests.support.engine import configuration
from tests.support.processes import LIMIT, write_config

CANARY = "canary-91b3c2"


@pytest.fixture(scope="module")
def issuing(server, database):
    admin = server.admin
    admin.sys.enable_secrets_engine("pki", path="render-pki")
    admin.adapter.post("/v1/render-pki/root/generate/internal", json={"common_name": "root"})
    admin.adapter.post("/v1/render-pki/roles/web", json={"allow_any_name": True})
    return database


@pytest.fixture
def settings(app, tmpfs, issuing):
    """A secret that is there, and two that reading would issue."""
    app.put("kv", value=CANARY)
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"{app.name}/old", secret={"value": CANARY}, mount_point="kv1"
    )
    issuing.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    app.allow(
        app.path("*"), f"kv1/{app.name}/old", f"database/creds/{app.name}", "render-pki/issue/web"
    )
    return configuration(
        app,
        app.bao.address,
        secrets={
            "kv": {"path": app.path("kv")},
            "old": {"path": f"kv1/{app.name}/old"},
            "db": {"path": f"database/creds/{app.name}"},
            "tls": {"path": "render-pki/issue/web", "params": {"common_name": "web", "ttl": "1h"}},
        },
        template=[
            {"secret": "kv", "format": "dotenv", "destination": f"{tmpfs}/kv.env"},
            {"contents": "OLD={{ old.value }}\n", "destination": f"{tmpfs}/old.env"},
            {"contents": "DB={{ db.username }}\n", "destination": f"{tmpfs}/db.env"},
            {"contents": "{{ tls.certificate }}\n", "destination": f"{tmpfs}/cert.pem"},
        ],
    )


@pytest.fixture
def render(tmp_path, capsys, monkeypatch):
    without_tokens(monkeypatch, os.environ)

    def render(config, *args, **environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return run(capsys, "render", "-c", write_config(tmp_path, config), *args)

    return render


def tokens(app):
    return set(app.admin.auth.token.list_accessors()["data"]["keys"])


def leases(app):
    try:
        found = app.admin.sys.list_leases(f"database/creds/{app.name}")
    except Exception:  # noqa: BLE001 - hvac's: there is none
        return []
    return found["data"]["keys"]


def issued(server):
    listed = server.admin.adapter.request("list", "/v1/render-pki/certs")
    return len(listed["data"]["keys"])


def test_existing_secrets_are_read_and_credentials_are_not_issued(
    app, server, settings, render, tmpfs
):
    before = tokens(app), issued(server)

    ended = render(settings)

    assert ended.returncode == 2
    assert "+value=[masked " in ended.stdout
    assert "+OLD=[masked " in ended.stdout
    assert "DB=" not in ended.stdout
    advice = "reading it would issue it: use --issue, or --fixtures DIR"
    assert f"{tmpfs}/db.env: database/creds/{app.name}: {advice}" in ended.stderr
    assert f"{tmpfs}/cert.pem: render-pki/issue/web: {advice}" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    assert (tokens(app), issued(server)) == before
    assert leases(app) == []
    assert list(tmpfs.iterdir()) == []
    assert app.secret_id.exists()


def test_only_requested_secrets_are_read(app, settings, render, tmpfs):
    ended = render(settings, f"{tmpfs}/kv.env", "--reveal")

    assert ended.returncode == 1
    assert ended.stdout.splitlines()[3:] == [f"+value='{CANARY}'"]
    assert ended.stderr == "injector: 1 different or missing\n"


def test_what_is_issued_on_demand_is_revoked_as_far_as_it_can_be(
    app, server, issuing, settings, render
):
    before = tokens(app)

    ended = render(settings, "--issue")

    assert ended.returncode == 1, ended.stderr
    assert "+DB=[masked " in ended.stdout
    assert "+[masked " in ended.stdout
    assert ended.stderr.splitlines() == [
        "injector: render-pki/issue/web: was issued and has no lease, so it cannot be given back",
        "injector: 4 different or missing",
    ]
    assert tokens(app) == before
    deadline = time.monotonic() + LIMIT
    while leases(app):  # which end with their token, as the server finds the time
        assert time.monotonic() < deadline


def test_a_provided_token_is_kept_and_its_leases_are_revoked(app, settings, render, tmpfs):
    app.allow(f"database/creds/{app.name}", "sys/leases/revoke")
    made = app.admin.auth.token.create(policies=[app.name], ttl="1h")["auth"]
    del settings["auto_auth"]

    ended = render(settings, "--issue", f"{tmpfs}/db.env", VAULT_TOKEN=made["client_token"])

    assert ended.returncode == 1
    assert leases(app) == []
    assert made["accessor"] in tokens(app)

    app.allow(f"database/creds/{app.name}")
    ended = render(settings, "--issue", f"{tmpfs}/db.env", VAULT_TOKEN=made["client_token"])

    assert ended.returncode == 1
    assert f"database/creds/{app.name}: what was issued lives on until its TTL: " in ended.stderr
    assert len(leases(app)) == 1


def test_a_path_without_permission_is_denied_and_the_others_are_shown(app, settings, render):
    app.allow(app.path("kv"))

    ended = render(settings, "--issue")

    assert ended.returncode == 4
    assert "+value=[masked " in ended.stdout
    assert (
        f"read kv1/{app.name}/old: permission denied: the token's policy has to allow read on "
        f"'kv1/{app.name}/old', and an engine has to be mounted there"
    ) in ended.stderr


def test_a_missing_secret_is_reported_unless_it_is_optional(app, settings, render, tmpfs):
    settings["secrets"]["kv"]["path"] = app.path("nothing")
    settings["template"][0] = {
        "contents": "{{ 'none' if kv is none else kv.value }}\n",
        "destination": f"{tmpfs}/kv.env",
    }

    ended = render(settings, f"{tmpfs}/kv.env")
    assert ended.returncode == 5
    assert (
        f"nothing is there; put it there, or correct the path '{app.path('nothing')}'"
        in ended.stderr
    )

    settings["secrets"]["kv"]["optional"] = True
    ended = render(settings, f"{tmpfs}/kv.env", "--content", "--reveal")
    assert (ended.returncode, ended.stdout) == (0, "none\n")


def test_a_secret_id_for_one_login_is_left_alone(app, settings, render, tmpfs):
    settings["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"] = True

    ended = render(settings, f"{tmpfs}/kv.env")

    assert ended.returncode == 2
    assert ended.stderr.startswith("injector: not logged in: the secret id's file is to be removed")
    assert ended.stderr.endswith("; give --fixtures DIR, which needs no login\n")

    ended = render(settings, f"{tmpfs}/kv.env", "--use-secret-id")

    assert ended.returncode == 1
    assert app.secret_id.exists()


def test_a_wrapped_secret_id_is_never_opened(app, settings, render, tmpfs):
    answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    app.secret_id.write_text(answer["wrap_info"]["token"])
    settings["auto_auth"]["method"]["config"]["secret_id_response_wrapping_path"] = (
        f"auth/approle/role/{app.name}/secret-id"
    )

    ended = render(settings, f"{tmpfs}/kv.env", "--use-secret-id")

    assert ended.returncode == 2
    assert (
        "the secret id is wrapped, and can be unwrapped only once; give --fixtures" in ended.stderr
    )
    assert app.admin.sys.unwrap(app.secret_id.read_text())["data"]["secret_id"]


def test_a_rejected_login_and_an_absent_server_have_their_exit_codes(app, settings, render):
    app.secret_id.write_text(CANARY)
    ended = render(settings)
    assert ended.returncode == 3
    assert CANARY not in ended.stderr

    settings["vault"]["address"] = "http://127.0.0.1:1"
    ended = render(settings)
    assert ended.returncode == 9
    assert ended.stderr.startswith("injector: cannot reach http://127.0.0.1:1: ")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("database/static-creds/none", 4),  # it is read: Vault says that there is no such role
        ("render-pki/cert/ca", 1),
        ("auth/token/lookup-self", 2),
        ("sys/wrapping/unwrap", 2),
    ],
)
def test_which_reads_are_known_to_issue_nothing(app, settings, render, tmpfs, path, code):
    app.allow(path)
    settings["secrets"] = {"s": {"path": path}}
    settings["template"] = [{"contents": "{{ s | tojson }}\n", "destination": f"{tmpfs}/s"}]

    ended = render(settings)

    assert ended.returncode == code, ended.stderr
