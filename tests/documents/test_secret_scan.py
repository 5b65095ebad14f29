"""The repository's own scan for secrets finds what it is there for."""

import subprocess
import sys
from pathlib import Path

import pytest

SCAN = Path(__file__).parents[2] / ".ci" / "secrets"


def scanned(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SCAN, file],
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("secret", "kind"),
    [
        # In parts: this file is scanned as well.
        ("hvs." + "CAESIJ1zTq0lV9pPQm3v8aRk2bXw7YtUe5oLhGnS4dFjKcM", "Vault token"),
        ("hvb." + "AAAAAQJ1zTq0lV9pPQm3v8aRk2bXw7YtUe5oLhGnS4dFjKcM", "Vault token"),
        ('token = "s.' + 'Hg72kLq9TzX0aPwVbN3mY1cR"', "Vault token"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx", "Private Key"),
        ("ghp_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", "GitHub Token"),
        ("postgresql://app:" + "correct-horse@db.internal/shop", "Basic Auth Credentials"),
    ],
)
def test_a_secret_is_found_and_not_shown(tmp_path, secret, kind):
    (tmp_path / "leak.py").write_text(f"one = 1\n{secret}\n")

    found = scanned(tmp_path / "leak.py")

    assert found.returncode == 1
    assert f"Secret Type: {kind}\n" in found.stdout
    assert "leak.py:" in found.stdout
    assert secret not in found.stdout


def test_a_made_up_secret_is_marked_on_its_line(tmp_path):
    line = "hvs." + "CAESIJ1zTq0lV9pPQm3v8aRk2bXw7YtUe5oLhGnS4dFjKcM"
    (tmp_path / "example.py").write_text(f"{line}  # pragma: allowlist secret\n")

    assert scanned(tmp_path / "example.py").returncode == 0


def test_prose_and_names_are_not_secrets(tmp_path):
    (tmp_path / "page.md").write_text("os.path.join, hvs. and s.o., secret_id, password: changed\n")

    assert scanned(tmp_path / "page.md").returncode == 0
