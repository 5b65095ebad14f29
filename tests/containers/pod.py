"""Plays the pods of config/kubernetes in podman, in the order and with the rights of kubelet.

podman has pods, but neither native sidecars nor probes that start the next container: that order is
made here. What it does not know of a manifest it refuses, so that nothing is left out unnoticed.
"""

import copy
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.containers.podman import BASE, IMAGE, ROOT, Podman, until

MANIFESTS = ROOT / "config" / "kubernetes"
KNOWN = {
    *("name", "image", "args", "command", "restartPolicy", "securityContext", "resources"),
    *("volumeMounts", "startupProbe", "readinessProbe", "livenessProbe", "ports"),
}
# With fsGroup, which all manifests have; without, and with one uid, it would be 0600.
TOKEN_MODE = 0o640
# A shell that cannot be run: nothing of ours may need one.
SHELLS = ("/bin/sh", "/bin/dash", "/bin/bash")


def pod_of(manifest: str) -> dict[str, Any]:
    """Return the pod of one of the manifests."""
    document = yaml.safe_load((MANIFESTS / manifest).read_text())
    spec: dict[str, Any] = document["spec"]["template"]["spec"]
    return spec


def config_map() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load((MANIFESTS / "configmap.yaml").read_text())["data"]
    return data


@dataclass(frozen=True)
class Node:
    """What all pods of this node have in common."""

    run: Podman
    folder: Path  # on a tmpfs
    config_maps: dict[str, dict[str, str]]
    token: Callable[[], str]  # a new service-account token, as kubelet projects it


