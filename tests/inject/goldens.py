"""Whole pods: what is given, and what it becomes; `python -m tests.inject.goldens` renews them.

Whatever injects pods has to make the same of each: the function, manifests, a webhook.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from injector.inject import Defaults, Outcome, inject
from injector.inject.go import json_patch

FOLDER = Path(__file__).parent / "goldens"
GIVEN, BECOMES = ".given.yaml", ".becomes.yaml"


@dataclass(frozen=True)
class Golden:
    """One pod in a file, with the namespace, the defaults and the server it comes to."""

    name: str
    pod: dict[str, Any]
    namespace: str
    defaults: Defaults
    server: tuple[int, int] | None

    def inject(self) -> Outcome:
        return inject(self.pod, self.namespace, self.defaults, server=self.server)

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}{BECOMES}"

    def made(self) -> dict[str, Any]:
        """Return what it becomes, as the file has it."""
        outcome = self.inject()
        found: dict[str, Any] = {"why": outcome.why}
        if outcome.message:
            found["message"] = outcome.message
        if outcome.warnings:
            found["warnings"] = list(outcome.warnings)
        if outcome.patch is not None:
            found["pod"] = json_patch.apply(self.pod, outcome.patch)
        return found

    def expected(self) -> dict[str, Any]:
        expected: dict[str, Any] = yaml.safe_load(self.file.read_text("utf-8"))
        return expected


def goldens() -> list[Golden]:
    return [_golden(file) for file in sorted(FOLDER.glob(f"*{GIVEN}"))]


def _golden(file: Path) -> Golden:
    given = yaml.safe_load(file.read_text("utf-8"))
    server = given.get("server")
    return Golden(
        file.name.removesuffix(GIVEN),
        given["pod"],
        given.get("namespace", "shop"),
        Defaults.of(**{"vault_address": "https://vault.example:8200"} | given.get("defaults", {})),
        None if server is None else (server[0], server[1]),
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


if __name__ == "__main__":
    for one in goldens():
        one.file.write_text(
            yaml.dump(one.made(), Dumper=_Dumper, sort_keys=False, allow_unicode=True), "utf-8"
        )
