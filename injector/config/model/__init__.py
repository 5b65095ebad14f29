"""Every option of the configuration: its name, type, default and meaning.

Names are Vault Agent's wherever Vault Agent has the thing. The descriptions here are the single
source of `injector schema` and are checked against docs/configuration.md. Nothing here reads a
file: paths arrive absolute, durations in seconds, modes as integers (see `load`).

- `config`: the whole configuration, with its smaller blocks
- `vault`: `vault` and `auto_auth`: the server, and the login
- `secret`: `secrets`: those that have a name
- `template`: `template`, `env_template`, `bundle` and `template_config`
- `notify`: how an application is told, and how it confirms
- `supervision`: `exec`: the supervised command
- `command`: parts of other blocks: commands, checks and waiting times
- `types`: values that are written differently from how they are kept, and the base of all blocks
"""

from injector.config.model.command import Check, Command, Wait
from injector.config.model.config import AgentApi, Cache, Config, Journal, Listener, Persist
from injector.config.model.notify import Http, Notify, Process, Verify
from injector.config.model.secret import Contract, Secret
from injector.config.model.supervision import Exec, ExecEnv
from injector.config.model.template import Bundle, EnvTemplate, Format, Template, TemplateConfig
from injector.config.model.types import (
    AbsolutePath,
    Argv,
    Block,
    Duration,
    LocalPath,
    Namespace,
    Owner,
    Perms,
    SignalName,
    Verbatim,
)
from injector.config.model.vault import (
    METHODS,
    AppRole,
    AutoAuth,
    Cert,
    Jwt,
    Kubernetes,
    Method,
    MethodConfig,
    Sink,
    SinkConfig,
    TokenFile,
    Vault,
)

__all__ = [
    "METHODS",
    "AbsolutePath",
    "AgentApi",
    "AppRole",
    "Argv",
    "AutoAuth",
    "Block",
    "Bundle",
    "Cache",
    "Cert",
    "Check",
    "Command",
    "Config",
    "Contract",
    "Duration",
    "EnvTemplate",
    "Exec",
    "ExecEnv",
    "Format",
    "Http",
    "Journal",
    "Jwt",
    "Kubernetes",
    "Listener",
    "LocalPath",
    "Method",
    "MethodConfig",
    "Namespace",
    "Notify",
    "Owner",
    "Perms",
    "Persist",
    "Process",
    "Secret",
    "SignalName",
    "Sink",
    "SinkConfig",
    "Template",
    "TemplateConfig",
    "TokenFile",
    "Vault",
    "Verbatim",
    "Verify",
    "Wait",
]
