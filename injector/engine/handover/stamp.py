"""Who may use a hand-over file: the same configuration, in the same boot of the machine."""

import hashlib
from dataclasses import dataclass, field

import msgspec

from injector.base.clock import Clock
from injector.config import model

BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Whose record it is, and when it was made on the clock of this boot.

    Times on the injected clock (CLOCK_BOOTTIME) mean something within one boot only. Containers
    share it, and the boot id, with their node: an init container's times are the sidecar's.
    """

    identity: str = field(repr=False)
    boot_id: str
    at: float

    def objection(self, now: "Stamp") -> str:
        """Return why a record with this stamp cannot be used at `now`; empty if it can."""
        if self.identity != now.identity:
            return "it belongs to another configuration (vault.address, namespace or auto_auth)"
        if not now.boot_id:
            return f"{BOOT_ID} cannot be read, so nobody can tell whether its times hold"
        if self.boot_id != now.boot_id:
            return "it is from another boot of this machine, or from another machine"
        if self.at > now.at:
            return "it is from the future of this machine's clock"
        return ""


def stamp(config: model.Config, clock: Clock) -> Stamp:
    """Return the stamp of this configuration, here and now."""
    return Stamp(identity(config), boot_id(), clock.now())


def identity(config: model.Config) -> str:
    """Return a digest of what a token and its leases depend on: server and login."""
    what = (*config.server_identity, config.login_identity)
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()


def boot_id() -> str:
    """Return the kernel's boot id; empty if there is none."""
    try:
        with open(BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
