"""The steps of the story, in order."""

import secrets

from injector.base.errors import InjectorError
from injector.dev.child import Child
from injector.dev.demo.application import masked
from injector.dev.demo.directory import REFRESH, TEMPLATE
from injector.dev.demo.server import SERVICE_ACCOUNT, TOKEN_TTL
from injector.dev.demo.stage import Stage, between, count, event, holds

OUTAGE = 1.0  # seconds
RE_READ = f"re-read every {REFRESH:g} s (default: 60 s)"


def value(word: str) -> str:
    """Return a random value that its first letters tell from others."""
    return f"{word}-{secrets.token_hex(8)}"


async def first_render(stage: Stage) -> tuple[Child, Child]:
    """Start the application and the injector; return both."""
    timeline, directory = stage.timeline, stage.directory
    timeline.chapter("First render")
    password, key = value("amber"), value("pearl")
    await stage.server.write_password(password)
    await stage.server.write_key(key)
    timeline.say("you", f"wrote a password (KV v2) {masked(password)}, a key (KV v1) {masked(key)}")
    timeline.say("you", "configured AppRole, SIGHUP, and a template for app.env:")
    timeline.quote(*TEMPLATE.splitlines())
    application = await stage.start_application()
    timeline.say("application", "runs, and knows nothing yet")

    began = stage.clock.now()
    injector = await stage.start_injector("run", "-c", str(directory.daemon_config(stage.server)))
    with timeline.waiting("injector run -c demo.yaml"):
        logged_in = await event(injector, "logged in")
        written = await event(injector, "file written")
        told = await event(injector, "notified", outcome="sent")
        taken = await holds(application, key)
    _is_in_file(stage, password, key)
    timeline.say("injector", f"logged in by AppRole, token for {TOKEN_TTL} s", at=logged_in.at)
    mode = f"{directory.rendered.stat().st_mode & 0o777:04o}"
    timeline.say("injector", f"wrote {directory.rendered.name} (mode {mode})", at=written.at)
    timeline.say("injector", "sent SIGHUP to the application", at=told.at)
    timeline.say("application", taken.text, at=taken.at)
    stage.measured("injector's start → first file", written.at - began, "interpreter and all")
    stage.measured("login → first file", between(logged_in, written), "two secrets, one template")
    return injector, application


async def rotation(stage: Stage, injector: Child, application: Child) -> None:
    """Change the password, and see it arrive."""
    stage.timeline.chapter("Rotation")
    said, new = len(injector.lines), value("birch")
    began = stage.clock.now()
    await stage.server.write_password(new)
    stage.timeline.say("you", f"changed the password to {masked(new)}", at=began)
    with stage.timeline.waiting(f"secrets are {RE_READ}"):
        written = await event(injector, "file written", since=said)
        told = await event(injector, "notified", since=said, outcome="sent")
        taken = await holds(application, new)
    _is_in_file(stage, new)
    stage.timeline.say("injector", "noticed the change, wrote app.env", at=written.at)
    stage.timeline.say("injector", "sent SIGHUP to the application", at=told.at)
    stage.timeline.say("application", taken.text, at=taken.at)
    stage.measured("rotation → file", written.at - began, RE_READ)
    stage.measured("rotation → application", taken.at - began, "by signal, debounced for 20 ms")


async def kubernetes_login(stage: Stage) -> None:
    """Log in as the init container of a pod does."""
    stage.timeline.chapter("Kubernetes login")
    token = stage.cluster.service_account_token(*SERVICE_ACCOUNT)
    config = stage.directory.pod_config(stage.server, token)
    stage.timeline.say("you", "run `injector once` as a pod does, with its own token")
    began = stage.clock.now()
    once = await stage.start_injector("once", "-c", str(config))
    with stage.timeline.waiting("injector once -c pod.yaml"):
        logged_in = await event(once, "logged in", method="kubernetes")
        written = await event(once, "file written")
        exit_code = await once.ended()
    took = stage.clock.now() - began
    if exit_code or not stage.cluster.reviews:
        raise InjectorError(f"`injector once` ended with exit code {exit_code}, expected 0")
    account = "system:serviceaccount:{}:{}".format(*SERVICE_ACCOUNT)
    stage.timeline.say("cluster", f"vouched for {account}", at=logged_in.at)
    stage.timeline.say("injector", "logged in by Kubernetes, wrote pod.env", at=written.at)
    stage.timeline.say("injector", "everything is in place: exit 0")
    stage.measured("init container, start to exit", took, "Kubernetes login")


