"""Reacts to changes on disk: reloads, uses new login files and certificates, puts sinks right."""

from collections.abc import Callable

from injector.base.errors import TransientError
from injector.config import model
from injector.engine.reload import changes, fingerprints
from injector.runtime.assembly import Assembly
from injector.runtime.state import ProcessState
from injector.sources.vault.tls import tls_context

# With `exit_after_auth`, most runs end before a change could be noticed: watching, which costs 25
# ms to import, starts only after this many seconds.
SOON = 1.0


class FileWatch:
    """Watches every file that an assembly was made from, and those with the token."""

    name = "files"

    def __init__(
        self, assembly: Assembly, state: ProcessState, *, reload: Callable[[], None]
    ) -> None:
        self._assembly = assembly
        self._reload = reload
        self._clock = state.clock
        self._log = state.log
        config = assembly.loaded.config
        self._begins_after = SOON if config.exit_after_auth else 0.0
        self._config_files = assembly.loaded.files
        self._login_files = assembly.auth.inputs
        self._tls_files = _tls_files(config.vault)
        self._sinks = assembly.sinks.plain
        # Taken before anything runs: what changes from now on is noticed.
        self._known = fingerprints(
            self._config_files | self._login_files | self._tls_files | self._sinks
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        if self._begins_after:
            await self._clock.sleep(self._begins_after)
        async for changed in changes(self._known):
            self._log.debug("files changed", paths=sorted(changed))
            if changed & self._tls_files:
                await self._use_certificates(self._assembly)
            if login := changed & self._login_files:
                self._assembly.auth.material_changed(login)
            if changed & self._sinks:
                self._assembly.sinks.outdated.ring()
            if changed & self._config_files:
                self._reload()

    async def _use_certificates(self, assembly: Assembly) -> None:
        """Reconnect with the new certificates, unless they are half-written."""
        try:
            tls_context(assembly.transport.settings)
        except TransientError as exc:
            self._log.warning(
                "new certificates not usable yet, keeping the old ones", error=str(exc)
            )
            return
        await assembly.transport.reconnect()
        self._log.info("certificates of the connection to Vault replaced")


def _tls_files(vault: model.Vault) -> frozenset[str]:
    return frozenset({vault.ca_cert, vault.client_cert, vault.client_key} - {""})
