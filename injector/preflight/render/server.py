"""Secrets from Vault, leaving nothing behind: secrets that reading would issue are not read."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from injector.base.context import Context
from injector.base.errors import ConfigError, DeniedError, InjectorError, MissingError
from injector.engine.watch.settings import SettingsBySecret
from injector.preflight.check import login
from injector.preflight.render import Source
from injector.rendering.template import Content
from injector.runtime.plan import Plan
from injector.secret import Content as Answered
from injector.secret import Ref
from injector.sources.vault import Token, Transport, Vault
from injector.sources.vault.inspection import mount_of
from injector.sources.vault.ref import VaultRef
from injector.sources.vault.source import engines

# Engines whose reads return existing secrets.
READ_ONLY = frozenset({"kv", "generic", "cubbyhole", "pki", "transit", "totp"})
# Paths of other engines that the server itself rotates.
STATIC = ("/static-creds/", "/static-cred/")


@contextlib.asynccontextmanager
async def server(
    plan: Plan,
    names: Mapping[str, Ref],
    context: Context,
    *,
    say: Callable[[str], None],
    issue: bool,
    use_secret_id: bool,
) -> AsyncIterator[Source]:
    """Log in, provide a source of secrets, and revoke what was issued for it.

    `say` shows a message to the user.
    """
    if why := login.used_up(plan.loaded, use_secret_id=use_secret_id):
        raise ConfigError(f"not logged in: {why}; give --fixtures DIR, which needs no login")
    transport = Transport.of(plan.config, context)
    vault = Vault(transport, context.clock)
    try:
        _, method = login.sparing(plan.loaded, log=context.log, redactor=context.redactor)
        token = await method.log_in(vault)
        context.redactor.learn("token", token.value)
        settings = SettingsBySecret(plan.config, names, context.redactor.proofread)
        known = engines(plan.config, names)
        reading = Reading(vault, token, settings, known, issue=issue)
        try:
            yield reading.content
        finally:
            async for left in reading.give_back():
                say(left)
    finally:
        await transport.reconnect()


@dataclass(slots=True)
class Reading:
    """Reads secrets with one token, and remembers what Vault has issued."""

    vault: Vault
    token: Token
    settings: SettingsBySecret
    engines: Mapping[Ref, str]
    issue: bool
    leases: list[tuple[VaultRef, str]] = field(default_factory=list, repr=False)
    others: list[VaultRef] = field(default_factory=list)  # issued, without a lease

    async def content(self, ref: Ref) -> Content | None:
        """Return the data of a secret; raises ConfigError where reading it would issue something.

        None is an optional secret that does not exist.
        """
        assert isinstance(ref, VaultRef)
        wanted = self.settings.of(ref)
        engine = self.engines.get(ref, "auto")
        issues = await self._issues(ref, engine)
        if issues and not self.issue:
            raise ConfigError(f"{ref}: reading it would issue it: use --issue, or --fixtures DIR")
        try:
            answer, _ = await self.vault.fetch(ref, self.token, engine=engine)
        except MissingError:
            if wanted.optional:
                return None
            raise
        if answer.lease_id:
            self.leases.append((ref, answer.lease_id))
        elif issues:
            self.others.append(ref)
        return Answered(answer)

    async def _issues(self, ref: VaultRef, engine: str) -> bool:
        """Return whether reading a secret issues a new one. Unknown engines may."""
        if ref.body is not None:
            return True
        if engine != "auto":
            return False
        try:
            namespace = ref.namespace or self.vault.transport.settings.namespace
            mount = await mount_of(self.vault.transport, self.token, ref.path, namespace=namespace)
        except DeniedError as exc:  # to know the engine, any right on the path is enough
            raise DeniedError(
                f"read {ref.path}: permission denied: the token's policy has to allow read on "
                f"{ref.path!r}, and an engine has to be mounted there"
            ) from exc
        return mount.type not in READ_ONLY and not any(part in ref.path for part in STATIC)

    async def give_back(self) -> AsyncIterator[str]:
        """Revoke what was issued; yield what cannot be revoked."""
        for ref, lease_id in self.leases:
            try:
                await self.vault.revoke_lease(lease_id, self.token, namespace=ref.namespace)
            except InjectorError as exc:
                if not self.token.ours:  # a token of ours is revoked, with its leases
                    yield f"{ref}: what was issued lives on until its TTL: {exc}"
        for ref in self.others:
            yield f"{ref}: was issued and has no lease, so it cannot be given back"
        for finding in await login.give_back(self.token, self.vault):
            yield f"{finding.text}; {finding.remedy}"
