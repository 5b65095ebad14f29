"""The secrets that a pod's annotations name, and the templates made of them."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from injector.inject.go import values
from injector.inject.vault_k8s.reading import Annotations

# A secret is there if one of these is; longest first, as `…template-file-x` begins like another.
NAMING = ("agent-inject-template-file-", "agent-inject-template-", "agent-inject-secret-")
LEFT, RIGHT = "{{", "}}"
DEFAULT_TEMPLATES = {
    "map": '{{ with secret "PATH" }}'
    "{{ range $k, $v := .Data }}{{ $k }}: {{ $v }}\n{{ end }}{{ end }}",
    "json": '{{ with secret "PATH" }}{{ .Data | toJSON }}\n{{ end }}',
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One file: where it goes, and what it is made from."""

    file_name: str
    path: str
    template: str
    template_file: str
    volume_path: str
    file: str
    command: str
    left: str
    right: str
    perms: str
    error_on_missing_key: bool

    @property
    def destination(self) -> str:
        if self.file:  # it may lead out of the volume: the peer's users do that
            return posixpath.normpath(f"{self.volume_path}/{self.file}")
        return f"{self.volume_path}/{self.file_name}"


def secrets_of(read: Annotations) -> list[Secret]:
    """Return the secrets in the order of their names."""
    return [_secret(read, name) for name in sorted(_names(read))]


def _names(read: Annotations) -> set[str]:
    """Return every NAME: what follows the longest key that fits, and is not empty."""
    found = set()
    for family in NAMING:
        for name, text in read.family(family).items():
            shadowed = family == NAMING[1] and name.startswith("file-") and name != "file-"
            if name and text.strip() and not shadowed:
                found.add(name)
    return found


def _secret(read: Annotations, name: str) -> Secret:
    template = read.of_name("agent-inject-template-", name)
    return Secret(
        file_name=name if _keeps_case(read, name) else name.lower(),
        path=read.of_name("agent-inject-secret-", name),
        template=template,
        template_file="" if template else read.of_name("agent-inject-template-file-", name),
        volume_path=read.of_name("secret-volume-path-", name, read.text("secret-volume-path")),
        file=read.of_name("agent-inject-file-", name),
        command=read.of_name("agent-inject-command-", name),
        left=read.of_name("agent-template-left-delim-", name) or LEFT,
        right=read.of_name("agent-template-right-delim-", name) or RIGHT,
        perms=read.of_name("agent-inject-perms-", name),
        error_on_missing_key=read.flag(f"error-on-missing-key-{name}"),
    )


def _keeps_case(read: Annotations, name: str) -> bool:
    text = read.of_name("preserve-secret-case-", name, read.text("preserve-secret-case"))
    try:
        return values.boolean(text)
    except ValueError:
        return False  # not an error with vault-k8s either


def templates(secrets: Sequence[Secret], kind: str, *, exact: bool) -> list[dict[str, Any]]:
    """Return the agent's `template` blocks; `kind` is that of the default template."""
    return [_template(secret, kind, exact=exact) for secret in secrets]


def _template(secret: Secret, kind: str, *, exact: bool) -> dict[str, Any]:
    contents = secret.template
    if not contents and not secret.template_file:
        # vault-k8s writes its default template with its own delimiters, whatever is given.
        left, right = (LEFT, RIGHT) if exact else (secret.left, secret.right)
        contents = _default_template(secret.path, kind, left, right)
    given = {
        "contents": contents,
        "left_delimiter": secret.left,
        "right_delimiter": secret.right,
        "command": secret.command,
        "source": secret.template_file,
        "perms": secret.perms,
        "error_on_missing_key": secret.error_on_missing_key,
    }
    return {"destination": secret.destination} | {key: text for key, text in given.items() if text}


def _default_template(path: str, kind: str, left: str, right: str) -> str:
    """Return the template that shows everything. The path goes into it as it is."""
    before, after = (
        part.replace(LEFT, left).replace(RIGHT, right)
        for part in DEFAULT_TEMPLATES[kind].split("PATH")
    )
    return f"{before}{path}{after}"
