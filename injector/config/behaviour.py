"""What the language of a configuration decides, apart from the options in it: defaults are ours."""

from msgspec import Struct


class ApiProxySettings(Struct, frozen=True):
    """Which requests the listeners forward to Vault, and with which token."""

    # Whether they add our token; with `force`, even to a request that has one.
    use_auto_auth_token: bool = False
    force: bool = False
    # For each listener: whether it forwards requests, and whether it requires `X-Vault-Request`.
    listeners: tuple[tuple[bool, bool], ...] = ()


class Behaviour(Struct, frozen=True):
    """How the program behaves: these are the places where Vault Agent does something else."""

    # It has a status socket although the configuration names none.
    has_default_listener: bool = True
    # A failed command keeps `exit_after_auth` from ending the program: it is tried again.
    waits_for_commands: bool = True
    # A login that keeps failing ends the program, if errors do.
    ends_without_login: bool = True
    # systemd is told that it is ready once everything is in place; otherwise at the start.
    is_ready_when_settled: bool = True


OURS = Behaviour()
