"""What `check --online` finds out about this machine, without doing anything to it."""

import os
import signal
import socket
import sys

import pytest
import trustme

from injector.base.clock import SystemClock
from injector.config import model
from injector.preflight.check import exit_code
from injector.preflight.check.finding import Level
from injector.preflight.check.machine import check_machine
from injector.targets.notify import processes
from tests.support.checking import fine, notes, problems
from tests.support.configs import load_text
from tests.targets.test_notify_signal import (
    IMITATED,
    LISTENER,
    WAIT,
    imitation,
    listener,
    named,
    needs_root,
    script,
    start,
)

__all__ = ["imitation", "listener", "script", "start"]  # fixtures: real processes
NOBODY = 65534
OUTSIDE_MEMORY = "template_config: {require_memory_backed: false}\n"


async def looked(tmp_path, text, environ=None):
    return await check_machine(
        load_text(tmp_path, text), SystemClock(), environ or {"PATH": os.environ["PATH"]}
    )


def about(found, what):
    return [finding for finding in found if finding.about.startswith(what)]


@pytest.fixture
def as_nobody():
    """A part of the test runs as somebody who may do little."""
    if os.geteuid():
        pytest.skip("needs root, to be somebody else for a moment")

    def act(work):
        os.setresuid(NOBODY, NOBODY, 0)
        try:
            return work()
        finally:
            os.setresuid(0, 0, 0)

    return act


# --- files -------------------------------------------------------------------------------------


async def test_each_file_that_can_be_written_is_named(tmp_path, tmpfs):
    found = await looked(
        tmp_path,
        f"""
        template: {{contents: x, destination: {tmpfs}/a}}
        bundle:
          name: tls
          directory: {tmpfs}/tls
          template: [{{contents: x, destination: key.pem}}]
        auto_auth:
          method: {{type: kubernetes, config: {{role: app}}}}
          sinks: [{{config: {{path: {tmpfs}/token}}}}]
        cache: {{persist: {{path: {tmpfs}/handover}}}}
        """,
    )

    writable = f"uid {os.geteuid()} can write it, on tmpfs"
    assert fine(found)[:4] == [
        f"file {tmpfs}/a: {writable}",
        f"file {tmpfs}/tls: {writable}",
        f"sink {tmpfs}/token: {writable}",
        f"hand-over {tmpfs}/handover: {writable}",
    ]
    assert list(tmpfs.iterdir()) == []


async def test_a_file_off_memory_is_a_problem_with_its_remedy(tmp_path, tmpfs):
    found = await looked(
        tmp_path,
        """
        template: {contents: x, destination: /proc/a}
        auto_auth:
          method: {type: kubernetes, config: {role: app}}
          sinks: [{config: {path: /proc/token}}]
        cache: {persist: {path: /proc/handover}}
        """,
    )

    for what, code in (("file", 2), ("sink", 7), ("hand-over", 2)):
        first = about(found, what)[0]
        assert (first.level, first.exit_code) == (Level.PROBLEM, code)
        assert (
            "is on proc, where the kernel shows itself and no file can be made; use a directory"
            in (first.text)
        )


# --- programs and endpoints --------------------------------------------------------------------


async def test_programs_are_found_but_not_run(tmp_path, tmpfs):
    ran = tmpfs / "ran"
    found = await looked(
        tmp_path,
        f"""
        template:
          - contents: x
            destination: {tmpfs}/a
            command: [touch, {ran}]
            notify: [app]
            check: {{command: [no-such-check, "{{staged}}"]}}
        notify:
          app: {{command: [no-such-reload], verify: {{command: [touch, {ran}]}}}}
        """,
    )

    assert exit_code(found) == 8
    remedy = f"that uid {os.geteuid()} may run; install it here, or give its full path"
    assert problems(found) == [
        f"notify app: there is no program no-such-reload {remedy}",
        f"check: there is no program no-such-check {remedy}",
    ]
    assert any(
        text.startswith("verify of notify app, command: ") and text.endswith("; it was not")
        for text in fine(found)
    )
    assert not ran.exists()


