"""Loads a configuration with what only this machine can tell: destinations and templates."""

import os
from collections.abc import Mapping

from injector import destination, template
from injector.agent import build
from injector.config import Loaded, load, model
from injector.errors import RenderError


def load_checked(path: str, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Load `path`; raises ConfigError with everything that is wrong. Nothing is sent or written."""
    return load(path, environ, check_destination=_destination, check_template=_template)


def _destination(config: model.Config, entry: model.Template, path: str) -> list[str]:
    try:
        owner = destination.owner_of(entry.user, entry.group)
    except LookupError:  # an unknown user is the loader's finding, with the line of `user`
        owner = destination.OURS
    return destination.problems(
        path,
        require_memory_backed=config.template_config.require_memory_backed,
        in_place=entry.in_place,
        create_dest_dirs=entry.create_dest_dirs,
        owner=owner,
    )


def _template(config: model.Config, entry: model.Template, text: str) -> list[str]:
    try:
        template.compile(build.source_of(entry, text), build.names(config), os.environ)
    except RenderError as exc:
        return [str(exc)]
    return []
