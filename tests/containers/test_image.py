"""The image as it is built: its rights, its size, its start."""

import hashlib
import json
import time

import pytest

from tests.containers.podman import BASE, IMAGE, Podman, build, missing, podman

pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

HARDENED = (
    "--rm",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=none",
)
LOOK = """
import json, os, pathlib
def writable(path):
    try:
        pathlib.Path(path, "x").touch()
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({
    "ids": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16),
    "writable": [path for path in ("/", "/opt/injector", "/run/injector") if writable(path)],
    "pip": os.path.exists("/opt/injector/bin/pip"),
}))
"""


@pytest.fixture(scope="module")
def run() -> Podman:
    run = podman()
    build(run)
    return run


def look(run: Podman, *flags: str) -> dict:
    found: dict = json.loads(
        run("run", *HARDENED, *flags, "--entrypoint=python3", IMAGE, "-c", LOOK)
    )
    return found


def test_it_runs_without_rights_and_without_a_writable_root(run):
    assert run("run", *HARDENED, IMAGE, "--version").startswith("injector ")
    assert look(run) == {"ids": [10001, 10001], "capabilities": 0, "writable": [], "pip": False}


def test_the_socket_folder_can_be_written_with_and_without_a_mount(run):
    assert look(run, "--read-only=false")["writable"] == ["/run/injector"]
    assert look(run, "--tmpfs=/run/injector:mode=1777")["writable"] == ["/run/injector"]


def test_nothing_in_it_needs_a_shell(run):
    (found,) = json.loads(run("image", "inspect", IMAGE))

    assert found["Config"]["Entrypoint"] == ["injector"]
    assert found["Healthcheck"]["Test"] == ["CMD", "injector", "probe", "ready"]
    assert found["User"] == "10001:10001"


SIZES = """
import json, pathlib
def size(path):
    return sum(p.lstat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())
root = pathlib.Path("/opt/injector")
(packages,) = root.glob("lib/python3*/site-packages")
parts = {p.name: size(p) if p.is_dir() else p.stat().st_size for p in packages.iterdir()}
print(json.dumps([size(root), parts]))
"""
MEGABYTE = 1_000_000


def test_the_environment_is_small_and_says_what_is_in_it(run, capsys):
    total, parts = json.loads(run("run", *HARDENED, "--entrypoint=python3", IMAGE, "-c", SIZES))

    largest = sorted(parts.items(), key=lambda part: -part[1])[:6]
    sizes = [int(run("image", "inspect", "--format={{.Size}}", name)) for name in (IMAGE, BASE)]
    with capsys.disabled():
        print(
            f"\n  Python environment {total / MEGABYTE:.1f} MB:",
            ", ".join(f"{name} {part / MEGABYTE:.1f}" for name, part in largest),
            f"\n  image {sizes[0] / MEGABYTE:.0f} MB, of which the base {sizes[1] / MEGABYTE:.0f}",
            end="",
        )
    assert total < 40 * MEGABYTE


def test_it_starts(run, capsys):
    def seconds(*arguments: str) -> float:
        times = []
        for _ in range(5):
            began = time.monotonic()
            run("run", *HARDENED, *arguments)
            times.append(time.monotonic() - began)
        return min(times)

    nothing = seconds("--entrypoint=/bin/true", IMAGE)
    probe = seconds(IMAGE, "--version")
    with capsys.disabled():
        print(
            f"\n  container with nothing in it {nothing:.2f} s, with `injector --version` "
            f"{probe:.2f} s (least of 5)",
            end="",
        )


BUILD = """\
FROM {base}
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc sha256sum /root/.npmrc >/fingerprint
"""


def test_a_build_can_use_a_secret_that_is_in_no_layer(run, tmp_path, tmpfs):
    """As docs/ci.md has it: BuildKit's `--secret`, which podman takes as well."""
    (tmp_path / "Dockerfile").write_text(BUILD.format(base=BASE))
    (tmpfs / "npmrc").write_text("c4n4ry-token")
    name = "localhost/vault-injector-built:test"

    run("build", "--secret", f"id=npmrc,src={tmpfs}/npmrc", "-t", name, str(tmp_path))
    run("save", "--output", str(tmp_path / "image.tar"), name)
    used = run("run", "--rm", name, "cat", "/fingerprint")
    run("rmi", "--force", name)

    assert hashlib.sha256(b"c4n4ry-token").hexdigest() in used
    assert b"c4n4ry-token" not in (tmp_path / "image.tar").read_bytes()