async def test_endpoints_are_connected_to_but_nothing_is_sent(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = f"""
        notify:
          app:
            http: {{url: "http://user:canary-pw@127.0.0.1:{port}/"}}  # pragma: allowlist secret
        {OUTSIDE_MEMORY}
        """
        found = await looked(tmp_path, text)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == b""

    (finding,) = about(found, "notify app")
    assert finding.level is Level.OK
    assert finding.text.endswith("accepts connections; nothing was sent")
    assert "canary" not in finding.text

    found = await looked(tmp_path, text)

    (finding,) = about(found, "notify app")
    assert finding.level is Level.NOTE
    assert finding.text.endswith("so it would not be notified now")


# --- processes ---------------------------------------------------------------------------------


async def signaled(tmp_path, number, process):
    text = f"notify: {{app: {{signal: {number}, process: {process}}}}}\n{OUTSIDE_MEMORY}"
    return about(await looked(tmp_path, text), "notify app")


async def test_a_process_that_handles_the_signal_is_not_sent_it(tmp_path, listener):
    (tmp_path / "pid").write_text(str(listener.pid))

    (finding,) = await signaled(tmp_path, "SIGHUP", f"{{pid_file: {tmp_path}/pid}}")

    assert finding.level is Level.OK
    assert finding.text.endswith(f" handles SIGHUP, and uid {os.geteuid()} may send it")
    assert listener.heard_only()


async def test_a_process_that_would_be_killed_by_the_signal_or_ignore_it(tmp_path, script):
    app = script("app-for-check", f"import signal\n{LISTENER}{WAIT}")

    (fatal,) = await signaled(tmp_path, "SIGUSR2", "{name: app-for-check}")
    (ignored,) = await signaled(tmp_path, "SIGWINCH", "{name: app-for-check}")
    (forced,) = await signaled(tmp_path, "SIGUSR2", "{name: app-for-check, force: true}")

    assert (fatal.level, fatal.exit_code) == (Level.PROBLEM, 8)
    assert "does not handle SIGUSR2 and would be killed by it" in fatal.text
    assert (ignored.level, ignored.exit_code) == (Level.PROBLEM, 8)
    assert "ignores SIGWINCH, so it would not notice" in ignored.text
    assert forced.level is Level.OK
    assert app.lives()


async def test_nobody_to_signal_is_a_note_and_a_bad_pid_file_a_problem(tmp_path):
    (missing,) = await signaled(tmp_path, "SIGHUP", "{name: not-running-here}")
    (tmp_path / "pid").write_text("none")
    (bad,) = await signaled(tmp_path, "SIGHUP", f"{{pid_file: {tmp_path}/pid}}")

    assert missing.level is Level.NOTE
    assert missing.text == "not-running-here is not running, so it would not be notified now"
    assert (bad.level, bad.exit_code) == (Level.PROBLEM, 8)
    assert (
        bad.text
        == f"the first line of {tmp_path}/pid is not the number of a process: name its pid file"
    )


async def test_where_nobody_else_is_visible_the_namespace_is_a_problem(tmp_path, monkeypatch):
    own = {os.getpid(): processes.process(os.getpid())}
    monkeypatch.setattr(processes, "processes", lambda: own)

    (alone,) = await signaled(tmp_path, "SIGHUP", "{name: gunicorn}")

    assert (alone.level, alone.exit_code) == (Level.PROBLEM, 8)
    assert "outside the injector's own container is visible, so gunicorn cannot be" in alone.text
    assert "shareProcessNamespace: true" in alone.text


@needs_root
async def test_a_process_of_another_user_that_has_the_name_is_named(tmp_path, script, imitation):
    ours = script(IMITATED)
    await named(imitation)

    theirs, found = await signaled(tmp_path, "SIGHUP", f"{{name: {IMITATED}}}")

    assert (theirs.level, found.level) == (Level.NOTE, Level.OK)
    assert theirs.text == (
        f"process {imitation.pid} ({IMITATED}) of uid 65534 would be left alone: it is another "
        "user's"
    )
    assert found.text.startswith(f"process {ours.pid} ({IMITATED}) handles SIGHUP")


def test_a_process_of_somebody_else_may_not_be_signaled(listener, as_nobody):
    from injector.preflight.check.processes import check_processes

    which = model.Process(pid_file=f"/dev/shm/check-{listener.pid}.pid")
    with open(which.pid_file, "w", encoding="ascii") as file:
        file.write(str(listener.pid))
    try:
        (finding,) = as_nobody(
            lambda: list(check_processes("notify app", signal.SIGHUP, which, ()))
        )
    finally:
        os.unlink(which.pid_file)

    assert (finding.level, finding.exit_code) == (Level.PROBLEM, 8)
    assert f"runs as uid 0 and the injector as uid {NOBODY}" in finding.text
    assert "run both as the same uid" in finding.text


# --- listeners ---------------------------------------------------------------------------------


async def listened(tmp_path, text):
    return about(await looked(tmp_path, f"{text}\n{OUTSIDE_MEMORY}"), "listener")


def unix(path):
    return f"listener: {{type: unix, address: {path}}}"


def tcp(address, more=""):
    return f"listener: {{type: tcp, address: '{address}'{more}}}"


async def test_a_socket_that_can_be_created_is_not_created(tmp_path, tmpfs):
    (here,) = await listened(tmp_path, unix(tmpfs / "sock"))
    (deeper,) = await listened(tmp_path, unix(tmpfs / "a/b/sock"))

    assert (here.level, here.text) == (Level.OK, "is available")
    assert (deeper.level, deeper.text) == (
        Level.OK,
        f"is available: {tmpfs}/a/b will be made",
    )
    assert list(tmpfs.iterdir()) == []


async def test_a_stale_socket_is_left_alone_and_one_in_use_is_recognized(tmp_path, tmpfs):
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(tmpfs / "sock"))
        served.listen()
        (serving,) = await listened(tmp_path, unix(tmpfs / "sock"))
    (stale,) = await listened(tmp_path, unix(tmpfs / "sock"))

    assert serving.level is Level.NOTE
    assert serving.text == "is in use: fine if that is an injector with this configuration"
    assert stale.level is Level.OK
    assert (tmpfs / "sock").exists()


