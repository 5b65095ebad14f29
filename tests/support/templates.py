"""Helpers to render a template in one line."""

from typing import Any

from injector.rendering.template import Lacking, Rendered, Source
from injector.rendering.template.compiled import compile as compile_template
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef

CANARY = "canary-7f3a"

APP = VaultRef.of("secret/data/app")
DB = VaultRef.of("database/creds/app")
TLS = VaultRef.of("pki/issue/web", {"common_name": "web.internal"})
NAMES = {"app": APP, "db": DB, "tls": TLS}
ENVIRON = {"STAGE": "prod", "EMPTY": "", "BROKEN": "\udcff"}


def template(text, *, name="t.j2", **options):
    return compile_template(Source(name, text, **options), NAMES, ENVIRON, VaultRef.of)


def rendered(text, *, app=None, db=None, more=None, **options):
    snapshot = {APP: app or {}, DB: db or {}, TLS: None, **(more or {})}
    result = template(text, **options).render(snapshot)
    assert isinstance(result, Rendered), result
    return result.content.decode()


def rounds(text, secrets):
    """Return what each rendering lacks, when what it lacks is there at the next one."""
    compiled = template(text)
    snapshot: dict[Ref, Any] = {}
    lacking = []
    while isinstance(result := compiled.render(snapshot), Lacking):
        lacking.append({str(ref) for ref in result.refs})
        snapshot |= {ref: secrets.get(ref.path, {}) for ref in result.refs}
        assert len(lacking) < 20, lacking
    return lacking, result.content.decode()
