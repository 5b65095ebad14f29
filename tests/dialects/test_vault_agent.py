# ruff: noqa: ISC004 - long messages in lists are split

"""Configurations of the agents become ours: what people write, and the result."""

import json
import os
import re
from pathlib import Path

import msgspec
import pytest

from injector.base.errors import ConfigError
from injector.base.log import logger
from injector.config import load, model
from injector.config.introspect import blocks
from injector.config.logins import ELSEWHERE
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.options import OPTIONS, native_key
from injector.dialects.vault_agent.reading import read_all
from injector.dialects.vault_agent.row import Support
from injector.runtime.listeners import listener_settings
from injector.runtime.plan import plan
from tests.dialects.agents import loaded, notices, problems, whole
from tools.docs.vault_agent import renewed

DOCUMENT = Path("docs/vault-agent.md")


# -- the table of all options


def test_every_supported_option_names_our_key():
    keys = {
        f"{key}.{info.name}".removeprefix(".")
        for key, block in blocks()
        for info in msgspec.structs.fields(block)
    }
    named = {native_key(key, row) for key, rows in OPTIONS.items() for row in rows} - {""}

    assert named <= keys


def test_every_option_of_our_login_is_one_of_the_agents():
    for name, kind in model.METHODS.items():
        theirs = {row.name for row in OPTIONS[f"auto_auth.method.config({name})"]}

        assert {info.name for info in msgspec.structs.fields(kind)} <= theirs, name


def test_unsupported_options_say_why():
    for key, rows in OPTIONS.items():
        for row in rows:
            assert row.says or row.state is Support.DONE, f"{key}.{row.name}"


def test_the_tables_of_the_page_are_up_to_date():
    page = DOCUMENT.read_text("utf-8")

    assert renewed(page) == page, "run: python -m tools.docs"
    for key in OPTIONS:
        assert f"<!-- agents' options: {key or 'top level'} -->" in page


# -- what people write


def test_the_agents_defaults_apply(tmp_path):
    config = loaded(tmp_path, 'template { contents = "x" destination = "/tmp/none/x" }').config

    (template,) = config.template
    assert template.perms == 0o644
    assert template.error_on_missing_key is False
    assert template.create_dest_dirs is True
    assert template.command == ()
    assert template.language == "go"
    assert config.template_config.static_secret_render_interval == 300
    assert config.template_config.require_memory_backed is False
    assert config.template_config.require_trusted_directory is False
    assert config.auto_auth is not None
    assert config.auto_auth.method.min_backoff == 1
    assert config.auto_auth.method.max_backoff == 300
    assert config.auto_auth.method.exit_on_err is False
    assert config.vault.address == "https://127.0.0.1:8200"
    assert config.log_format == "standard"


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("0640", 0o640),
        ('"0640"', 0o640),
        ('"640"', 0o640),
        ("640", 0o1200),  # decimal, as in the agents
        ("0400", 0o400),
    ],
)
def test_a_mode_is_octal_with_a_leading_zero_or_in_quotes(tmp_path, written, mode):
    text = f'template {{ contents = "x" destination = "/tmp/x" perms = {written} }}'

    assert loaded(tmp_path, text).config.template[0].perms == mode


def test_without_a_mode_an_existing_file_keeps_its_own(tmp_path):
    file = tmp_path / "app.env"
    file.write_text("")
    file.chmod(0o600)

    found = loaded(tmp_path, f'template {{ contents = "x" destination = "{file}" }}')

    assert found.config.template[0].perms == 0o600
    assert not any("perms" in advice for advice in found.advice)


