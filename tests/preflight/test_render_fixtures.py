"""`injector render` without a server: secrets from a folder, and the names of variables."""

import os

import pytest

from tests.support.commands import run, without_tokens
from tests.support.processes import write_config

SECRETS = {
    "app": {"path": "secret/data/app"},
    "db": {"path": "database/creds/app"},
    "tls": {"path": "pki/issue/web", "params": {"common_name": "web"}},
}


@pytest.fixture
def folder(tmp_path):
    """A configuration without a login, and fixtures for its secrets."""
    made = tmp_path / "fixtures"
    (made / "secret/data").mkdir(parents=True)
    (made / "app.yaml").write_text("user: bob\npassword: canary-pw\n")
    (made / "db.yml").write_text("username: u1\npassword: canary-db\n")
    (made / "tls.json").write_text('{"certificate": "canary-cert", "private_key": "canary-key"}')
    return made


@pytest.fixture
def render(tmp_path, capsys, monkeypatch):
    """Run the command in this process, as from an environment without a token."""
    without_tokens(monkeypatch, os.environ)

    def render(config, *args):
        path = write_config(tmp_path, {"vault": {"address": "https://vault.example"}, **config})
        return run(capsys, "render", "-c", path, *args)

    return render


def settings(tmpfs, **more):
    return {
        "secrets": dict(SECRETS),
        "template": [
            {"secret": "app", "format": "dotenv", "destination": f"{tmpfs}/app.env"},
            {"contents": "DB={{ db.password }}\n", "destination": f"{tmpfs}/db.env"},
        ],
        "bundle": [
            {
                "name": "tls",
                "directory": f"{tmpfs}/tls",
                "template": [
                    {"destination": "cert.pem", "contents": "{{ tls.certificate }}\n"},
                    {
                        "destination": "key.pem",
                        "contents": "{{ tls.private_key }}\n",
                        "perms": "0400",
                    },
                ],
            }
        ],
        **more,
    }


def test_what_would_be_written_is_shown_masked_and_nothing_is_written(
    render, tmp_path, tmpfs, folder
):
    ended = render(settings(tmpfs), "--fixtures", folder)

    assert ended.returncode == 1
    headers = [line for line in ended.stdout.splitlines() if line.startswith("+++ ")]
    assert headers == [
        f"+++ {tmpfs}/{name}" for name in ("app.env", "db.env", "tls/cert.pem", "tls/key.pem")
    ]
    assert "+password=[masked " in ended.stdout
    assert "canary" not in ended.stdout + ended.stderr
    assert ended.stderr == "injector: 4 different or missing\n"
    assert list(tmpfs.iterdir()) == []


def test_unchanged_files_are_not_shown(render, tmp_path, tmpfs, folder):
    config = settings(tmpfs)
    (tmpfs / "app.env").write_text("password='canary-pw'\nuser='bob'\n")
    (tmpfs / "app.env").chmod(0o600)

    ended = render(config, "--fixtures", folder, f"{tmpfs}/app.env")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "injector: 1 unchanged\n"

    (tmpfs / "app.env").chmod(0o644)
    ended = render(config, "--fixtures", folder, f"{tmpfs}/app.env")

    assert ended.returncode == 1
    assert ended.stdout == f"{tmpfs}/app.env: mode 0644 → 0600\n"


def test_another_owner_is_a_difference(render, tmp_path, tmpfs, folder):
    config = settings(tmpfs, bundle=[])
    config["template"] = [
        {"contents": "x\n", "destination": f"{tmpfs}/x", "user": "65534", "group": "65534"}
    ]
    (tmpfs / "x").write_text("x\n")
    (tmpfs / "x").chmod(0o600)

    ended = render(config, "--fixtures", folder)

    assert ended.returncode == 1
    assert ended.stdout.splitlines() == [
        f"{tmpfs}/x: owner uid {os.geteuid()} → 65534",
        f"{tmpfs}/x: group gid {os.getegid()} → 65534",
    ]


