"""Runs the engine for one application, with everything around it in a test's hands."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from injector.runtime.plan import Plan
from injector.runtime.state import ProcessState
from tests.support.app import App
from tests.support.engine import Engine, configuration, engine, fresh_state, load_from
from tests.support.fakes import FakeClock
from tests.support.proxy import Proxy


@dataclass
class Lab:
    """An application's corner of the server, an unreliable way there, a clock and a disk."""

    app: App
    proxy: Proxy
    clock: FakeClock
    tmpfs: Path  # where destinations are
    folder: Path  # where an operator keeps the configuration, and files for the login

    @property
    def name(self) -> str:
        return self.app.name

    @property
    def admin(self) -> Any:
        return self.app.admin

    def put(self, name: str, **values: Any) -> int:
        return self.app.put(name, **values)

    def path(self, name: str) -> str:
        return self.app.path(name)

    def allow(self, *paths: str) -> None:
        self.app.allow(*paths)

    def read(self, name: str) -> str:
        """Return what is in a destination."""
        return (self.tmpfs / name).read_text()

    def config(self, **blocks: Any) -> dict[str, Any]:
        """Return the least that logs in through the proxy, with these blocks."""
        return configuration(self.app, self.proxy.address, **blocks)

    def load(self, config: dict[str, Any]) -> Plan:
        return load_from(self.folder, config)

    def fresh_state(self) -> ProcessState:
        """Return what outlives a reload; give it to each `start` that is to go on with it."""
        return fresh_state(self.clock, StringIO())

    def start(
        self, config: dict[str, Any] | Plan, **options: Any
    ) -> AbstractAsyncContextManager[Engine]:
        """Run the engine until the block ends; it has settled when the block begins."""
        loaded = config if isinstance(config, Plan) else self.load(config)
        return engine(loaded, self.clock, **options)
