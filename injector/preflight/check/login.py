"""Logs in as the daemon would, and leaves everything as the daemon will need it."""

import msgspec

from injector.base.errors import AuthError, DeniedError, InjectorError
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.config import Loaded, model
from injector.engine import auth
from injector.engine.auth import material
from injector.preflight.check.finding import Finding, note, ok, problem, warning
from injector.sources.vault import Token, Vault

UNDECIDED = "Vault could not decide: its own log says why"


async def log_in(
    loaded: Loaded, vault: Vault, *, log: Logger, redactor: Redactor, use_secret_id: bool = False
) -> tuple[Token | None, list[Finding]]:
    """Log in, unless that would use something up; return the token, if any."""
    settings, method = sparing(loaded, log=log, redactor=redactor)
    if why := used_up(loaded, use_secret_id=use_secret_id):
        wrapped = await _wrapped(settings.config, vault, redactor)
        return None, [note("login", f"not tried: {why}"), *wrapped]
    try:
        token = await method.log_in(vault)
    except InjectorError as exc:
        remedy = "" if isinstance(exc, AuthError) else UNDECIDED  # a refusal explains itself
        return None, [problem("login", str(exc), remedy, like=exc)]
    redactor.learn("token", token.value)
    where = settings.mount_path or settings.config.mount
    how = f"{settings.type} at {where}" if where else "Vault knows the token that is given"
    return token, [ok("login", f"{how}; {lifetime(token)}"), *judge(token)]


async def give_back(token: Token, vault: Vault) -> list[Finding]:
    """Revoke the token, if it was created here."""
    if not token.ours:
        return []
    try:
        await vault.revoke_self(token)
    except InjectorError as exc:
        if token.uses and isinstance(exc, DeniedError):
            return []  # its last use was this one
        text = f"the token of this check lives on for up to {token.duration:.0f} s: {exc}"
        return [warning("token", text, "allow update on auth/token/revoke-self")]
    return []


def sparing(loaded: Loaded, *, log: Logger, redactor: Redactor) -> tuple[model.Method, auth.Method]:
    """Return the configured login method, changed so that it removes no file."""
    if loaded.config.auto_auth is None:
        return auth.method_of_token(loaded.token, redactor)
    settings = loaded.config.auto_auth.method
    settings = msgspec.structs.replace(settings, config=_keeping(settings.config))
    return settings, auth.method(settings, log=log, metrics=Metrics(), redactor=redactor)


def used_up(loaded: Loaded, *, use_secret_id: bool) -> str:
    """Return what a login would use up, so that the daemon could not log in; empty if nothing."""
    match loaded.config.auto_auth and loaded.config.auto_auth.method.config:
        case model.AppRole(secret_id_response_wrapping_path=path) if path:
            return "the secret id is wrapped, and can be unwrapped only once"
        case model.AppRole(secret_id_file_path=path, remove_secret_id_file_after_reading=True) if (
            path and not use_secret_id
        ):
            return (
                "the secret id's file is to be removed after a login, so it may be good for one; "
                "--use-secret-id logs in all the same, and leaves the file"
            )
    return ""


def _keeping(config: model.MethodConfig) -> model.MethodConfig:
    """Return the settings of a login that removes no file."""
    match config:
        case model.AppRole():
            return msgspec.structs.replace(config, remove_secret_id_file_after_reading=False)
        case model.Jwt():
            return msgspec.structs.replace(config, remove_jwt_after_reading=False)
    return config


def lifetime(token: Token) -> str:
    if not token.duration:
        return "the token never expires"
    kind = "can be renewed" if token.renewable else "cannot be renewed"
    return f"the token lives {token.duration:.0f} s and {kind}"


def judge(token: Token) -> list[Finding]:
    """Warn about tokens that will cause trouble later."""
    found = []
    if not token.duration:
        text = "the token never expires, like root tokens"
        found.append(warning("token", text, "log in with a role that has a token_ttl"))
    if token.uses:
        text = f"the token is good for {token.uses} requests, and each one uses one up"
        found.append(warning("token", text, "set the role's token_num_uses to 0"))
    return found


async def _wrapped(config: model.MethodConfig, vault: Vault, redactor: Redactor) -> list[Finding]:
    """Look up a wrapping token without opening it: an opened one counts as stolen."""
    if not isinstance(config, model.AppRole) or not config.secret_id_response_wrapping_path:
        return []
    expected = config.secret_id_response_wrapping_path.strip("/")
    path = config.secret_id_file_path
    try:
        wrapping_token = material.read(path, "secret id")
        redactor.learn("wrapping token", wrapping_token)
        made_at = (await vault.wrap_creation_path(wrapping_token)).strip("/")
    except InjectorError as exc:
        remedy = ""
        if isinstance(exc.__cause__, InjectorError):
            remedy = "issue a new one; if it was opened, find out by whom"
        return [problem("login", f"{path}: {exc}", remedy, like=exc)]
    if made_at != expected:
        text = f"the wrapping token in {path} was made at {made_at!r}, not at {expected!r}"
        return [problem("login", text, "issue one for this role", like=AuthError)]
    return [
        ok("login", f"the wrapping token in {path} is valid, and was wrapped where it should be")
    ]