def test_a_change_is_visible_and_revealed_only_on_demand(render, tmp_path, tmpfs, folder):
    (tmpfs / "db.env").write_text("DB=canary-old\n")
    (tmpfs / "db.env").chmod(0o600)
    config = settings(tmpfs)

    masked = render(config, "--fixtures", folder, f"{tmpfs}/db.env")
    revealed = render(config, "--fixtures", folder, f"{tmpfs}/db.env", "--reveal")

    assert "canary" not in masked.stdout
    assert [line[:11] for line in masked.stdout.splitlines()[3:]] == ["-DB=[masked", "+DB=[masked"]
    assert revealed.stdout.splitlines()[3:] == ["-DB=canary-old", "+DB=canary-db"]


def test_a_bundle_is_compared_through_its_links(render, tmp_path, tmpfs, folder):
    generation = tmpfs / "tls" / "..vault-injector.12345678"
    generation.mkdir(parents=True)
    (generation / "cert.pem").write_text("canary-cert\n")
    (generation / "key.pem").write_text("canary-key\n")
    (generation / "cert.pem").chmod(0o600)
    (generation / "key.pem").chmod(0o400)
    (tmpfs / "tls" / "..data").symlink_to("..vault-injector.12345678")
    for name in ("cert.pem", "key.pem"):
        (tmpfs / "tls" / name).symlink_to(f"..data/{name}")

    ended = render(settings(tmpfs), "--fixtures", folder, f"{tmpfs}/tls")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "injector: 2 unchanged\n"


def test_content_is_printed_regardless_of_existing_files(render, tmp_path, tmpfs, folder):
    one = render(
        settings(tmpfs),
        "--fixtures",
        folder,
        "--content",
        "--reveal",
        f"{tmpfs}/app.env",
    )
    all_of_them = render(settings(tmpfs), "--fixtures", folder, "--content")

    assert (one.returncode, one.stderr) == (0, "")
    assert one.stdout == "password='canary-pw'\nuser='bob'\n"
    assert all_of_them.returncode == 0
    assert f"==> {tmpfs}/tls/key.pem <==\n[masked " in all_of_them.stdout
    assert "canary" not in all_of_them.stdout


def test_an_unknown_destination_suggests_the_nearest(render, tmp_path, tmpfs, folder):
    ended = render(settings(tmpfs), "--fixtures", folder, f"{tmpfs}/app.evn")

    assert ended.returncode == 2
    assert f"no file here is '{tmpfs}/app.evn'; did you mean '{tmpfs}/app.env'?" in ended.stderr


def test_a_link_in_place_of_a_file_is_not_followed(render, tmp_path, tmpfs, folder):
    (tmp_path / "elsewhere").write_text("canary-elsewhere")
    (tmpfs / "db.env").symlink_to(tmp_path / "elsewhere")

    ended = render(settings(tmpfs), "--fixtures", folder, f"{tmpfs}/db.env", "--reveal")

    assert ended.returncode == 7
    assert f"{tmpfs}/db.env cannot be read to compare it: Too many levels" in ended.stderr
    assert "canary-elsewhere" not in ended.stdout + ended.stderr


# --- the folder --------------------------------------------------------------------------------


def test_a_secret_named_in_place_is_a_file_at_its_path(render, tmp_path, tmpfs, folder):
    (folder / "secret/data/shared.yaml").write_text("key: shared\n")
    (folder / "secret/data/shared?version=3.yaml").write_text("key: third\n")
    text = (
        "{{ secret('secret/data/shared').key }} {{ secret('secret/data/shared?version=3').key }} "
        "{{ secret('secret/data/shared?version=4').key }}\n"
    )
    config = settings(tmpfs, bundle=[])
    config["template"] = [{"contents": text, "destination": f"{tmpfs}/x"}]

    ended = render(config, "--fixtures", folder, "--content", "--reveal")

    assert ended.stdout == "shared third shared\n"


def test_a_path_that_a_value_decides_is_found_in_the_second_round(render, tmp_path, tmpfs, folder):
    (folder / "secret/data/bob.yaml").write_text("key: of bob\n")
    text = "{{ secret('secret/data/' ~ app.user).key }}\n"
    config = settings(tmpfs, bundle=[])
    config["template"] = [{"contents": text, "destination": f"{tmpfs}/x"}]

    ended = render(config, "--fixtures", folder, "--content", "--reveal")

    assert ended.stdout == "of bob\n"