@dataclass
class Pod:
    """One pod: its containers by name, and when each of them was seen to be what."""

    node: Node
    name: str
    spec: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    def full(self, container: str) -> str:
        return f"{self.name}-{container}"

    def start(self) -> None:
        """Run init containers in their order, wait for native sidecars, then run the others."""
        share = "ipc,net,uts" + (",pid" if self.spec.get("shareProcessNamespace") else "")
        self.node.run("pod", "create", f"--name={self.name}", "--network=host", f"--share={share}")
        for container in self.spec.get("initContainers", ()):
            began = time.monotonic()
            self._run(container)
            if container.get("restartPolicy") == "Always":
                self._wait_for_startup(container)
            else:
                code = self.exit_code(container["name"])
                assert code == 0, self.log(container["name"])
            self.seconds[container["name"]] = time.monotonic() - began
        for container in self.spec["containers"]:
            self._run(container)

    def complete(self, main: str) -> dict[str, int]:
        """As kubelet does for a Job: when `main` is done, end native sidecars from the last on.

        Return the exit codes; `seconds["complete"]` is what it took after `main`.
        """
        codes = {main: self.exit_code(main)}
        began = time.monotonic()
        for container in reversed(self.spec.get("initContainers", [])):
            if container.get("restartPolicy") == "Always":
                self.node.run("stop", "--time=30", self.full(container["name"]))
        for container in self.containers:
            codes[container["name"]] = self.exit_code(container["name"])
        self.seconds["complete"] = time.monotonic() - began
        return codes

    def exit_code(self, container: str, limit: float = 60) -> int:
        """Wait for a container's end; return its exit code."""
        said = self.node.run("wait", self.full(container), limit=limit)
        return int(said.split()[-1])

    def log(self, container: str) -> str:
        return self.node.run("logs", self.full(container))

    def execute(self, container: str, *command: str) -> str:
        return self.node.run("exec", self.full(container), *command)

    def inspect(self, container: str) -> dict[str, Any]:
        import json

        found: dict[str, Any] = json.loads(self.node.run("inspect", self.full(container)))[0]
        return found

    def volume(self, name: str) -> Path:
        return self.node.folder / self.name / name

    def remove(self) -> None:
        self.node.run("pod", "rm", "--force", "--time=2", "--ignore", self.name, check=False)
        shutil.rmtree(self.node.folder / self.name, ignore_errors=True)

    # -- as kubelet does it

    def _run(self, container: dict[str, Any]) -> None:
        assert container.keys() <= KNOWN, container.keys() - KNOWN
        ours = container["image"].startswith("vault-injector:")
        flags = [*self._rights(container), *self._mounts(container)]
        if ours:
            empty = self.node.folder / "no-shell"
            empty.touch(mode=0o644)
            flags += [f"--volume={empty}:{shell}:ro" for shell in SHELLS]
        command = container.get("command", [])
        flags += [f"--entrypoint={command[0]}"] if command else []
        image = IMAGE if ours else BASE
        words = [*command[1:], *container.get("args", ())]
        name = self.full(container["name"])
        self.node.run(
            "run", "--detach", f"--pod={self.name}", f"--name={name}", *flags, image, *words
        )

    def _rights(self, container: dict[str, Any]) -> Iterator[str]:
        pod, own = self.spec["securityContext"], container["securityContext"]
        ids = {**pod, **own}
        yield f"--user={ids['runAsUser']}:{ids['runAsGroup']}"
        yield f"--group-add={pod['fsGroup']}"
        assert own["readOnlyRootFilesystem"]
        yield from ("--read-only", "--read-only-tmpfs=false")
        assert own["allowPrivilegeEscalation"] is False
        yield "--security-opt=no-new-privileges"
        yield from (f"--cap-drop={name}" for name in own["capabilities"]["drop"])
        yield from (f"--cap-add={name}" for name in own["capabilities"].get("add", ()))
        yield f"--memory={container['resources']['limits']['memory'].removesuffix('i').lower()}"

    def _mounts(self, container: dict[str, Any]) -> Iterator[str]:
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in container["volumeMounts"]:
            path = self._volume(volumes[mount["name"]])
            suffix = ":ro" if mount.get("readOnly") else ""
            yield f"--volume={path}:{mount['mountPath']}{suffix}"

    def _volume(self, volume: dict[str, Any]) -> Path:
        """Make a volume when it is first mounted."""
        path = self.volume(volume["name"])
        if path.exists():
            return path
        path.mkdir(parents=True)
        pod = self.spec["securityContext"]
        if "emptyDir" in volume:
            assert volume["emptyDir"]["medium"] == "Memory"
            os.chown(path, 0, pod["fsGroup"])
            path.chmod(0o2777)
        elif "configMap" in volume:
            self._project(path, self._config_map(volume["configMap"]), 0o644)
        else:
            (source,) = volume["projected"]["sources"]
            self._project(
                path, {source["serviceAccountToken"]["path"]: self.node.token()}, TOKEN_MODE
            )
        return path

    def _config_map(self, source: dict[str, Any]) -> dict[str, str]:
        data = self.node.config_maps[source["name"]]
        items = source.get("items", [{"key": key, "path": key} for key in data])
        return {item["path"]: data[item["key"]] for item in items}

    def _project(self, path: Path, files: dict[str, str], mode: int) -> None:
        """Lay files out as kubelet's atomic writer does, for a pod with fsGroup.

        The files are in a directory named for the time, `..data` links to that, and each name in
        the volume links through `..data`: an update is a rename of `..data`.
        """
        pod = self.spec["securityContext"]
        version = "..2026_01_01_00_00_00.000000001"
        for name, content in files.items():
            file = path / version / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(mode)
        (path / "..data").symlink_to(version)
        for name in {name.split("/")[0] for name in files}:
            (path / name).symlink_to(f"..data/{name}")
        for folder, _, names in os.walk(path):
            os.chown(folder, 0, pod["fsGroup"])
            Path(folder).chmod(0o2775)
            for name in names:
                os.chown(
                    Path(folder) / name, self._owner(mode), pod["fsGroup"], follow_symlinks=False
                )

    def _owner(self, mode: int) -> int:
        """Give a token to the pod's uid if all its containers have the same."""
        pod = self.spec["securityContext"]
        uids = {(pod | container["securityContext"])["runAsUser"] for container in self.containers}
        return uids.pop() if mode == TOKEN_MODE and len(uids) == 1 else 0

    def _wait_for_startup(self, container: dict[str, Any]) -> None:
        probe = container["startupProbe"]["exec"]["command"]
        name = self.full(container["name"])
        until(lambda: self.node.run.ok("exec", name, *probe), lambda: self.log(container["name"]))


@contextmanager
def playing(node: Node, name: str, spec: dict[str, Any]) -> Iterator[Pod]:
    """Play a pod until the block ends."""
    pod = Pod(node, name, copy.deepcopy(spec))
    pod.remove()
    try:
        pod.start()
        yield pod
    finally:
        pod.remove()
