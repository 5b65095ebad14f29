"""`injector agent` and the real `bao agent`, started with the same file, produce the same files."""

import json
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from injector.dev.bao import executable
from tests.support.processes import clean_environment, command

LOGIN = """
auto_auth {
  method "approle" {
    mount_path = "auth/approle"
    config = {
      role_id_file_path                   = "ROLE_ID"
      secret_id_file_path                 = "SECRET_ID"
      remove_secret_id_file_after_reading = false
    }
  }
  sink "file" { config = { path = "HERE/token" } }
  sink { type = "file", wrap_ttl = "5m", config = { path = "HERE/wrapped" mode = 0600 } }
}
"""
SETTINGS = """
pid_file        = "./agent.pid"
exit_after_auth = true
vault {
  address = "ADDRESS"
  retry { num_retries = -1 }
}
template_config { exit_on_retry_failure = true }
"""
TEMPLATES = """
template {
  contents = <<-EOF
    {{- with secret "PATH/app" }}
    PASSWORD={{ .Data.data.password }}
      LITERAL="${HOME}" \\n
    {{- end }}
    EOF
  destination = "HERE/made/for/it/app.env"
}
template {
  source      = "SOURCE"
  destination = "relative.conf"
  perms       = 0400
  command     = "cat relative.conf > said.txt && echo $1 second line >> said.txt"
}
template {
  contents    = "{{ with secret `PATH/app` }}<{{ .Data.data.nothing }}>{{ end }}"
  destination = "HERE/there"
  exec { command = ["cp", "HERE/there", "HERE/copied"] }
}
template {
  contents        = "[[ with secret \\"PATH/app\\" ]][[ .Data.data | toJSON ]][[ end ]]\\n"
  destination     = "HERE/app.json"
  left_delimiter  = "[["
  right_delimiter = "]]"
  perms           = "640"
  backup          = false
  wait { min = "1ms" max = "2ms" }
}
"""