def test_a_missing_fixture_names_its_path_and_the_nearest_existing_one(
    render, tmp_path, tmpfs, folder
):
    (folder / "db.yml").rename(folder / "dbs.yaml")

    ended = render(settings(tmpfs), "--fixtures", folder)

    assert ended.returncode == 5
    assert (
        f"{tmpfs}/db.env: there is no fixture for database/creds/app: it would be {folder}/db.yaml "
        f"or {folder}/database/creds/app.yaml; did you mean {folder}/dbs.yaml?"
    ) in ended.stderr
    assert f"{folder}/dbs.yaml is not used: nothing asks for a secret of that" in ended.stderr
    assert "+password=[masked " in ended.stdout  # the others are shown all the same


def test_an_optional_secret_without_a_fixture_does_not_exist(render, tmp_path, tmpfs, folder):
    (folder / "db.yml").unlink()
    config = settings(tmpfs, bundle=[])
    config["secrets"]["db"] = {"path": "database/creds/app", "optional": True}
    config["template"] = [
        {"contents": "{{ 'none' if db is none else db.x }}\n", "destination": f"{tmpfs}/x"}
    ]

    ended = render(config, "--fixtures", folder, "--content", "--reveal")

    assert ended.stdout == "none\n"


BAD = {
    "a: b: c\n": ":1: mapping values are not allowed in this context",
    "- a\n": ": expected the keys and values of a secret, as a map",
    "when: 2024-01-01\n": ": when: date is not a JSON value; put it in quotes",
    "1: x\n": ": 1: a key must be text; put it in quotes",
    "x: .nan\n": ": x: float is not a JSON value; put it in quotes",
    "x: !!python/object:os.system {}\n": ":1: could not determine a constructor for the tag",
    "\xff": ": is not UTF-8 text (line 1)",
}


@pytest.mark.parametrize("text", BAD)
def test_a_fixture_that_cannot_be_used_is_named(render, tmp_path, tmpfs, folder, text):
    (folder / "app.yaml").write_text(text, "latin-1")

    ended = render(settings(tmpfs), "--fixtures", folder, f"{tmpfs}/app.env")

    assert ended.returncode == 2
    assert f"{tmpfs}/app.env: {folder}/app.yaml{BAD[text]}" in ended.stderr


def test_a_missing_directory_says_what_belongs_there(render, tmp_path, tmpfs):
    ended = render(settings(tmpfs), "--fixtures", tmp_path / "nowhere")

    assert ended.returncode == 2
    assert ended.stderr == (
        f"injector: --fixtures: {tmp_path}/nowhere is not a directory; it holds NAME.yaml for each "
        "name of `secrets:`, or PATH.yaml for a path\n"
    )


def test_a_path_that_leaves_the_directory_is_rejected(render, tmp_path, tmpfs, folder):
    config = settings(tmpfs, bundle=[])
    config["template"] = [
        {"contents": "{{ secret('../../etc/x').key }}", "destination": f"{tmpfs}/x"}
    ]

    ended = render(config, "--fixtures", folder)

    assert ended.returncode == 2
    assert "without `.` and `..`" in ended.stderr


def test_templates_contracts_and_checks_fail_as_they_would(render, tmp_path, tmpfs, folder):
    config = settings(tmpfs, bundle=[])
    config["secrets"]["app"] = {"path": "secret/data/app", "contract": {"keys": {"port": "number"}}}
    config["template"] += [
        {"contents": "{{ db.pasword }}", "destination": f"{tmpfs}/typo"},
        {"contents": "{ ", "destination": f"{tmpfs}/x.json", "check": {"format": "json"}},
    ]

    ended = render(config, "--fixtures", folder)

    assert ended.returncode == 5
    said = ended.stderr.splitlines()
    assert "secret app breaks its contract: key port is missing" in said[0]
    assert "has no key 'pasword'; did you mean 'password'?" in said[1]
    assert f"{tmpfs}/x.json: check of {tmpfs}/x.json: " in said[2]
    assert said[-1] == "injector: 1 different or missing, 3 not rendered"


def test_variables_of_a_job_are_shown_as_what_would_be_appended(
    render, tmp_path, tmpfs, folder, monkeypatch
):
    (tmp_path / "github").write_text("OTHER=canary-other\n")
    variables = {"secret": "app", "format": "github-env", "destination": "${GITHUB_ENV}"}
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "github"))
    config = settings(tmpfs, bundle=[], template=[variables])

    ended = render(config, "--fixtures", folder)

    assert ended.returncode == 1
    assert "canary" not in ended.stdout
    assert ended.stdout.startswith("--- /dev/null\n")