OWNERS = {
    "": ("1234", "5678"),
    "uid = 0": ("0", "5678"),
    "gid = 33": ("1234", "33"),
    "uid = -1  gid = -1": ("1234", "5678"),
    'user = "root"  uid = 7': ("root", "5678"),
    'perms = "0600"  uid = -1': ("1234", "5678"),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("options", OWNERS)
def test_an_existing_file_keeps_the_owner_that_is_not_set(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)  # nobody else may create the file
    (tmp_path / "x").touch()
    os.chown(tmp_path / "x", 1234, 5678)
    text = f'template {{ contents = "x" destination = "{tmp_path}/x" {options} }}'

    (template,) = loaded(tmp_path, text).config.template

    assert (template.user, template.group) == OWNERS[options]


@pytest.mark.parametrize(
    ("written", "argv"),
    [
        ('command = "systemctl reload app || true"', ("sh", "-c", "systemctl reload app || true")),
        ('command = "reload.sh"', ("reload.sh",)),
        ('command = ["reload.sh", "now"]', ("reload.sh", "now")),
        ('exec { command = ["remix dev --manual"] }', ("sh", "-c", "remix dev --manual")),
        ("""exec { command = ["a", "'daemon", "off;'"] }""", ("a", "'daemon", "off;'")),
        ('command = "a"\nexec { command = "b" }', ("b",)),
        ('command = "echo ${HOME} a"', ("sh", "-c", "echo ${HOME} a")),
        ('command = "a,b"', ("a", "b")),  # the agents split a string at commas
        ('command = ""', ()),
        ('exec { command = "a" enabled = false }', ()),
    ],
)  # fmt: skip
def test_a_command_with_white_space_runs_in_a_shell(tmp_path, written, argv):
    text = f'template {{ contents = "x" destination = "/tmp/x"\n{written}\n}}'

    assert loaded(tmp_path, text).config.template[0].command == argv


def test_the_timeout_is_that_of_the_command_that_runs(tmp_path):
    text = """
        template { contents = "x" destination = "/tmp/x" command = "a" command_timeout = "5s" }
        template { contents = "x" destination = "/tmp/y" exec { command = "a" timeout = "1m5s" } }
        template { contents = "x" destination = "/tmp/z" exec { command = "a" } }
    """

    timeouts = [each.command_timeout for each in loaded(tmp_path, text).config.template]
    assert timeouts == [5, 65, 30]


def test_a_template_may_use_every_file_and_function_by_default(tmp_path):
    text = """
        template { contents = "x" destination = "/tmp/x" }
        template {
          contents = "x"
          destination = "/tmp/y"
          sandbox_path = "/srv"
          function_denylist = ["plugin"]
          function_blacklist = ["env", "file"]
        }
    """

    anything, little = loaded(tmp_path, text).config.template
    assert (anything.sandbox_path, anything.function_denylist) == ("/", ())
    assert (little.sandbox_path, little.function_denylist) == ("/srv", ("plugin", "env", "file"))


def test_a_variables_template_cannot_use_denied_functions(tmp_path):
    text = """
        env_template "KEY" { contents = "{{ env `HOME` }}" function_denylist = ["env"] }
        exec { command = ["app"] }
    """
    file = tmp_path / "agent.hcl"
    file.write_text(whole(text))

    with pytest.raises(ConfigError, match="`function_denylist`"):
        plan(str(file), {})


def test_secret_ids_are_removed_by_default(tmp_path):
    text = """
        auto_auth {{ method "approle" {{ config = {{
          role_id_file_path = "/r"
          secret_id_file_path = "/s"
          {}
        }} }} }}
    """

    for option, expected in (
        ("", True),
        ("remove_secret_id_file_after_reading = false", False),
        ('remove_secret_id_file_after_reading = "false"', False),
    ):
        login = loaded(tmp_path, text.format(option)).config.auto_auth
        assert login is not None
        assert isinstance(login.method.config, model.AppRole)
        assert login.method.config.remove_secret_id_file_after_reading is expected


def test_paths_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "app.tpl").write_text("x")
    monkeypatch.chdir(tmp_path / "work")
    text = """
        pid_file = "./pid"
        auto_auth {
          method "token_file" { config = { token_file_path = "token" } }
          sink "file" { config = { path = "../sink" } }
        }
        template { source = "app.tpl" destination = "out/app.env" }
    """

    config = loaded(tmp_path, text).config

    assert config.pid_file == str(tmp_path / "work/pid")
    assert config.template[0].source == str(tmp_path / "work/app.tpl")
    assert config.template[0].destination == str(tmp_path / "work/out/app.env")
    assert config.auto_auth is not None
    assert config.auto_auth.sinks[0].config.path == str(tmp_path / "sink")
    assert msgspec.to_builtins(config.auto_auth.method.config)["token_file_path"] == str(
        tmp_path / "work/token"
    )


def test_references_to_environment_variables_are_literal(tmp_path):
    text = """
        vault { namespace = "${TEAM}" }
        template { contents = "${A}" destination = "/tmp/${B}" }
    """

    config = loaded(tmp_path, text, {"TEAM": "x", "A": "x", "B": "x"}).config

    assert config.vault.namespace == "${TEAM}"
    assert config.template[0].contents == "${A}"
    assert config.template[0].destination == "/tmp/${B}"


