"""Which sources there are: what a name of `secrets:` refers to, and the source that has it.

A secret that no other source claims is Vault's. Another source is a package under
`injector.sources` and an entry of `OTHERS`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from injector.base.context import Context
from injector.config import model
from injector.secret import Ref
from injector.sources.source import Shapes, Source, Token
from injector.sources.unrepeatable import Unrepeatable
from injector.sources.vault import ref as vault


class Maker(Protocol):
    """What has to be known of a kind of source before one of that kind runs."""

    def shapes(self) -> Shapes:
        """Return the classes of what a source knows of a secret; not imported before."""

    def refer(self, secret: model.Secret) -> Ref | None:
        """Return what a secret of the configuration refers to; None if it is another source's."""

    def make(
        self,
        config: model.Config,
        context: Context,
        *,
        unrepeatable: Unrepeatable,
        token_changed: Callable[[Token], None],
    ) -> Source:
        """Return the source, which sends nothing yet.

        It calls `token_changed` with each token that becomes the current one or is renewed.
        """


OTHERS: dict[str, Maker] = {}


def refer(secret: model.Secret) -> Ref:
    """Return what a secret of the configuration refers to."""
    found = filter(None, (maker.refer(secret) for maker in OTHERS.values()))
    return next(found, None) or vault.VaultRef.of(
        secret.path, secret.params, namespace=secret.namespace
    )


def shapes() -> dict[str, Shapes]:
    """Return the classes of what each source knows of a secret, for the hand-over file."""
    from injector.sources.vault.source import SHAPES  # only with `cache.persist`

    return {vault.NAME: SHAPES, **{name: maker.shapes() for name, maker in OTHERS.items()}}


def sources(
    of_vault: Source,
    config: model.Config,
    context: Context,
    *,
    unrepeatable: Unrepeatable,
    token_changed: Callable[[str, Token], None],
) -> Mapping[str, Source]:
    """Return all sources by name, as references have it."""
    others = {
        name: maker.make(
            config,
            context,
            unrepeatable=unrepeatable,
            token_changed=partial(token_changed, name),
        )
        for name, maker in OTHERS.items()
    }
    return {of_vault.name: of_vault, **others}
