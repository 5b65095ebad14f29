"""`injector once` as its users run it: exit code, files, output."""

import resource
import subprocess

import pytest

from tests.support.app import App
from tests.support.engine import configuration
from tests.support.processes import clean_environment, command, result, running, write_config

CANARY = "canary-7f3a-value"


def config(app: App, destination, **more):
    entry = {"contents": "pw={{ db.password }}\n", "destination": str(destination)}
    blocks = {"secrets": {"db": {"path": app.path("db")}}, "template": [entry], **more}
    return configuration(app, app.bao.address, **blocks)


def test_success_is_0_and_the_file_exists(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)

    ended = result("once", "-c", write_config(tmp_path, config(app, tmpfs / "db.env")))

    assert ended.returncode == 0
    assert (tmpfs / "db.env").read_text() == f"pw={CANARY}\n"
    assert CANARY not in ended.stdout + ended.stderr
    assert "everything is in place" in ended.stderr


def test_a_configuration_problem_is_2_and_sends_nothing(app, tmpfs, tmp_path):
    broken = config(app, "relative/db.env", destinaton="x")

    ended = result("once", "-c", write_config(tmp_path, broken))

    assert ended.returncode == 2
    assert "unknown key 'destinaton'" in ended.stderr
    assert "template[0].destination: must be absolute" in ended.stderr
    assert "Traceback" not in ended.stderr


def wrong_secret_id(app, tmpfs, tmp_path):
    app.secret_id.write_text("not-the-secret-id")
    return config(app, tmpfs / "db.env")


def outside_the_policy(app, tmpfs, tmp_path):
    return config(app, tmpfs / "db.env", secrets={"db": {"path": "secret/data/somebody-elses"}})


def no_such_secret(app, tmpfs, tmp_path):
    return config(app, tmpfs / "db.env", secrets={"db": {"path": app.path("nothing")}})


def no_such_key(app, tmpfs, tmp_path):
    app.put("db", pasword=CANARY)
    return config(app, tmpfs / "db.env")


def not_base64(app, tmpfs, tmp_path):
    app.put("db", password=CANARY + "!")
    entry = {
        "contents": "{{ db.password | b64decode }}",
        "destination": str(tmpfs / "db.env"),
    }
    return config(app, tmpfs / "db.env", template=[entry])


def too_large_to_write(app, tmpfs, tmp_path):
    app.put("db", password=CANARY * 1000)
    return config(app, tmpfs / "db.env")


def failing_command(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    entry = {
        "contents": "{{ db.password }}",
        "destination": str(tmpfs / "db.env"),
        "exec": {"command": ["sh", "-c", f"echo {CANARY} >&2; exit 7"]},
    }
    return config(app, tmpfs / "db.env", template=[entry])


def nobody_answers(app, tmpfs, tmp_path):
    return config(app, tmpfs / "db.env", vault={"address": "http://127.0.0.1:1"})


CASES = {
    3: (wrong_secret_id, "role or secret"),
    4: (outside_the_policy, "has to allow read on"),
    5: (no_such_secret, "nothing is there"),
    55: (no_such_key, "did you mean 'pasword'"),
    6: (not_base64, "not base64"),
    7: (too_large_to_write, "File too large"),
    8: (failing_command, "exited with 7"),
    9: (nobody_answers, "cannot reach http://127.0.0.1:1: Connection refused; is"),
}


@pytest.mark.timeout(60)
def test_every_exit_code_of_once_with_its_reason(server, make_app, tmpfs, tmp_path):
    """All at once: each waits out the grace that an error gets before it counts."""
    started = {}
    for code, (prepare, _) in CASES.items():
        app = make_app()
        folder = tmp_path / str(code)
        folder.mkdir()
        destination = tmpfs / str(code)
        destination.mkdir()
        path = write_config(folder, prepare(app, destination, folder))
        limited = code == 7
        started[code] = subprocess.Popen(
            [*command("once", "-c", path), "--timeout", "7s"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            preexec_fn=_small_files if limited else None,
        )
    ended = {code: popen.communicate(timeout=40) for code, popen in started.items()}

    for code, (out, err) in ended.items():
        expected = 5 if code == 55 else code
        assert started[code].returncode == expected, err
        assert CASES[code][1] in err
        assert "token token" not in err
        # Once, however often it was tried; what waiting might have mended, at the end as well.
        assert err.count(CASES[code][1]) == (2 if code == 9 else 1)
        assert code not in (4, 5) or '"reasons":["secret db: ' in err
        assert "None" not in err
        assert CANARY not in out + err
        assert "Traceback" not in err
        assert not (tmpfs / str(code) / "db.env").exists() or code == 8


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_signal_before_the_end_is_128_and_its_number(app, tmpfs, tmp_path):
    import signal

    path = write_config(tmp_path, config(app, tmpfs / "x", vault={"address": "http://127.0.0.1:1"}))

    with running("once", "-c", path) as once:
        once.wait_for("login failed")
        assert once.end(signal.SIGTERM, limit=3) == 143


def test_the_secret_id_file_is_removed_after_a_login_with_it(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    settings = config(app, tmpfs / "db.env")
    settings["auto_auth"]["method"]["config"].pop("remove_secret_id_file_after_reading")

    ended = result("once", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 0
    assert not app.secret_id.exists()
    assert app.role_id.exists()

    (tmpfs / "db.env").unlink()
    again = result("once", "-c", write_config(tmp_path, settings), "--timeout", "2s")

    assert again.returncode == 3
    assert f"there is no secret id at {app.secret_id}: put a new one there" in again.stderr


def test_the_last_good_file_survives_a_failing_run(app, tmpfs, tmp_path):
    (tmpfs / "db.env").write_text("pw=old\n")

    ended = result(
        "once",
        "-c",
        write_config(tmp_path, no_such_secret(app, tmpfs, tmp_path)),
        "--timeout",
        "1s",
    )

    assert ended.returncode != 0
    assert (tmpfs / "db.env").read_text() == "pw=old\n"
