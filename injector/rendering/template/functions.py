"""The functions a template can call: `secret` and `env`."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.text import is_broken
from injector.rendering.template.model import Content, Refer, Snapshot
from injector.rendering.template.reading import Reading
from injector.rendering.template.values import Marker, Nothing, View, plain
from injector.secret import Ref, climbs


def ref_of(
    path: Any, params: Mapping[str, Any] | None, more: Mapping[str, Any], refer: Refer
) -> Ref:
    """Return what `secret(path, params, key=value…)` refers to; any parameters make it a write."""
    if not isinstance(path, str) or not path.strip("/"):
        raise RenderError("`secret`: the first argument must be the path, as a string")
    if climbs(path):
        raise RenderError("`secret`: write the path without `.` and `..`; is one in a value?")
    if params is not None and not isinstance(params, Mapping):
        raise RenderError("`secret`: the second argument is a map of parameters")
    if params is None and not more:
        return refer(path, None)
    given = {**(plain(params) or {}), **{key: plain(value) for key, value in more.items()}}
    try:
        return refer(path, given)
    except (TypeError, ValueError):
        raise RenderError(
            "`secret`: a parameter has a type that JSON does not have; use text and numbers"
        ) from None


def secret_function(
    snapshot: Snapshot, known: Collection[Ref], reading: Reading, refer: Refer
) -> Callable[..., Any]:
    """Return `secret` for one rendering; `known` are secrets that may be requested in any case."""

    def secret(path: Any = None, params: Any = None, /, **more: Any) -> Any:
        for given in (path, params, *more.values()):
            if isinstance(given, Marker):
                reading.asked[reading.line].add(None)
                return given()
        ref = ref_of(path, params, more, refer)
        if ref not in snapshot:
            # A path that may depend on a missing secret is found again once that is there.
            believed = ref in known or not reading.leaked
            if believed:
                reading.lacking.add(ref)
            reading.asked[reading.line].add(ref if believed else None)
            return Marker(reading)
        reading.used.add(ref)
        return content_of(snapshot[ref], f"secret {ref}", reading)

    return secret


def content_of(content: Content | None, place: str, reading: Reading) -> View | Nothing:
    if content is None:
        return Nothing(f"{place} does not exist; ask `is none` first, as it is optional", reading)
    return View(content, place, reading)


def env_function(environ: Mapping[str, str]) -> Callable[..., Any]:
    """Return `env`, which reads the environment that this process was started with."""

    def env(name: Any, default: Any = None) -> Any:
        if isinstance(name, Marker):
            return name
        value = environ.get(name, default) if isinstance(name, str) else default
        if value is None:
            raise RenderError(
                '`env`: the variable is not set; set it, or give a default: env("NAME", "…")'
            )
        if isinstance(value, str) and is_broken(value):
            raise RenderError("`env`: the variable is not UTF-8; set it to text")
        return value

    return env
