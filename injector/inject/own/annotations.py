"""Our own annotations, one row each; the parser, docs/webhook.md and the tests come from them."""

# ruff: noqa: E501 - a row stays on its line

from injector.inject.annotation import Annotation, Takes

# A word of our own rather than somebody's domain.
PREFIX = "vault-injector/"

_B, _T, _W, _P, _Y = Takes.BOOLEAN, Takes.TEXT, Takes.WORDS, Takes.PATCH, Takes.YAML
_A = Annotation

# By the heading under which docs/webhook.md lists them.
TABLE: dict[str, tuple[Annotation, ...]] = {
    "Whether, and how": (
        _A("inject", _B, "injects into this pod; the only switch"),
        _A("status", _T, "`injected`: leaves the pod alone. The injection sets it"),
        _A("mode", _T, "`native`: a native sidecar; `init`: an init container, the files do not change; `sidecar`; `init+sidecar`. `auto`: `native` from Kubernetes 1.33 on, before that `init+sidecar`, and `init` for a Job", flag="mode"),
        _A("order", _T, "`first`, `last` or `after:NAME` among the init containers; by default behind native sidecars and proxies of a mesh at the beginning, so that everything else has the files"),
        _A("containers", _W, "the containers and init containers that get the files; by default all that start after the injector"),
        _A("mount-path", _T, "the directory of the files", "/vault/secrets"),
        _A("read-only", _B, "they can only be read there", "true"),
        _A("share-process-namespace", _B, "sets `shareProcessNamespace` of the pod, for signals"),
    ),
    "What": (
        _A("file-", _T, "a file NAME with the secret of this path, in the format that the name ends with: `.env`, `.sh`, `.json`, `.yaml`, `.properties`, `.ini`; or with one value of it: `PATH#KEY`"),
        _A("role", _T, "the role of the login; `{namespace}` and `{service_account}` are the pod's", flag="role"),
        _A("vault-address", _T, "the address of Vault", flag="vault_address"),
        _A("vault-namespace", _T, "the namespace of every request", flag="vault_namespace"),
        _A("config", _Y, "a [configuration](configuration.md): its values go over the generated ones, its lists behind them; an `auto_auth` replaces the generated login"),
        _A("configmap", _T, "a ConfigMap with `injector.yaml`, in the place of a generated configuration"),
        _A("config-patch", _Y, "a merge patch (RFC 7386) of the generated configuration, also of that of vault-k8s' annotations"),
    ),
    "The container": (
        _A("image", _T, "its image", flag="image"),
        _A("resources", _Y, "requests and limits, in place of the default's"),
        _A("run-as", _T, "`same`: uid and gid of the first container that gets the files, else the pod's, else the image's own; `UID`, `UID:GID`; `unset`: none is set", flag="run_as"),
        _A("token-audience", _T, "the audience of its token; empty: the API server's", flag="token_audience"),
        _A("patch", _P, "is applied to its containers"),
    ),
}  # fmt: skip

ALL = {row.key: row for rows in TABLE.values() for row in rows}
FAMILY = "file-"
# With a ConfigMap these have nothing to say: it is the whole configuration.
OF_CONFIG = ("role", "vault-address", "vault-namespace", "config", "config-patch")