async def test_something_else_at_the_path_of_the_socket_is_a_problem(tmp_path, tmpfs):
    (tmpfs / "sock").touch()

    (finding,) = await listened(tmp_path, unix(tmpfs / "sock"))

    assert (finding.level, finding.exit_code) == (Level.PROBLEM, 2)
    assert str(finding).endswith("is not a socket; name another address under `listener:`")


def test_a_folder_that_is_not_ours_is_a_problem_for_a_listener_and_a_note_without(
    tmp_path, as_nobody
):
    from injector.preflight.check.listeners import check_listeners

    wanted = load_text(tmp_path, unix("/root-only/sock"))
    without = load_text(tmp_path, "log_level: info")
    (named,) = as_nobody(lambda: list(check_listeners(wanted)))
    (default,) = as_nobody(lambda: list(check_listeners(without)))

    assert (named.level, named.exit_code) == (Level.PROBLEM, 2)
    assert named.text == f"uid {NOBODY} may not write in /"
    assert default.level is Level.NOTE
    assert "without it `injector probe` and `status` do not work" in default.text


async def test_a_port_is_free_or_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        (used,) = await listened(tmp_path, tcp(address))
    (free,) = await listened(tmp_path, tcp(address))

    assert (used.level, free.level) == (Level.NOTE, Level.OK)


async def test_an_address_of_another_machine_is_a_problem(tmp_path):
    (finding,) = await listened(tmp_path, tcp("192.0.2.1:8099", ", tls_disable: true"))

    assert (finding.level, finding.exit_code) == (Level.PROBLEM, 2)
    assert "cannot listen on 192.0.2.1:8099: Cannot assign requested address" in finding.text


async def test_a_key_that_does_not_fit_its_certificate_is_a_problem(tmp_path):
    authority = trustme.CA()
    one, other = authority.issue_cert("a"), authority.issue_cert("b")
    one.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    other.private_key_pem.write_to_path(tmp_path / "key.pem")
    files = f", tls_cert_file: {tmp_path}/cert.pem, tls_key_file: {tmp_path}/key.pem"

    (finding,) = await listened(tmp_path, tcp("127.0.0.1:0", files))

    assert (finding.level, finding.exit_code) == (Level.PROBLEM, 2)
    assert f"cannot use {tmp_path}/cert.pem" in finding.text


async def test_the_supervised_command_is_started_by_us_so_it_can_be_signaled(tmp_path):
    found = await looked(
        tmp_path,
        f"""
        exec: {{command: [{sys.executable}, app.py]}}
        notify: {{app: {{signal: SIGHUP, process: {{child: true}}}}}}
        """,
    )

    assert about(found, "notify app") == []
    assert any(text.startswith("exec: ") for text in fine(found))
    assert not notes(about(found, "exec"))
