"""`injector check --online` as people and scripts run it."""

import json
from pathlib import Path

import pytest

from tests.support.engine import configuration
from tests.support.processes import clean_environment, result, write_config

CANARY = "canary-e1f09a77"


@pytest.fixture
def settings(app, tmpfs):
    app.put("kv", value=CANARY)
    app.allow(app.path("kv"))
    return configuration(
        app,
        app.bao.address,
        secrets={"kv": {"path": app.path("kv")}},
        template=[{"secret": "kv", "format": "json", "destination": str(tmpfs / "kv.json")}],
        listener=[{"type": "unix", "address": str(tmpfs / "sock")}],
    )


def test_everything_is_listed_with_a_verdict_and_nothing_is_left(app, settings, tmp_path, tmpfs):
    path = write_config(tmp_path, settings)

    ended = result("check", "-c", path, "--online")

    lines = ended.stdout.splitlines()
    assert ended.returncode == 0, ended.stdout
    assert ended.stderr == ""
    assert lines[0] == f"{path}: ok (1 secret, 1 file, 0 notification targets)"
    levels = [line.partition(":")[0] for line in lines[1:-1] if not line.startswith("  = help: ")]
    assert levels == [*["ok"] * 5, "warning", *["ok"] * 2]
    assert lines[-1] == "online: 1 warning (8 findings)"
    assert list(tmpfs.iterdir()) == []
    assert app.secret_id.exists()


def test_the_smallest_exit_code_of_several_problems_is_used(settings, tmp_path, tmpfs):
    settings["secrets"]["kv"]["path"] = "secret/data/of-others"  # 4
    settings["template"][0]["command"] = ["no-such-program"]  # 8
    (tmpfs / "sock").touch()  # 2: where the listener's socket should be

    ended = result("check", "-c", write_config(tmp_path, settings), "--online")

    assert ended.returncode == 2
    last = ended.stdout.splitlines()[-1]
    assert last.startswith("online: 3 problems")
    assert last.endswith("; exit code 2")

    ended = result("check", "-c", write_config(tmp_path, settings), "--online", "--elsewhere")

    assert ended.returncode == 4
    assert ended.stdout.splitlines()[-1].startswith("online: 1 problem")


def test_a_file_with_mistakes_is_not_used_and_all_of_them_are_reported(settings, tmp_path):
    settings["log_level"] = "debgu"
    settings["template"][0]["destination"] = "/proc/app.env"

    ended = result("check", "-c", write_config(tmp_path, settings), "--online")

    assert ended.returncode == 2
    assert "did you mean 'debug'?" in ended.stdout
    assert "/proc is on proc" in ended.stdout
    verdict = ended.stdout.splitlines()[-1]
    assert verdict == "online: not attempted, because the configuration has problems"


def test_scripts_get_each_finding(app, settings, tmp_path):
    app.secret_id.write_text(CANARY)

    ended = result("check", "-c", write_config(tmp_path, settings), "--online", "--json")

    report = json.loads(ended.stdout)
    assert ended.returncode == 3
    assert (report["ok"], report["exit_code"], report["problems"]) == (False, 3, [])
    (problem,) = (each for each in report["findings"] if each["level"] == "problem")
    assert problem.keys() == {
        *("level", "about", "text", "remedy", "exit_code"),
        *("file", "line", "column"),
    }
    assert (problem["about"], problem["exit_code"]) == ("login", 3)
    written = Path(problem["file"]).read_text().splitlines()[problem["line"] - 1]
    assert written[problem["column"] - 1 :] == "approle"
    assert CANARY not in ended.stdout + ended.stderr


def test_a_token_in_the_environment_is_not_shown(app, settings, tmp_path):
    del settings["auto_auth"]
    token = app.admin.auth.token.create(policies=[app.name], ttl="1h")["auth"]["client_token"]

    ended = result(
        "check",
        "-c",
        write_config(tmp_path, settings),
        "--online",
        environ=clean_environment(VAULT_TOKEN=token),
    )

    assert ended.returncode == 0
    assert token not in ended.stdout + ended.stderr
