"""The injector's configuration: generated, with the pod's own over it, and checked."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from injector.base.errors import ConfigError, RenderError
from injector.config.document import Document, document_of
from injector.config.problem import Problem, Where, dotted
from injector.config.readers import read_config
from injector.config.rules import all_findings
from injector.config.rules.names import located_texts
from injector.config.walk import Walk
from injector.inject import nodes
from injector.inject.defaults import Defaults
from injector.inject.own.annotations import FAMILY, PREFIX
from injector.inject.own.reading import Annotations
from injector.inject.own.settings import Mode, Settings
from injector.rendering.template import Source
from injector.rendering.template.compiled import compile as compile_template
from injector.sources.vault.ref import VaultRef

VARIABLE = "INJECTOR_CONFIG"
# What a variable of a container can hold is 128 KiB.
LARGEST = 100 * 1024
# Where `injector probe` looks for a running one.
RUN = "/run/injector"
TOKEN = "/var/run/secrets/vault-injector"  # noqa: S105 - a path
# What a file's name ends with → its format.
FORMATS = {
    ".env": "dotenv",
    ".sh": "shell",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".properties": "properties",
    ".ini": "ini",
}
# Variables that every injected container has.
ENVIRONMENT = dict.fromkeys(("NAMESPACE", "HOST_IP", "POD_IP"), "-")


@dataclass(slots=True)
class Made:
    """A generated configuration, and by which annotation each part of it is there."""

    value: dict[str, Any]
    reasons: dict[Where, str] = field(default_factory=dict)

    def reason(self, where: Where) -> str:
        """Return the annotation to correct for a problem of the configuration."""
        around = (where[:end] for end in range(len(where), 0, -1))
        return next((self.reasons[part] for part in around if part in self.reasons), "config")


def config_text(
    read: Annotations,
    pod: Mapping[str, Any],
    namespace: str,
    defaults: Defaults,
    settings: Settings,
) -> str:
    """Return the configuration for the pod; what is wrong with it is noted."""
    own = _given(read, "config")
    made = _generated(read, pod, namespace, defaults, settings)
    if own is not None and nodes.at(own, "auto_auth") is not None:
        del made.value["auto_auth"]
    if any(own is not None and nodes.at(own, "vault", key) for key in ("ca_cert", "ca_path")):
        made.value["vault"].pop("ca_cert_bytes", None)
    root = nodes.nodes_of(made.value)
    if own is not None:
        root = nodes.merged(root, own, lists="append")
    if (over := _given(read, "config-patch")) is not None:
        root = nodes.merged(root, over, lists="replace")
    text = nodes.written(root)
    _check_address(read, root, defaults)
    if len(text.encode()) > LARGEST:
        read.problem(f"takes more than {LARGEST // 1024} KiB; use a ConfigMap", "config")
    elif not read.problems:
        _check(read, made, text, has_patch=bool(settings.patch))
    return text


def _given(read: Annotations, key: str) -> yaml.Node | None:
    """Return the YAML of an annotation; None without the annotation, or if it is not YAML."""
    text = read.given.get(key, "")
    if not text.strip():
        return None
    try:
        document_of(f"{PREFIX}{key}", text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if root is None else nodes.unshared(root, most=nodes.MOST_IN_ANNOTATION)
    except ConfigError as exc:
        for found in exc.found:
            line = f"line {found.line}: " if isinstance(found, Problem) and found.line else ""
            text = found.text if isinstance(found, Problem) else str(found)
            read.problem(f"{line}{text.removeprefix(f'{PREFIX}{key}: ')}", key)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        read.problem(f"is no YAML: {getattr(exc, 'problem', None) or exc}", key)
    return None


def _generated(
    read: Annotations,
    pod: Mapping[str, Any],
    namespace: str,
    defaults: Defaults,
    settings: Settings,
) -> Made:
    role = read.text("role").replace("{namespace}", namespace)
    account = pod["spec"].get("serviceAccountName") or "default"
    method = {
        "type": "kubernetes",
        "mount_path": defaults.vault_auth_path,
        "config": {
            "role": role.replace("{service_account}", account),
            "token_path": f"{TOKEN}/token",
        },
    }
    vault = {
        "address": read.text("vault-address"),
        "namespace": read.text("vault-namespace"),
        "ca_cert_bytes": _pem(defaults.vault_cacert_bytes),
    }
    made = Made(
        {
            "vault": {key: text for key, text in vault.items() if text},
            "auto_auth": {"method": method},
            "listener": [{"type": "unix", "address": f"{RUN}/injector.sock"}],
        },
        {
            ("vault", "address"): "vault-address",
            ("vault", "namespace"): "vault-namespace",
            ("auto_auth",): "role",
        },
    )
    if defaults.revoke_on_shutdown and settings.mode is not Mode.INIT:
        made.value["revoke_on_shutdown"] = "token"
    if settings.mode is not Mode.INIT:
        # The sidecar goes on where the init container stopped, and a restarted one where it was.
        made.value["cache"] = {"persist": {"path": f"{RUN}/handover"}}
    _add_files(read, made, settings.mount_path)
    return made


def _pem(given: str) -> str:
    try:
        return base64.b64decode("".join(given.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return given


def _add_files(read: Annotations, made: Made, directory: str) -> None:
    secrets: dict[str, Any] = {}
    names: dict[str, str] = {}  # by path: two files of one secret change together
    templates: list[dict[str, Any]] = []
    for name, said in read.files().items():
        path, _, key = said.partition("#")
        annotation = f"{FAMILY}{name}"
        shape = {"format": "raw", "key": key} if key else {"format": _format(name)}
        if not path:
            read.problem("expected the path of a secret, such as secret/data/app", annotation)
        elif shape["format"] is None:
            endings = ", ".join(FORMATS)
            read.problem(
                f"nothing says what the file should look like; let its name end in one of "
                f"{endings}, or name one value: {path}#password",
                annotation,
            )
        elif not name:
            read.problem("has no name of a file after the dash", annotation)
        made.reasons["template", len(templates)] = annotation
        secret = names.get(path)
        if secret is None:
            secret = names[path] = _name(name, secrets)
            secrets[secret] = {"path": path}
            made.reasons["secrets", secret] = annotation
        templates.append({"secret": secret, **shape, "destination": f"{directory}/{name}"})
    if templates:
        made.value |= {"secrets": secrets, "template": templates}


def _name(file: str, taken: Mapping[str, Any]) -> str:
    """Return a name of a secret, for templates: of `app.env`, `file_app_env`."""
    name = f"file_{re.sub('[^A-Za-z0-9_]', '_', file)}"
    while name in taken:  # a.b and a-b give the same name
        name += "_"
    return name


def _format(name: str) -> str | None:
    return next((form for end, form in FORMATS.items() if name.endswith(end)), None)


def _check_address(read: Annotations, root: yaml.Node, defaults: Defaults) -> None:
    found = nodes.at(root, "vault", "address")
    address = str(found.value) if isinstance(found, yaml.ScalarNode) else ""
    if not address:
        read.problem(
            "nothing says where Vault is; annotate it, or set vault_address in the defaults",
            "vault-address",
        )
    elif not defaults.allows(address):
        allowed = ", ".join(sorted({defaults.vault_address, *defaults.allowed_addresses} - {""}))
        read.problem(f"{address} is not allowed here; allowed: {allowed}", "vault-address")


def _check(read: Annotations, made: Made, text: str, *, has_patch: bool) -> None:
    """Note every problem of a configuration that shows before it is used."""
    try:
        document = document_of(VARIABLE, text)
        found = [*_problems(document)]
    except (ConfigError, RecursionError) as exc:
        read.problem(str(exc) or "is nested too deeply", "config")
        return
    for where, said in found:
        if has_patch and said.startswith("the environment variable"):
            continue  # the patch may add it
        key = made.reason(where)
        place = f"{dotted(where)}: " if where and key in ("config", "config-patch") else ""
        read.problem(f"{place}{said}", key)


def _problems(document: Document) -> Iterator[tuple[Where, str]]:
    walk = Walk(document, ENVIRONMENT)
    config = read_config(walk)
    for problem in walk.problems:
        yield problem.where, problem.text
    for finding in all_findings(config, document):
        # Users and groups are not checked here: they are those of another image.
        if not finding.warning and finding.stands(walk.broken) and not _of_image(finding.where):
            yield finding.where, finding.text
    names = {name: VaultRef.of(one.path, one.params) for name, one in config.secrets.items()}
    for where, template in located_texts(config):
        if template.contents and template.language == "jinja" and where not in walk.broken:
            stands = document.standing((*where, "contents"), template.contents)
            source = Source(
                stands.file,
                template.contents,
                template.left_delimiter,
                template.right_delimiter,
                template.error_on_missing_key,
                stands,
            )
            try:
                compile_template(source, names, ENVIRONMENT, VaultRef.of)
            except RenderError as exc:
                yield (*where, "contents"), exc.spot.why if exc.spot else str(exc)


def _of_image(where: Where) -> bool:
    return where[-1:] in (("user",), ("group",))
