# ruff: noqa: E501 - a configuration in a table stays on its line

"""What the real agent rejects or accepts is rejected or accepted here; exceptions are listed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from injector.config.readers import read_config
from injector.config.walk import Walk
from injector.dialects.hcl import parse
from injector.dialects.vault_agent.combinations import within
from injector.dialects.vault_agent.flags import Flags
from injector.dialects.vault_agent.making import Outside
from injector.dialects.vault_agent.nodes import Translated
from injector.dialects.vault_agent.reading import read_all
from injector.dialects.vault_agent.sections import Notes, read_file
from injector.dialects.vault_agent.translate import Translation
from tests.dialects.peer import refused, takes, written

METHOD = 'method "approle" { config = { role_id_file_path = "r" } }'
SINK = 'sink "file" { config = { path = "/x" } }'


def template(options: str) -> str:
    return f'template {{ contents = "" destination = "d" {options} }}'


def login(method: str = METHOD, sink: str = SINK) -> str:
    return f"auto_auth {{ {method} {sink} }}"


# Mistakes in a single file: what an option may be, and where.
ONE_FILE = {
    "a template": template(""),
    "a template as an assignment": 'template = { contents = "" destination = "d" }',
    "a template with a label": 'template "x" { contents = "" destination = "d" }',
    "an unknown option of a template": template("nonsense = 1"),
    "an unknown option of a template's exec": template('exec { command = ["a"] nonsense = 1 }'),
    "an unknown option of a template's wait": template('wait { min = "1s" nonsense = 1 }'),
    "a number where a template wants text": 'template { contents = "" destination = 5 }',
    "a text where a template wants a boolean": template('create_dest_dirs = "true"'),
    "an octal mode": template("perms = 0640"),
    "an octal mode in quotes": template('perms = "0640"'),
    "a decimal mode": template("perms = 640"),
    "a mode that is none": template('perms = "99"'),
    "a command as a line": template('command = "a b"'),
    "a command as words": template('command = ["a", "b"]'),
    "a command as a number": template("command = 5"),
    "a duration without a unit": template('command_timeout = "5"'),
    "a duration": template('command_timeout = "1m5s"'),
    "wait as a text": template('wait = "2s:5s"'),
    "environment for a command": template('exec { command = ["a"] env { pristine = true } }'),
    "a kill signal for a command": template('exec { command = ["a"] kill_signal = "SIGINT" }'),
    "an unknown option at the top": 'pi_file = "x"',
    "an unknown block at the top": "stronghold { address = 1 }",
    "an unknown option of vault": 'vault { tls_ca_cert = "x" }',
    "an unknown option of a method": login('method "approle" { role = 1 config = {} }'),
    "an unknown option of a login": login('method "approle" { config = { jwt_ttl = 1 } }'),
    "an unknown option of a sink": login(sink='sink "file" { derive = 1 config = {} }'),
    "an unknown option of a listener": 'listener "tcp" { address = "127.0.0.1:1" tls_disable = true x = 1 }',
    "an unknown option of template_config": "template_config { error_on_missing_key = true }",
    "an unknown option of cache": "cache { use_auth_auth_token = true }",
    "options in capitals": 'PID_FILE = "x"\nVAULT { Address = "http://x" }',
    "a method as a label": login('method "approle" { config = {} }'),
    "a method as a type": login('method { type = "approle" config { } }'),
    "a method with neither": login("method { config = {} }"),
    "a method with two labels": login('method "approle" "x" { config = {} }'),
    "two methods": login(METHOD + METHOD),
    "no method": login(""),
    "two blocks of vault": "vault {}\nvault {}",
    "vault as a text": 'vault = "x"',
    "a number in quotes": 'vault { retry { num_retries = "3" } }',
    "a back-off of no unit": login('method "approle" { max_backoff = "5x" config = {} }'),
    "a back-off as a number": login('method "approle" { max_backoff = 5 config = {} }'),
    "a back-off in days": login('method "approle" { max_backoff = "1d" config = {} }'),
    "sinks as a list": f'auto_auth {{ {METHOD} sinks = [{{ type = "file" config {{ path = "/x" }} }}] }}',
    "an unknown kind of encryption": login(sink='sink "file" { dh_type = "x" dh_path = "y" config = {} }'),
    "half an encryption": login(sink='sink "file" { dh_path = "y" config = {} }'),
    "the interval of static secrets": 'template_config { static_secret_render_interval = "10x" }',
    "a cache with force": 'cache { use_auto_auth_token = "force" }',
    "a cache with another word": 'cache { use_auto_auth_token = "always" }',
    "a cache with a quoted boolean": 'cache { use_auto_auth_token = "true" }',
    "persistence without a type": 'cache { persist { path = "/x" } }',
    "persistence": 'cache { persist "kubernetes" { path = "/x" } }',
    "a listener of another kind": 'listener "http" { address = "127.0.0.1:1" }',
    "a listener in another role": 'listener "tcp" { address = "127.0.0.1:1" tls_disable = true role = "x" }',
    "a listener with a quoted boolean": 'listener "tcp" { address = "127.0.0.1:1" tls_disable = "true" }',
    "a listener with words for a boolean": 'listener "tcp" { address = "127.0.0.1:1" tls_disable = "yes" }',
    "unknown connections": 'disable_idle_connections = ["auto-auth", "x"]',
    "a command to supervise": 'exec { command = ["a", "b"] restart_stop_signal = "SIGHUP" }',
    "an unknown option of exec": 'exec { command = ["a"] nonsense = 1 }',
    "an unknown signal": 'exec { command = ["a"] restart_stop_signal = "SIGFOO" }',
    "a variable": 'env_template "A" { contents = "x" }',
    "a variable without a name": 'env_template { contents = "x" }',
    "a variable with a mode": 'env_template "A" { contents = "x" perms = "0600" }',
    "telemetry": 'telemetry { prometheus_retention_time = "30s" statsd_address = "x" }',
    "json": '{"auto_auth": {"method": {"type": "approle", "config": {}}, "sink": [{"type": "file", "config": {"path": "/x", "mode": 416}}]}}',
    "json with lists for blocks": '{"auto_auth": [{"method": [{"type": "approle", "config": [{}]}], "sinks": [{"sink": {"type": "file", "config": [{"path": "/x"}]}}]}]}',
}  # fmt: skip

# Files that only one of the two accepts, with the reason given in docs/vault-agent.md.
ONLY_WE = {
    "a boolean in quotes": 'exit_after_auth = "true"',
    "a template in a list": 'template = [{ contents = "" destination = "d" }]',
    "json with nothing but a method": '{"auto_auth": {"method": {"type": "approle", "config": {}}}}',
    "json with a label for a sink": '{"auto_auth": {"method": {"approle": {"config": {"role_id_file_path": "r"}}}, "sink": [{"file": {"config": {"path": "/x"}}}]}}',
    "a command to supervise as a line": 'exec = { command = "a b" }',
    "a signal without SIG": 'exec { command = ["a"] restart_stop_signal = "HUP" }',
}  # fmt: skip
ONLY_THEY = {
    "a number for a duration in a template, which is nanoseconds": template("command_timeout = 5"),
    "a wrapped login": login('method "approle" { wrap_ttl = "5m" config = {} }'),
    "an encrypted sink": login(sink='sink "file" { dh_type = "curve25519" dh_path = "/x" config = {} }'),
}  # fmt: skip

TEMPLATE, LOGIN, NO_SINK = template(""), login(), login(sink="")
LISTENER = 'listener "tcp" { address = "127.0.0.1:1" tls_disable = true }'
VARIABLE, RUN = 'env_template "A" { contents = "x" }', 'exec { command = ["a"] }'
GIVES = "{ use_auto_auth_token = true }"

# Files that are valid by themselves: which options can be combined.
TOGETHER = {
    "a template alone": [TEMPLATE],
    "a login alone": [NO_SINK],
    "a login and a sink": [LOGIN],
    "a login and a template": [NO_SINK, TEMPLATE],
    "a login, a sink and a listener": [LOGIN, LISTENER],
    "a login, a variable and a command": [NO_SINK, VARIABLE, RUN],
    "a variable without a command": [NO_SINK, VARIABLE],
    "a command without a variable": [NO_SINK, RUN],
    "a command without a variable, but a sink": [LOGIN, RUN],
    "variables and a template": [NO_SINK, VARIABLE, RUN, TEMPLATE],
    "a variable twice": [NO_SINK, VARIABLE, RUN, VARIABLE],
    "variables and a proxy": [NO_SINK, VARIABLE, RUN, LISTENER, "api_proxy {}"],
    "variables and a cache": [NO_SINK, VARIABLE, RUN, LISTENER, "cache {}"],
    "variables and a cache that gives its token": [NO_SINK, VARIABLE, RUN, LISTENER, f"cache {GIVES}"],
    "a cache and a login": [NO_SINK, "cache {}"],
    "a cache, a login and a template": [NO_SINK, "cache {}", TEMPLATE],
    "a cache that gives its token, without a listener": [NO_SINK, TEMPLATE, f"cache {GIVES}"],
    "a cache that gives the token of no login": [LISTENER, f"cache {GIVES}"],
    "a proxy without a listener": [NO_SINK, TEMPLATE, f"api_proxy {GIVES}"],
    "a proxy that gives nothing, and no sink": [NO_SINK, LISTENER, "api_proxy {}"],
    "a proxy and a cache that both give": [LOGIN, LISTENER, f"api_proxy {GIVES}", f"cache {GIVES}"],
    "a proxy that gives and a cache": [LOGIN, LISTENER, f"api_proxy {GIVES}", "cache {}"],
}  # fmt: skip


def test_each_option_is_accepted_or_rejected_as_by_the_real_agent(tmp_path):
    texts = {**ONE_FILE, **ONLY_WE, **ONLY_THEY}
    files = dict(zip(texts, written(tmp_path, texts.values()), strict=True))

    refused_by_them = refused(list(files.values()), tmp_path)
    theirs = {name for name in texts if files[name] in refused_by_them}
    ours = {name for name in texts if mistakes(files[name])}

    assert ours - theirs == ONLY_THEY.keys()
    assert theirs - ours == ONLY_WE.keys()


def mistakes(file):
    """Return the problems of a file regardless of others; what is missing may be in those."""
    notes = Notes()
    section = read_file(str(file), parse(str(file), file.read_text()), notes)
    translation = Translation(section, Outside({}, Flags()), notes)
    walk = Walk(Translated(str(file), translation.tree().node(), {}), {}, translation.broken)
    read_config(walk)
    found = [*notes.problems, *within(section), *walk.problems]
    return [problem for problem in found if problem.text != "is required"]


@pytest.mark.timeout(60)
def test_each_combination_is_accepted_or_rejected_as_by_the_real_agent(tmp_path):
    vault = 'vault { address = "http://127.0.0.1:1" }'
    files = written(tmp_path, ["\n".join([vault, *parts]) for parts in TOGETHER.values()])

    with ThreadPoolExecutor(2) as pool:
        theirs = dict(zip(TOGETHER, pool.map(takes, files), strict=True))
    ours = {
        name: not read_all([str(file)], {}, Flags()).problems
        for name, file in zip(TOGETHER, files, strict=True)
    }

    assert ours == theirs