def test_sinks_are_0640_and_may_be_wrapped(tmp_path):
    text = """
        auto_auth {
          method "token_file" { config = { token_file_path = "/t" } }
          sink "file" { config = { path = "/tmp/a" } }
          sink { type = "file" wrap_ttl = "5m" config { path = "/tmp/b" mode = 0600 uid = 5 } }
        }
    """

    login = loaded(tmp_path, text).config.auto_auth

    assert login is not None
    assert [(sink.config.mode, sink.wrap_ttl, sink.config.uid) for sink in login.sinks] == [
        (0o640, 0, -1),
        (0o600, 300, 5),
    ]


def test_the_namespace_of_the_login_applies_to_the_templates(tmp_path):
    text = """
        {}
        auto_auth {{ method "kubernetes" {{ namespace = "team/" config = {{ role = "app" }} }} }}
    """

    login = loaded(tmp_path, text.format("")).config
    own = loaded(tmp_path, text.format('vault { namespace = "other" }')).config
    outside = loaded(tmp_path, text.format(""), {"VAULT_NAMESPACE": "outside"}).config

    assert [each.vault.namespace for each in (login, own, outside)] == ["team", "other", "outside"]
    assert login.auto_auth is not None
    assert login.auto_auth.method.namespace == "team"


def test_the_environment_overrides_the_file_and_flags_override_both(tmp_path):
    text = 'vault { address = "http://file:1" ca_cert = "/file" }\nlog_level = "debug"'
    environ = {"VAULT_ADDR": "http://vault:1", "BAO_CACERT": "/bao", "VAULT_LOG_LEVEL": "WARN"}
    flags = Flags({"address": "http://flag:1", "ca_cert": "/flag"}, True, "error", "json")

    from_file = loaded(tmp_path, text).config
    from_outside = loaded(tmp_path, text, environ).config
    from_flags = loaded(tmp_path, text, environ, flags).config

    for config, address, authority, level in (
        (from_file, "http://file:1", "/file", "debug"),
        (from_outside, "http://vault:1", "/bao", "warn"),
        (from_flags, "http://flag:1", "/flag", "error"),
    ):
        assert config.vault.address == address
        assert config.vault.ca_cert == authority
        assert config.log_level == level
    assert from_flags.exit_after_auth is True
    assert from_flags.log_format == "json"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/var/log/app.txt", "/var/log/app.txt"),
        ("/var/log/app", "/var/log/app.log"),
        ("/var/log/", "/var/log/agent.log"),
    ],
)
def test_a_log_file_is_named_as_the_agents_name_it(tmp_path, written, path):
    text = f'log_file = "{written}"\nlog_rotate_bytes = 1000\nlog_rotate_max_files = 3'

    config = loaded(tmp_path, text).config
    flagged = loaded(tmp_path, text, flags=Flags(log={"log_file": "/tmp/x.log"})).config

    assert config.log_file == path
    assert (config.log_rotate_bytes, config.log_rotate_max_files) == (1000, 3)
    assert config.log_rotate_duration == 86400
    assert flagged.log_file == "/tmp/x.log"


@pytest.mark.parametrize("nothing", ["0", '""', '"0s"'])
def test_an_empty_duration_is_the_agents_default(tmp_path, nothing):
    text = f"""
        auto_auth {{
          method "token_file" {{
            min_backoff = {nothing}
            max_backoff = {nothing}
            config = {{ token_file_path = "/t" }}
          }}
        }}
        template {{ contents = "x" destination = "/tmp/none/x" }}
        template_config {{ static_secret_render_interval = {nothing} }}
        log_rotate_duration = {nothing}
    """

    config = loaded(tmp_path, text).config

    assert config.auto_auth is not None
    method = config.auto_auth.method
    assert (method.min_backoff, method.max_backoff) == (1, 300)
    assert config.template_config.static_secret_render_interval == 300
    assert config.log_rotate_duration == 86400


def test_a_mode_of_0_and_0_connections_are_the_agents_defaults(tmp_path):
    text = """
        template { contents = "x" destination = "/tmp/none/x" perms = 0 }
        template_config { max_connections_per_host = 0 }
    """

    config = loaded(tmp_path, text).config

    assert config.template[0].perms == 0o644
    assert config.template_config.max_connections_per_host == 10


def test_a_timeout_of_0_means_a_day(tmp_path):
    text = """
        template { contents = "x" destination = "/tmp/x" command = "a" command_timeout = "0s" }
        template { contents = "x" destination = "/tmp/y" exec { command = "a" timeout = "0s" } }
        template { contents = "x" destination = "/tmp/z" command_timeout = "0s" }
    """

    timeouts = [each.command_timeout for each in loaded(tmp_path, text).config.template]
    assert timeouts == [86400, 86400, 30]


@pytest.mark.parametrize("block", ["vault", "cache", "exec", "auto_auth", "template_config"])
def test_an_empty_list_is_not_a_block(tmp_path, block):
    assert f"1: {block}: expected a block, with options in braces" in problems(
        tmp_path, f"{block} = []"
    )


def test_waiting_and_intervals(tmp_path):
    text = """
        template_config {
          static_secret_render_interval = 10
          exit_on_retry_failure = true
          max_connections_per_host = 5
          lease_renewal_threshold = 0.9
        }
        template { contents = "x" destination = "/tmp/x" wait { min = "2s" max = "10s" } }
        template { contents = "x" destination = "/tmp/y" wait = "5s:1m" }
        template { contents = "x" destination = "/tmp/z" wait { min = "2s" enabled = false } }
    """

    config = loaded(tmp_path, text).config

    assert [template.wait for template in config.template] == [
        model.Wait(min=2, max=10),
        model.Wait(min=5, max=60),
        None,
    ]
    assert config.template_config.static_secret_render_interval == 10
    assert config.template_config.exit_on_retry_failure is True
    assert config.template_config.max_connections_per_host == 5
    assert config.template_config.lease_renewal_threshold == 0.9


def test_a_supervised_command_with_its_variables(tmp_path):
    (tmp_path / "user.tpl").write_text("x")
    text = f"""
        auto_auth {{ method "token_file" {{ config = {{ token_file_path = "/t" }} }} }}
        env_template "PASSWORD" {{ contents = "x" error_on_missing_key = true }}
        env_template USER {{ source = "{tmp_path}/user.tpl" }}
        exec {{
          command = ["./app", "run"]
          restart_on_secret_changes = "never"
          restart_stop_signal = "SIGINT"
        }}
    """

    config = loaded(tmp_path, text).config

    assert [(each.name, each.language) for each in config.env_template] == [
        ("PASSWORD", "go"),
        ("USER", "go"),
    ]
    assert config.exec is not None
    assert config.exec.command == ("./app", "run")
    assert config.exec.restart_on_secret_changes == "never"
    assert config.exec.restart_stop_signal == "SIGINT"


def test_listeners(tmp_path):
    text = """
        listener "tcp" {
          address = "0.0.0.0:8100"
          tls_disable = true
          agent_api { enable_quit = true }
        }
        listener { type = "unix" address = "/run/agent.sock" socket_mode = "0660" }
        listener "tcp" { tls_disable = true }
    """

    config = loaded(tmp_path, text).config

    assert [(each.type, each.address) for each in config.listener] == [
        ("tcp", "0.0.0.0:8100"),
        ("unix", "/run/agent.sock"),
        ("tcp", "127.0.0.1:8200"),
    ]
    assert config.listener[0].agent_api.enable_quit is True
    assert config.listener[1].socket_mode == 0o660


def test_nothing_listens_by_default(tmp_path):
    log = logger(level="info", style="json", redact=str)

    assert listener_settings(loaded(tmp_path, ""), log) == ()


# -- problems, warnings, advice


def test_unknown_options_are_ignored_with_a_warning_where_the_agents_ignore_them(tmp_path):
    text = """
        pi_file = "x"
        vault { address = "https://v" tls_ca_cert = "x" }
        template_config { error_on_missing_key = true }
    """

    assert notices(tmp_path, loaded(tmp_path, text).warnings) == [
        "1: unknown option 'pi_file' is ignored, as by the agents; did you mean 'pid_file'?",
        "2: vault: unknown option 'tls_ca_cert' is ignored, as by the agents; did you mean "
        "'ca_cert'?",
        "3: template_config: unknown option 'error_on_missing_key' is ignored, as by the agents",
    ]


def test_a_variable_that_only_the_agents_use_causes_a_warning(tmp_path):
    environ = {"VAULT_PROXY_ADDR": "http://proxy:1", "BAO_AGENT_ADDR": "http://agent:1", "A": "b"}

    assert tuple(map(str, loaded(tmp_path, "", environ).warnings)) == (
        "environment: BAO_AGENT_ADDR has no effect here: set VAULT_ADDR",
        "environment: VAULT_PROXY_ADDR has no effect here: set HTTPS_PROXY",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("LOG_LEVEL", "trace, debug, info, warn or error"), ("LOG_FORMAT", "standard or json")],
)
def test_an_invalid_word_in_the_environment_is_reported_with_its_variable(tmp_path, name, words):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "", {f"VAULT_{name}": "loud"})

    assert caught.value.problems == (f"environment: VAULT_{name}: expected {words}, got 'loud'",)


def test_all_problems_are_reported_at_once_with_line_and_key(tmp_path):
    text = """
        auto_auth {
          method "aproll" { min_backoff = "5x" }
          sink "file" { config = { mode = "0640" } }
        }
        template {
          contents = "x"
          detsination = "/tmp/x"
        }
        template { contents = "x" destination = "/tmp/x" perms = "99" user = "no-such-user" }
    """

    assert problems(tmp_path, text) == [
        "2: auto_auth.method.type: there is no login method 'aproll'; did you mean 'approle'?",
        "2: auto_auth.method.min_backoff: expected a duration such as 30s, 5m or 1h30m, got '5x'",
        "3: auto_auth.sink[0].config.path: is required",
        "3: auto_auth.sink[0].config.mode: expected an octal number without quotes, such as 0640; "
        "the agents reject a string",
        "5: template[0].destination: is required",
        "7: template[0]: unknown option 'detsination'; did you mean 'destination'?",
        "9: template[1].perms: expected an octal mode such as \"0640\", got '99'",
        "9: template[1].user: there is no user 'no-such-user' on this machine; a number always "
        "works",
    ]


@pytest.mark.parametrize("name", ["aws", "kerberos", "ldap"])
def test_a_login_that_only_the_agents_have_is_rejected_with_a_reason(tmp_path, name):
    (problem,) = problems(tmp_path, f'auto_auth {{ method "{name}" {{ config = {{ x = 1 }} }} }}')

    assert problem == f"1: auto_auth.method.type: {name} is not available: {ELSEWHERE[name]}"


def test_every_safer_default_is_advised_with_the_line_to_write(tmp_path):
    text = """
        auto_auth {
          method "token_file" { config = { token_file_path = "/t" } }
          sink "file" { config = { path = "/dev/shm/t" } }
        }
        template { contents = "x" destination = "/dev/shm/x" }
    """

    assert notices(tmp_path, loaded(tmp_path, text).advice) == [
        "1: template_config: a changed secret is noticed after up to 5 minutes; safer: "
        'static_secret_render_interval = "60s"',
        '2: auto_auth.method: logins are retried after up to 5 minutes; safer: max_backoff = "20s"',
        "3: auto_auth.sink[0].config: the group can read the token; safer: mode = 0600",
        "5: template[0]: a missing key is rendered as <no value>; safer: "
        "error_on_missing_key = true",
        '5: template[0]: everybody can read the file; safer: perms = "0600"',
    ]


def test_destinations_on_disk_are_advised_against_and_nothing_is_handed_over_there(tmp_path):
    text = f"""
        template {{ contents = "x" destination = "{tmp_path}/made/x" perms = "0600" }}
        cache {{ persist "kubernetes" {{ path = "{tmp_path}/cache" }} }}
    """

    found = loaded(tmp_path, text)
    (advice,) = (each for each in notices(tmp_path, found.advice) if "on a disk" in each)
    (warning,) = notices(tmp_path, found.warnings)
    assert re.search(r"1: template\[0\]: the file is on a disk \(\w+\)", advice)
    assert re.search(r"2: cache.persist.path: is on a disk \(\w+\)", warning)
    assert found.config.cache.persist is None


def test_a_file_that_follows_all_advice_gets_none(tmp_path):
    text = """
        auto_auth {
          method "token_file" { max_backoff = "20s" config = { token_file_path = "/t" } }
          sink "file" { config = { path = "/dev/shm/t" mode = 0600 } }
        }
        template {
          contents = "x" destination = "/dev/shm/x" error_on_missing_key = true perms = "0600"
        }
        template_config { static_secret_render_interval = "60s" }
    """

    assert loaded(tmp_path, text).advice == ()


# -- several files