# --- names only --------------------------------------------------------------------------------


def test_an_example_has_names_and_where_they_come_from_and_no_values(render, tmp_path, tmpfs):
    (tmp_path / "web.env.j2").write_text(
        "# settings of the web server\n"
        "STAGE=prod\n"
        "export DB_USER={{ db.username }}\n"
        "{% if app.debug %}\nDEBUG={{ app.debug }}\n{% endif %}\n"
        "{{ app.extra_name }}=x\n"
    )
    config = settings(tmpfs, bundle=[])
    config["secrets"]["app"] = {
        "path": "secret/data/app",
        "contract": {"keys": {"password": "string", "user": "string"}},
    }
    config["template"] += [
        {"source": "web.env.j2", "destination": f"{tmpfs}/web.env"},
        {"contents": "[db]\nuser={{ db.username }}\n", "destination": f"{tmpfs}/db.ini"},
    ]

    ended = render(config, "--names-only")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        f"# {tmpfs}/app.env, made from secrets.app (secret/data/app)",
        "password=",
        "user=",
        "# … and its other keys, which only the secret tells: give --fixtures DIR",
        "",
        f"# {tmpfs}/db.env, made from `contents`",
        "# db.password",
        "DB=",
        "",
        f"# {tmpfs}/web.env, made from web.env.j2",
        "STAGE=",
        "# db.username",
        "DB_USER=",
        "# app.debug",
        "DEBUG=",
        "# … and what line 7 names by a value",
    ]


def test_fixtures_reveal_the_names_that_only_a_secret_knows(render, tmp_path, tmpfs, folder):
    ended = render(settings(tmpfs), "--names-only", "--fixtures", folder, f"{tmpfs}/app.env")

    assert ended.returncode == 0
    assert ended.stdout.splitlines()[1:] == ["password=", "user="]
    assert "canary" not in ended.stdout


def test_files_without_variables_have_no_names(render, tmp_path, tmpfs, folder):
    ended = render(settings(tmpfs), "--names-only", f"{tmpfs}/tls")

    assert ended.returncode == 2
    assert "no file here defines variables" in ended.stderr


def test_content_goes_to_stdout_and_remarks_to_stderr(render, tmp_path, tmpfs, folder):
    """The difference is on stdout, everything that is said about it on stderr."""
    ended = render(settings(tmpfs), "--fixtures", folder, "--content", f"{tmpfs}/db.env")

    assert ended.stdout.startswith("DB=[masked ")
    assert ended.stderr == ""


# --- what is not just a file -------------------------------------------------------------------


def test_variables_of_the_command_are_shown_and_are_in_no_file(render, tmp_path, tmpfs, folder):
    config = settings(tmpfs, bundle=[], template=[])
    config["exec"] = {"command": ["app"]}
    config["env_template"] = [{"name": "DB_PASSWORD", "contents": "{{ db.password }}"}]

    shown = render(config, "--fixtures", folder)
    revealed = render(config, "--fixtures", folder, "--reveal", "env_template DB_PASSWORD")
    names = render(config, "--names-only")

    assert shown.returncode == 0
    assert shown.stdout.startswith("env_template DB_PASSWORD: [masked ")
    assert revealed.stdout == "env_template DB_PASSWORD: canary-db\n"
    assert names.stdout.splitlines() == [
        "# env_template DB_PASSWORD, made from `contents`",
        "# db.password",
        "DB_PASSWORD=",
    ]


def test_an_error_that_a_value_is_a_part_of_does_not_show_it(render, tmp_path, tmpfs, folder):
    (folder / "app.yaml").write_text("plain: canary-91b3c2\nfile: canary-7f3a9b\n")
    paths = [
        "{{ secret('secret/data/' ~ app.plain).key }}",
        "{{ secret('secret/' ~ app.file ~ '/x').key }}",
    ]
    entries = [{"contents": t, "destination": f"{tmpfs}/{n}"} for n, t in enumerate(paths)]

    ended = render(settings(tmpfs, bundle=[], template=entries), "--fixtures", folder)

    assert ended.returncode == 5
    assert "there is no fixture for secret/data/[redacted: app.plain]" in ended.stderr
    assert "[redacted: app.file]" in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr
