"""MiniJinja, strict: compiles once, renders a snapshot, and says where it went wrong."""

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import minijinja

from injector.errors import MissingError, RenderError
from injector.secret import Ref
from injector.template.filters import FILTERS, FilterError
from injector.template.model import Lacking, Rendered, Snapshot, Source
from injector.template.scan import Found, scan
from injector.template.values import Lookups, Marker, ValueNotPrintable, View, printed

# Bounds a runaway loop: far above what rendering a file of megabytes takes.
FUEL = 50_000_000


def compile(  # noqa: A001 - what every template engine calls it
    source: Source, names: Mapping[str, Ref], environ: Mapping[str, str]
) -> "Template":
    """Check the syntax and find what the template needs.

    Raises RenderError with template:line.
    """
    environment = _environment(
        source.left_delimiter, source.right_delimiter, source.error_on_missing_key
    )
    try:
        environment.undeclared_variables_in_str(source.text)
    except minijinja.TemplateError as exc:
        raise RenderError(f"{source.name}:{exc.line}: {_message(exc)}") from None
    return Template(source, environment, names, environ)


class Template:
    """One compiled template. `refs` is what it may read, as far as its source tells."""

    def __init__(
        self,
        source: Source,
        environment: minijinja.Environment,
        names: Mapping[str, Ref],
        environ: Mapping[str, str],
    ) -> None:
        self._source = source
        self._environment = environment
        self._environ = environ
        self._found: Found = scan(source.text, source.left_delimiter, source.right_delimiter)
        mentioned = self._found.names & names.keys() if names else frozenset()
        self._names = {name: names[name] for name in mentioned}
        self.refs = frozenset(self._names.values()) | self._found.refs

    def render(self, snapshot: Snapshot) -> Rendered | Lacking:
        """Return the content, or everything that is lacking.

        Raises MissingError for a key that the secret does not have, RenderError for the rest.
        """
        lookups = Lookups()
        see = _viewer(snapshot, lookups)
        context: dict[str, Any] = {name: see(ref) for name, ref in self._names.items()}
        context["secret"] = _secret_function(see)
        context["env"] = _env_function(self._environ)
        try:
            text = self._environment.render_str(self._source.text, self._source.name, **context)
        except Exception as exc:  # noqa: BLE001 - filters and operators raise anything
            if lookups.lacking:  # an error beside a marker says nothing
                return Lacking(frozenset(lookups.lacking))
            raise self._error(exc, lookups) from None
        if lookups.lacking:
            return Lacking(frozenset(lookups.lacking))
        return Rendered(text.encode(), frozenset(lookups.used))

    def _error(self, exc: Exception, lookups: Lookups) -> RenderError | MissingError:
        """Say where and why, never with what value: the engine's own text may hold one."""
        name = self._source.name
        if isinstance(exc, minijinja.TemplateError):
            where = f"{name}:{exc.line}" if exc.line else name
            if exc.kind == "UndefinedError":
                return self._undefined(exc, lookups, where)
            return RenderError(f"{where}: {_message(exc)}{self._cut(exc)}")
        if isinstance(exc, FilterError | ValueNotPrintable):
            return RenderError(f"{name}{self._lines(exc)}: {exc}")
        if isinstance(exc, EnvError):
            return RenderError(f"{name}: {exc}")
        return RenderError(
            f"{name}: a filter or function got what it cannot use ({type(exc).__name__})"
        )

    def _undefined(
        self, exc: minijinja.TemplateError, lookups: Lookups, where: str
    ) -> RenderError | MissingError:
        missed = lookups.misses
        expression = self._expression(exc)
        last = missed.key.rsplit(".", 1)[-1]
        if missed.ref is None or (expression and last not in expression):
            what = expression or "something"
            return RenderError(f"{where}: `{what}` is not defined: is it a name in `secrets:`?")
        name = next((name for name, ref in self._names.items() if ref == missed.ref), "")
        secret = f"secret {name!r} ({missed.ref})" if name else f"secret {missed.ref}"
        near = difflib.get_close_matches(last, missed.known, n=1)
        hint = f", did you mean {near[0]!r}?" if near else f"; it has {_listed(missed.known)}"
        return MissingError(f"{where}: {secret} has no key {missed.key!r}{hint}")

    def _expression(self, exc: minijinja.TemplateError) -> str:
        """Cut the failing expression out of the source: its range counts bytes."""
        if exc.range is None:
            return ""
        start, end = exc.range
        return self._source.text.encode()[start:end].decode(errors="replace")

    def _cut(self, exc: minijinja.TemplateError) -> str:
        expression = self._expression(exc)
        return f" in `{' '.join(expression.split())}`" if expression else ""

    def _lines(self, exc: Exception) -> str:
        """Say on which lines the filter that raised is used: MiniJinja does not."""
        traceback, function = exc.__traceback__, ""
        while traceback is not None:
            if traceback.tb_frame.f_code.co_name in self._found.filters:
                function = traceback.tb_frame.f_code.co_name
            traceback = traceback.tb_next
        lines = sorted(set(self._found.filters.get(function, [])))
        where = f":{lines[0]}" if len(lines) == 1 else ""
        return f"{where}: {function}" if function else ""


class EnvError(Exception):
    """A variable of the environment is not set."""


def _viewer(snapshot: Snapshot, lookups: Lookups) -> Callable[[Ref], Any]:
    def see(ref: Ref) -> Any:
        if ref not in snapshot:
            return Marker(lambda: lookups.lacking.add(ref))
        lookups.used.add(ref)
        content = snapshot[ref]
        return None if content is None else View(content, ref, lookups.misses)

    return see


def _secret_function(see: Callable[[Ref], Any]) -> Callable[..., Any]:
    def secret(path: Any, params: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Read a secret in place; with parameters write to it. A marker anywhere waits."""
        for value in (path, *(params or {}).values(), *more.values()):
            if isinstance(value, Marker):
                return value()
        given = None if params is None and not more else {**(params or {}), **more}
        return see(Ref.of(str(path), given))

    return secret


def _env_function(environ: Mapping[str, str]) -> Callable[..., str]:
    def env(name: str, default: str | None = None) -> str:
        value = environ.get(name, default)
        if value is None:
            raise EnvError(
                f"env({name!r}): the variable is not set; give a default: env({name!r}, '')"
            )
        return value

    return env


@cache
def _environment(left: str, right: str, strict: bool) -> minijinja.Environment:  # noqa: FBT001
    """One environment for all templates with the same delimiters: they cost nothing each."""
    return minijinja.Environment(
        undefined_behavior="strict" if strict else "chainable",
        debug=False,  # True prints variables, secret values included, into error texts
        keep_trailing_newline=True,
        auto_escape_callback=lambda _: False,
        finalizer=printed,
        filters=FILTERS,
        fuel=FUEL,
        variable_start_string=left,
        variable_end_string=right,
    )


# Kinds whose detail is about the source, not about values.
ABOUT_THE_SOURCE = {
    "SyntaxError",
    "UnknownFilter",
    "UnknownFunction",
    "UnknownTest",
    "UnknownMethod",
    "TemplateNotFound",
    "OutOfFuel",
}
MEANINGS = {
    "TemplateNotFound": "include, import and extends are not available: a template stands alone",
    "OutOfFuel": "the template does not come to an end",
}


def _message(exc: minijinja.TemplateError) -> str:
    kind = str(exc.kind)
    if kind in MEANINGS:
        return MEANINGS[kind]
    if kind in ABOUT_THE_SOURCE:
        return exc.message.rsplit(" (in ", 1)[0]
    return exc.message.split(":")[0] + " or operation on this type of value"


def _listed(keys: tuple[str, ...]) -> str:
    return ", ".join(sorted(keys)[:10]) or "no keys"
