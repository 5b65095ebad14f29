"""The seed file: what a development server holds, and what the application gets from it."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Any

from msgspec import Meta, field

from injector.config.model import Block, LocalPath, Verbatim

Life = Annotated[float, Meta(gt=0, extra={"written": "duration"})]


class Database(Block):
    """A role of the database engine, on a PostgreSQL of our own."""

    ttl: Annotated[
        Life, Meta(description="Life of a credential; it is renewed up to `max_ttl`.")
    ] = 120.0
    max_ttl: Annotated[Life, Meta(description="After this long there are new credentials.")] = 600.0
    creation_statements: Annotated[
        tuple[Verbatim, ...],
        Meta(
            description="SQL that makes the user, with Vault's `{{name}}`, `{{password}}` and `{{expiration}}`; by default one that may read and write every table."
        ),
    ] = ()


class Secret(Block):
    """One secret of the development server; exactly one of kv, database, pki."""

    path: Annotated[
        str,
        Meta(
            description="Where it is, as in a configuration: `secret/data/NAME`, `database/creds/NAME`, `pki/issue/NAME`."
        ),
    ] = ""
    kv: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Keys and values; `{random: 24}` makes up a value of that many characters."
        ),
    ] = None
    database: Annotated[Database | None, Meta(description="Credentials for PostgreSQL.")] = None
    pki: Annotated[
        dict[str, Any] | None,
        Meta(
            description="A certificate, by the parameters it is issued with: `{common_name: web.localhost, ttl: 1h}`."
        ),
    ] = None


class Postgres(Block):
    """The PostgreSQL that is started if a secret is a `database`."""

    statements: Annotated[
        tuple[Verbatim, ...], Meta(description="SQL that the administrator runs once.")
    ] = ()
    file: Annotated[LocalPath, Meta(description="A file of such SQL, run before them.")] = ""


class AppRole(Block):
    """The login that the injector gets."""

    token_ttl: Annotated[Life, Meta(description="Life of its token.")] = 3600.0
    token_max_ttl: Annotated[Life, Meta(description="After this long it has to log in again.")] = (
        14400.0
    )


class Seed(Block):
    """Everything that `injector dev` starts with."""

    secrets: Annotated[dict[str, Secret], Meta(description="Secrets by name.")] = field(
        default_factory=dict
    )
    env: Annotated[
        dict[str, Verbatim],
        Meta(
            description="Variables of `env_file`, each a template, such as `{{ app.password }}`; by default one for each value."
        ),
    ] = field(default_factory=dict)
    env_file: Annotated[LocalPath, Meta(description="Gets the variables; `.env.local`.")] = ""
    config: Annotated[
        LocalPath,
        Meta(
            description="A configuration of your own to run instead of writing `env_file`; server, login and listener are replaced."
        ),
    ] = ""
    postgres: Annotated[Postgres, Meta(description="The database server.")] = field(
        default_factory=Postgres
    )
    approle: Annotated[AppRole, Meta(description="The injector's login.")] = field(
        default_factory=AppRole
    )