@dataclass
class Pair:
    """Runs one file with both, each in its own directory."""

    folder: Path
    words: dict[str, str]
    there: str = ""  # content of a file that already exists

    def agents(self, text: str, **environ: str) -> tuple["Left", "Left"]:
        """Return the results of the real agent and of ours."""
        return (
            self._run("theirs", text, [str(executable()), "agent"], environ),
            self._run("ours", text, command("agent"), environ),
        )

    def _run(self, name: str, text: str, program: list[str], environ: dict[str, str]) -> "Left":
        here = self.folder / name
        here.mkdir()
        there = here / "there"  # keeps its mode
        there.write_text(self.there)
        there.chmod(0o604)
        for word, value in {"HERE": str(here), **self.words}.items():
            text = re.sub(rf"\b{word}\b", value, text)
        config = self.folder / f"{name}.hcl"
        config.write_text(text)
        ended = subprocess.run(
            [*program, f"-config={config}"],
            cwd=here,
            env=clean_environment(**environ),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return Left(here, ended.returncode, ended.stdout + ended.stderr)


@dataclass
class Left:
    """What a run has left in its directory."""

    folder: Path
    code: int
    log: str

    def files(self, *but: str) -> dict[str, tuple[str, bytes]]:
        return {
            str(path.relative_to(self.folder)): (
                oct(stat.S_IMODE(path.stat().st_mode)),
                b"" if path.name in but else path.read_bytes(),
            )
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def pair(app, tmp_path):
    app.put("app", password='it\'s <&> "quoted"', number=12345678, nothing=None)
    app.admin.sys.create_or_update_policy(
        app.name,
        f'path "secret/data/{app.name}/*" {{ capabilities = ["read"] }}\n'
        f'path "secret/metadata/{app.name}/*" {{ capabilities = ["list"] }}\n'
        'path "sys/wrapping/wrap" { capabilities = ["update"] }',
    )
    source = tmp_path / "relative.ctmpl"
    source.write_text(
        '{{ with secret "PATH/app" }}n={{ .Data.data.number }}{{ end }}\n'.replace(
            "PATH", f"secret/data/{app.name}"
        )
    )
    words = {
        "ADDRESS": app.bao.address,
        "ROLE_ID": str(app.role_id),
        "SECRET_ID": str(app.secret_id),
        "APP": app.name,
        "PATH": f"secret/data/{app.name}",
        "SOURCE": str(source),
    }
    return Pair(tmp_path, words)


def test_both_leave_the_same_files_with_the_same_bytes_and_modes(pair):
    theirs, ours = pair.agents(SETTINGS + LOGIN + TEMPLATES)

    assert (theirs.code, ours.code) == (0, 0), ours.log
    tokens = ("token", "wrapped")
    assert ours.files(*tokens) == theirs.files(*tokens)
    assert len(ours.files()) == 8
    wrapped = [json.loads((left.folder / "wrapped").read_text()) for left in (theirs, ours)]
    assert wrapped[0].keys() == wrapped[1].keys()
    assert wrapped[0]["creation_path"] == wrapped[1]["creation_path"]


def test_a_supervised_command_gets_the_same_variables_and_its_exit_code_is_passed_on_by_both(pair):
    script = """
        echo "$PASSWORD|$COUNT|$VAULT_OURS|$BAO_OURS|$OURS" > HERE/environment
        echo "$0 $@" >> HERE/environment
        exit 7
    """
    text = f"""
        vault {{ address = "ADDRESS" retry {{ num_retries = -1 }} }}
        {LOGIN}
        env_template "PASSWORD" {{
          contents = "{{{{ with secret `PATH/app` }}}}{{{{ .Data.data.password }}}}{{{{ end }}}}"
          error_on_missing_key = true
        }}
        env_template "COUNT" {{
          contents = "{{{{ with secret \\"PATH/app\\" }}}}{{{{ .Data.data.number }}}}{{{{ end }}}}"
        }}
        exec {{
          command = ["sh", "-c", {json.dumps(script)}, "as", "it is"]
          restart_on_secret_changes = "always"
          restart_stop_signal = "SIGTERM"
        }}
    """

    theirs, ours = pair.agents(text, VAULT_OURS="a", BAO_OURS="b", OURS="c")

    assert (theirs.code, ours.code) == (7, 7), ours.log
    tokens = ("token", "wrapped")
    assert ours.files(*tokens) == theirs.files(*tokens)
    assert b"|12345678|a|b|c\nas it is\n" in ours.files()["environment"][1]


def test_a_failed_command_runs_once_and_both_still_succeed(pair):
    """As in an init container, before there is a process that could be notified."""
    template = """
        template {
          contents    = "{{ with secret `PATH/app` }}{{ .Data.data.number }}{{ end }}"
          destination = "HERE/x"
          command     = "echo told >> HERE/said.txt; kill -HUP $(cat HERE/no.pid)"
        }
    """

    theirs, ours = pair.agents(SETTINGS + LOGIN + template)

    assert (theirs.code, ours.code) == (0, 0), ours.log
    assert theirs.files()["said.txt"] == ours.files()["said.txt"]
    assert "notification failed" in ours.log


def test_an_empty_list_of_secrets_is_rendered_at_once(pair):
    template = """
        template {
          contents = "{{ range secrets `secret/APP/none/` }}{{ . }}{{ end }}."
          destination = "HERE/x"
        }
    """
    theirs, ours = pair.agents(SETTINGS + LOGIN + template)

    assert theirs.files()["x"] == ours.files()["x"] == ("0o644", b".")


def test_the_sink_may_be_the_token_file_of_the_login(pair, app):
    text = """
        auto_auth {
          method "token_file" { config = { token_file_path = "HERE/there" } }
          sink "file" { config = { path = "HERE/there" } }
        }
        template {
          contents = "{{ with secret `PATH/app` }}{{ .Data.data.number }}{{ end }}"
          destination = "HERE/x"
        }
    """
    token = app.admin.auth.token.create(policies=[app.name])["auth"]["client_token"]
    pair.there = token

    theirs, ours = pair.agents(SETTINGS + text)

    assert (theirs.code, ours.code) == (0, 0), ours.log
    assert ours.files() == theirs.files()
    assert ours.files()["there"][1] == token.encode()


def test_go_templates_load_no_other_engine(tmp_path):
    file = tmp_path / "agent.hcl"
    file.write_text(
        'vault { address = "http://127.0.0.1:1" }\n'
        'auto_auth { method "token_file" { config { token_file_path = "t" } } }\n'
        'template { contents = "x" destination = "/dev/shm/not-written" }\n'
    )
    code = (
        "import sys; from injector.runtime.plan import plan; import injector.cli.agent;"
        f"plan('{file}'); print([name for name in ('minijinja', 're2') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"


def test_a_native_configuration_loads_none_of_it(tmp_path):
    file = tmp_path / "injector.yaml"
    file.write_text(
        "auto_auth: {method: {type: token_file, config: {token_file_path: t}}}\n"
        "template: [{contents: x, destination: /dev/shm/x}]\n"
        "vault: {address: 'http://127.0.0.1:1'}\n"
    )
    code = (
        f"import sys; from injector import cli; code = cli.main(['check', '-c', '{file}']);"
        "print(code, [name for name in sys.modules if name.startswith('injector.dialects')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )

    assert ended.stdout.splitlines()[-1] == "0 []", ended.stdout
