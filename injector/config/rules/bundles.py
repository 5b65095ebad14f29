"""Rules for bundles: which options belong to the bundle, and which to its files."""

from collections.abc import Iterator

import msgspec

from injector.config import model
from injector.config.members import spelling_problem
from injector.config.problem import Breach, Where

_OF_THE_BUNDLE = "belongs to the whole bundle; set it next to `directory`"
_NOT_OF_A_MEMBER = {
    "notify": _OF_THE_BUNDLE,
    "wait": _OF_THE_BUNDLE,
    "on_remove": _OF_THE_BUNDLE,
    "command": "cannot be set for one file; give the bundle a `notify` entry with `command`",
    "exec": "cannot be set for one file; give the bundle a `notify` entry with `command`",
    "in_place": "cannot be in a bundle, whose files change together by a rename",
    "create_dest_dirs": "cannot be in a bundle, whose directories are always made",
}
_DEFAULTS = msgspec.structs.asdict(model.Template(destination="-"))


def findings(config: model.Config) -> Iterator[Breach]:
    for i, bundle in enumerate(config.bundle):
        yield from _check(("bundle", i, "check"), bundle.check)
        for j, template in enumerate(bundle.template):
            yield from _member(("bundle", i, "template", j), template)


def _check(place: Where, check: model.Check | None) -> Iterator[Breach]:
    if check is None:
        return
    if check.format is not None:
        yield Breach((*place, "format"), "applies to a single file; set it there", ("format",))
    elif not check.command:
        yield Breach(place, "needs command", ("command",))


def _member(where: Where, template: model.Template) -> Iterator[Breach]:
    if template.destination and (problem := spelling_problem(template.destination)):
        yield Breach((*where, "destination"), problem)
    for key, reason in _NOT_OF_A_MEMBER.items():
        if getattr(template, key) != _DEFAULTS[key]:
            yield Breach((*where, key), reason)
    if template.check is not None and template.check.command:
        yield Breach((*where, "check", "command"), _OF_THE_BUNDLE)
    if template.appends:
        yield Breach(
            (*where, "format"), "github-env cannot be in a bundle: it appends to the runner's file"
        )
