"""The two that are compared, and the job that both are given."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml


@dataclass(frozen=True, slots=True)
class Job:
    """Log in by AppRole and keep one file for each secret; `folder` is this side's own."""

    address: str
    login: Path  # the folder of role_id and secret_id
    secrets: int
    folder: Path  # for the configuration and the log
    output: Path  # for the files, on tmpfs
    interval: int = 60
    once: bool = False

    def path(self, number: int) -> str:
        return f"secret/data/bench/{number}"

    def file(self, number: int) -> Path:
        return self.output / f"{number}.txt"

    @property
    def files(self) -> list[Path]:
        return [self.file(number) for number in range(self.secrets)]

    @property
    def log(self) -> Path:
        return self.folder / "log"


class Side(Protocol):
    """One of the two."""

    @property
    def name(self) -> str: ...

    def prepare(self, job: Job) -> list[str]:
        """Write the configuration of a job and return the command that does it."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The installed `injector`."""

    executable: Path
    name: str = "ours"

    def prepare(self, job: Job) -> list[str]:
        config: dict[str, Any] = {
            "vault": {"address": job.address},
            "auto_auth": {
                "method": {
                    "type": "approle",
                    "config": {
                        "role_id_file_path": str(job.login / "role_id"),
                        "secret_id_file_path": str(job.login / "secret_id"),
                        "remove_secret_id_file_after_reading": False,
                    },
                }
            },
            "template_config": {"static_secret_render_interval": f"{job.interval}s"},
            "secrets": {f"s{n}": {"path": job.path(n)} for n in range(job.secrets)},
            "template": [
                {
                    "contents": f"password={{{{ s{n}.password }}}}\n",
                    "destination": str(job.file(n)),
                    "perms": "0600",
                }
                for n in range(job.secrets)
            ],
            "listener": [{"type": "unix", "address": str(job.folder / "socket")}],
        }
        path = job.folder / "injector.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return [str(self.executable), "once" if job.once else "run", "-c", str(path)]


@dataclass(frozen=True, slots=True)
class Peer:
    """`bao agent`; and whoever reads its files."""

    executable: Path
    name: str = "bao agent"

    def prepare(self, job: Job) -> list[str]:
        blocks = [
            f"exit_after_auth = {str(job.once).lower()}",
            f'vault {{ address = "{job.address}" }}',
            'auto_auth { method "approle" { config = {',
            f'  role_id_file_path = "{job.login}/role_id"',
            f'  secret_id_file_path = "{job.login}/secret_id"',
            "  remove_secret_id_file_after_reading = false",
            "} } }",
            f'template_config {{ static_secret_render_interval = "{job.interval}s" }}',
        ]
        for n in range(job.secrets):
            text = f'password={{{{ with secret "{job.path(n)}" }}}}{{{{ .Data.data.password }}}}'
            blocks += [
                "template {",
                f"  contents = {json.dumps(text + '{{ end }}' + chr(10))}",
                f'  destination = "{job.file(n)}"',
                '  perms = "0600"',
                "}",
            ]
        path = job.folder / "agent.hcl"
        path.write_text("\n".join(blocks) + "\n")
        return [str(self.executable), "agent", f"-config={path}"]
