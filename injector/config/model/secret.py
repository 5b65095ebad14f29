"""`secrets`: each secret that has a name."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Any, Literal

from msgspec import Meta

from injector.config.model.types import Block, Duration, Namespace


class Contract(Block):
    """What a secret must look like before it is used."""

    keys: Annotated[
        dict[str, Literal["string", "number", "boolean", "list", "map", "any"]],
        Meta(description="Required keys and their types."),
    ]


class Secret(Block):
    """A secret with a name, which is a variable in templates."""

    path: Annotated[
        str,
        Meta(
            min_length=1,
            description="The path as for `vault read`, with `data/` for KV version 2; `?version=3` pins a version.",
        ),
    ]
    params: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Parameters; with them the path is written to (`pki/issue/…`) instead of read."
        ),
    ] = None
    namespace: Annotated[
        Namespace, Meta(description="Namespace of this secret; if empty, `vault.namespace`.")
    ] = ""
    refresh: Annotated[
        Duration,
        Meta(
            description="How often a static secret is re-read; if 0, `template_config.static_secret_render_interval`."
        ),
    ] = 0.0
    engine: Annotated[
        Literal["auto", "kv1", "kv2"], Meta(description="`auto` goes by the answer's shape.")
    ] = "auto"
    optional: Annotated[
        bool, Meta(description="Its value is `none` in templates while it does not exist.")
    ] = False
    on_missing: Annotated[
        Literal["keep", "remove", "fail"],
        Meta(
            description="If it disappears: keep the files, remove them, or keep them and become unready."
        ),
    ] = "keep"
    overlap: Annotated[
        Duration, Meta(description="How long an old lease is kept after the new one is in use.")
    ] = 60.0
    publish_delay: Annotated[
        Duration,
        Meta(
            description="Wait this long before using a new credential (for cloud IAM), or until the old one can no longer be renewed."
        ),
    ] = 0.0
    issuance_budget: Annotated[
        int,
        Meta(
            ge=1,
            description="Maximum number of new credentials in 10 minutes beyond those that replace a value near its end; then issuing stops with an error.",
        ),
    ] = 10
    contract: Annotated[Contract | None, Meta(description="Required keys and types.")] = None
