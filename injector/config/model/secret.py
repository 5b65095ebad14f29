"""`secrets`: each secret that has a name."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Any, Literal

from msgspec import Meta

from injector.config.model.types import Block, Duration, Namespace


class Contract(Block):
    """What a secret has to look like before anything is made of it."""

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
            description="As `vault read` takes it, with `data/` for KV version 2; `?version=3` pins.",
        ),
    ]
    params: Annotated[
        dict[str, Any] | None,
        Meta(description="Parameters: the path is then written to (`pki/issue/…`), not read."),
    ] = None
    namespace: Annotated[
        Namespace, Meta(description="Namespace of this secret; `vault.namespace` if empty.")
    ] = ""
    refresh: Annotated[
        Duration,
        Meta(
            description="How often a static secret is read again; `template_config.static_secret_render_interval` if 0."
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
            description="When it disappears: keep the files, remove them, or keep them and not be ready."
        ),
    ] = "keep"
    overlap: Annotated[
        Duration, Meta(description="How long an old lease lives on after the new one is in use.")
    ] = 60.0
    publish_delay: Annotated[
        Duration,
        Meta(description="Wait this long before using a new credential (cloud IAM needs it)."),
    ] = 0.0
    issuance_budget: Annotated[
        int, Meta(ge=1, description="New credentials per 10 minutes before issuing stops, loudly.")
    ] = 10
    contract: Annotated[Contract | None, Meta(description="Required keys and types.")] = None