async def renewal(stage: Stage, injector: Child) -> None:
    """Watch the injector renew its own token."""
    stage.timeline.chapter("Token renewal")
    said = len(injector.lines)
    with stage.timeline.waiting(f"a token of {TOKEN_TTL} s is renewed at 60-75 % of its life"):
        renewed = await event(injector, "token renewed", since=said)
    stage.timeline.say("injector", f"renewed its token: another {TOKEN_TTL} s", at=renewed.at)


async def outage(stage: Stage, injector: Child, application: Child) -> None:
    """Freeze the server for a second, then change a secret and see it arrive."""
    timeline = stage.timeline
    timeline.chapter("Outage")
    said, new = len(injector.lines), value("quartz")
    began = stage.clock.now()
    with stage.server.frozen():
        timeline.say("you", "froze the server (SIGSTOP): nothing is answered now")
        with timeline.waiting("the injector has to notice"):
            noticed = await event(injector, "secret failed", since=said)
        timeline.say("injector", "noticed: a read got no answer", at=noticed.at)
        with timeline.waiting("injector probe ready"):
            await _still_ready(stage)
        timeline.say("injector", "still ready: the file is there, and valid")
        await stage.clock.sleep(began + OUTAGE - stage.clock.now())
    over = stage.clock.now()
    await stage.server.write_key(new)
    timeline.say(
        "you", f"woke the server after {over - began:.1f} s, changed the key at once", at=over
    )
    with timeline.waiting("one probe every 2 s finds out that the server is back"):
        written = await event(injector, "file written", since=said)
        told = await event(injector, "notified", since=said, outcome="sent")
        taken = await holds(application, new)
    _is_in_file(stage, new)
    timeline.say("injector", "recovered by itself, wrote app.env", at=written.at)
    timeline.say("injector", "sent SIGHUP to the application", at=told.at)
    timeline.say("application", taken.text, at=taken.at)
    remark = "the key that was changed as it ended"
    stage.measured(f"{over - began:.1f} s outage over → fresh again", taken.at - over, remark)


async def end(stage: Stage, injector: Child) -> None:
    """Stop the injector as an orchestrator does."""
    stage.timeline.chapter("The end")
    began = stage.clock.now()
    await injector.end()
    took = stage.clock.now() - began
    stage.timeline.say("injector", f"got SIGTERM, ended with exit code {injector.exit_code}")
    if injector.exit_code:
        raise InjectorError(f"the injector ended with exit code {injector.exit_code}, expected 0")
    stage.measured("SIGTERM → ended", took)
    logins = count(injector, "logged in")
    remark = "no second login" if logins == 1 else f"and {logins} logins"
    stage.figures.append(("tokens renewed", str(count(injector, "token renewed")), remark))


async def _still_ready(stage: Stage) -> None:
    address = f"unix://{stage.directory.socket}"
    probe = await stage.start_injector("probe", "ready", "--address", address)
    if await probe.ended():
        said = "; ".join(line.text for line in probe.lines)
        raise InjectorError(f"the injector is not ready in an outage: {said}")


def _is_in_file(stage: Stage, *values: str) -> None:
    content = stage.directory.rendered.read_text()
    for expected in values:
        if expected not in content:
            raise InjectorError(f"{masked(expected)} is not in {stage.directory.rendered.name}")