def test_files_are_merged_as_by_the_agents(tmp_path):
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "10-base.hcl").write_text(
        'pid_file = "/a"\nvault { address = "http://a:1" namespace = "ns" }\n'
        'template { contents = "x" destination = "/tmp/1" }\n'
        'auto_auth { method "token_file" { config = { token_file_path = "/t" } } }\n'
    )
    (folder / "20-more.json").write_text(
        '{"vault": {"address": "http://b:1"},'
        ' "template": {"contents": "x", "destination": "/tmp/2"}}'
    )
    (folder / "30-more.hcl~").write_text("this is an editor's copy")
    (folder / "notes.txt").write_text("this is nothing")
    (tmp_path / "last.hcl").write_text('pid_file = "/b"\nexit_after_auth = true\n')
    paths = (str(folder), str(tmp_path / "last.hcl"))

    found = load(paths[0], {}, read=lambda _, environ: read_all(paths, environ, Flags()))

    assert found.config.vault.address == "http://b:1"
    assert found.config.vault.namespace == ""  # the whole block is replaced
    assert [each.destination for each in found.config.template] == ["/tmp/1", "/tmp/2"]
    assert found.config.pid_file == "/b"
    assert found.config.exit_after_auth is True
    assert {os.path.basename(file) for file in found.files} == {
        *("10-base.hcl", "20-more.json", "last.hcl"),
    }


def test_a_mistake_in_one_of_several_files_names_that_file(tmp_path):
    good, bad = tmp_path / "a.hcl", tmp_path / "b.hcl"
    good.write_text('auto_auth { method "token_file" { config = { token_file_path = "/t" } } }\n')
    bad.write_text('\ntemplate { contents = "x" destination = "/tmp/x" user = "nobody-here" }\n')
    paths = (str(good), str(bad))

    with pytest.raises(ConfigError) as caught:
        load("a", {}, read=lambda _, environ: read_all(paths, environ, Flags()))

    assert caught.value.problems == (
        f"{bad}:2:57: template[0].user: there is no user 'nobody-here' on this machine; "
        "a number always works",
    )


THEIRS = {
    "auto_auth": {
        "method": {"type": "kubernetes", "config": {"role": "app"}},
        "sink": [{"type": "file", "config": {"path": "/tmp/t", "mode": 416}}],
    },
}


def test_an_agents_json_file_given_to_another_command_causes_a_hint(tmp_path):
    file = tmp_path / "agent.json"
    file.write_text(json.dumps(THEIRS))

    with pytest.raises(ConfigError) as caught:
        load(str(file), {})

    assert (
        f"{file}:1:77: auto_auth: unknown key 'sink'; did you mean 'sinks'?"
        in caught.value.problems
    )
    assert caught.value.problems[-1] == (
        f"{file}: all its options are Vault Agent's: use `injector agent -config={file}`, or "
        "give it a name that ends in .hcl for other commands"
    )


def test_native_json_with_a_mistake_is_not_mistaken_for_the_agents(tmp_path):
    file = tmp_path / "injector.json"
    file.write_text(json.dumps({**THEIRS, "secrets": {"app": {"path": "secret/data/app"}}}))

    with pytest.raises(ConfigError) as caught:
        load(str(file), {})

    assert "Vault Agent" not in str(caught.value)


def test_every_command_merges_a_directory_as_the_agents_do(tmp_path):
    folder = tmp_path / "agent.d"
    folder.mkdir()
    (folder / "10-login.json").write_text(json.dumps(THEIRS))
    (folder / "20-app.hcl").write_text('template { contents = "x" destination = "/tmp/x" }')

    config = load(str(folder), {}).config

    assert [template.destination for template in config.template] == ["/tmp/x"]
    assert config.auto_auth is not None
    assert config.auto_auth.sinks[0].config.mode == 0o640


def test_json_is_read_like_hcl(tmp_path):
    text = json.dumps(
        {
            "auto_auth": {
                "method": {"type": "kubernetes", "config": {"role": "app"}},
                "sink": [{"type": "file", "config": {"path": "/tmp/t", "mode": 416}}],
            },
            "template": [{"contents": "x", "destination": "/tmp/x", "perms": 288}],
            "vault": {"address": "https://v:8200"},
        }
    )

    config = loaded(tmp_path, text).config

    assert config.template[0].perms == 0o440
    assert config.auto_auth is not None
    assert config.auto_auth.sinks[0].config.mode == 0o640
