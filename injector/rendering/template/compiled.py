"""A compiled template: what it may read, and its text for a snapshot of secrets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import minijinja

from injector.base.errors import InjectorError, RenderError
from injector.rendering.template import budget, mentions
from injector.rendering.template.checks import fault
from injector.rendering.template.depth import too_deep
from injector.rendering.template.engine import environment
from injector.rendering.template.explain import explain, syntax
from injector.rendering.template.functions import content_of, env_function, ref_of, secret_function
from injector.rendering.template.model import Lacking, Refer, Rendered, Snapshot, Source
from injector.rendering.template.reading import Reading
from injector.rendering.template.scan import Tag, line_and_column, line_at, tags
from injector.rendering.template.values import Marker
from injector.secret import Ref

if TYPE_CHECKING:
    from injector.rendering.template.uses import Use

_UNFINISHED = "end of (?:input|raw|comment)|identifier, expected end of|unknown statement end"
# Called at every tag while an error is located.
_MARK = "__line__"


def compile(  # noqa: A001 - what every template engine calls it
    source: Source, names: Mapping[str, Ref], environ: Mapping[str, str], refer: Refer
) -> "JinjaTemplate":
    """Check a template and find out what it needs.

    `names` are the named secrets; `refer` names those that it calls by their path. Raises
    RenderError with template:line for what fails regardless of the values.
    """
    try:
        engine = environment(
            source.left_delimiter, source.right_delimiter, source.error_on_missing_key
        )
        found = _tags(source)
        if (deep := too_deep(found)) is not None:
            raise _at(source, *deep)
        wrong = fault(found, engine, source.text, names)
    except minijinja.TemplateError as error:
        raise (
            _misread(source)
            or _unclosed(error, source)
            or source.fault(RenderError(syntax(error)), *_spot(error, source.text))
        ) from None
    if wrong:
        tag, word, why = wrong
        raise _misread(source) or _at(source, tag, why, word)
    mentioned = {name for tag in found for name in mentions.names(tag)}
    template = JinjaTemplate(
        source, engine, {name: names[name] for name in mentioned if name in names}, environ, refer
    )
    if "secret" in mentioned or "env" in mentioned:
        template.look_ahead(found)
    return template


class JinjaTemplate:
    """A template that renders snapshots.

    `refs` is what it may read, as far as known before any request: the named secrets it mentions,
    literal calls of `secret`, and those that a rendering without any secrets reaches.
    """

    def __init__(
        self,
        source: Source,
        engine: minijinja.Environment,
        names: Mapping[str, Ref],
        environ: Mapping[str, str],
        refer: Refer,
    ) -> None:
        self.refs = frozenset(names.values())
        self.files: frozenset[str] = frozenset()
        self._source = source
        self._engine = engine
        self._names = names
        self._env = env_function(environ)
        self._refer = refer
        self._is_open = True

    def render(self, snapshot: Snapshot) -> Rendered[bytes] | Lacking:
        """Return the content, or every missing secret as far as known now.

        Raises MissingError for a key that a secret does not have, otherwise RenderError, both with
        template:line and without any value.
        """
        reading = Reading(self._is_open)
        text, error = self._run(self._source.text, snapshot, reading)
        if reading.lacking:  # any other failure may come from a marker
            return Lacking(frozenset(reading.lacking))
        if error is None and not reading.misprint:
            return Rendered(text.encode(), frozenset(reading.used))
        raise self._explained(error, snapshot, reading)

    def place(self, line: int) -> str:
        return self._source.place(line)

    def uses(self) -> "list[Use]":
        """Return every place that uses a secret, and which one, as far as known."""
        from injector.rendering.template.uses import uses  # only needed for reports

        reading = Reading(self._is_open)
        self._run("".join(_with_line_marks(self._source)), {}, reading)
        return uses(
            self._source.text,
            _tags(self._source),
            self._names,
            at_line=reading.asked,
            evaluate=self._asked_alone,
        )

    def look_ahead(self, tags: Sequence[Tag]) -> None:
        """Find the calls that depend on no secret, and the errors that no secret can prevent."""
        self._is_open = all(mentions.is_open(tag) for tag in tags)
        for tag in tags:
            self.refs |= frozenset(self._literal_calls(tag))
        reading = Reading(self._is_open)
        _, error = self._run(self._source.text, {}, reading)
        if isinstance(error, RenderError) and not reading.leaked:
            raise self._explained(error, {}, reading)
        self.refs |= reading.lacking

    def _run(self, text: str, snapshot: Snapshot, reading: Reading) -> tuple[str, Exception | None]:
        context: dict[str, Any] = {}
        for name, ref in self._names.items():
            if ref in snapshot:
                reading.used.add(ref)
                context[name] = content_of(snapshot[ref], f"secret {name!r} ({ref})", reading)
            else:
                reading.lacking.add(ref)
                context[name] = Marker(reading)
        context["secret"] = secret_function(snapshot, self.refs, reading, self._refer)
        context["env"] = self._env
        context[_MARK] = reading.at_line
        try:
            with budget.of_a_rendering():
                return self._engine.render_str(text, self._source.name, **context), None
        except Exception as error:  # noqa: BLE001 - whatever the engine lets through, `explain` sorts
            return "", error

    def _literal_calls(self, tag: Tag) -> list[Ref]:
        """Let the engine evaluate the literals: it knows best what they mean."""
        refs: list[Ref] = []

        def secret(path: Any = None, params: Any = None, /, **more: Any) -> None:
            refs.append(ref_of(path, params, more, self._refer))

        for call in mentions.literal_calls(tag):
            try:
                self._engine.eval_expr(call, secret=secret)
            except Exception as error:  # noqa: BLE001 - whatever is no call, `explain` sorts
                raise _at(self._source, tag, str(explain(error, Reading(), call, ()))) from None
        return refs

    def _asked_alone(self, call: str) -> set[Ref | None]:
        reading = Reading()
        secret = secret_function({}, self.refs, reading, self._refer)
        with suppress(Exception):  # whatever is wrong with it, `compile` has said
            self._engine.eval_expr(call, secret=secret, env=self._env)
        return reading.asked[0]

    def _explained(
        self, error: Exception | None, snapshot: Snapshot, reading: Reading
    ) -> InjectorError:
        source = self._source
        quotable = {word for tag in _tags(source) for word in mentions.spelled_out(tag)}
        why = explain(error, reading, source.text, quotable)
        if isinstance(error, minijinja.TemplateError) and error.line and not reading.misprint:
            return source.fault(why, *_spot(error, source.text))
        return source.fault(why, self._line_of_error(snapshot))

    def _line_of_error(self, snapshot: Snapshot) -> int:
        """Render once more, recording the line at every tag.

        The engine does not say where one of our functions or filters has failed.
        """
        reading = Reading(self._is_open)
        self._run("".join(_with_line_marks(self._source)), snapshot, reading)
        return reading.misprinted_at or reading.line or 1


def _tags(source: Source) -> Sequence[Tag]:
    return tuple(tags(source.text, source.left_delimiter, source.right_delimiter))


def _with_line_marks(source: Source) -> Iterator[str]:
    position = 0
    for tag in _tags(source):
        yield source.text[position : tag.start]
        line = line_at(source.text, tag.start)
        yield f"{source.left_delimiter} {_MARK}({line}) {source.right_delimiter}"
        position = tag.start
    yield source.text[position:]


def _misread(source: Source) -> RenderError | None:
    """Return the error for a template in another language."""
    from injector.rendering.template import foreign  # only when something is wrong

    place = foreign.go(source.text, source.left_delimiter)
    if place is None:
        return None
    start, width = place
    return source.fault(RenderError(foreign.SAID), *line_and_column(source.text, start), width)


def _unclosed(error: minijinja.TemplateError, source: Source) -> RenderError | None:
    """Return the error for what is opened and never closed, where it was opened."""
    from injector.rendering.template.unclosed import unclosed  # only when something is wrong

    if not re.search(_UNFINISHED, error.detail or ""):
        return None
    found = unclosed(source.text, source.left_delimiter, source.right_delimiter)
    if found is None:
        return None
    start, width, said = found
    return source.fault(RenderError(said), *line_and_column(source.text, start), width)


def _at(source: Source, tag: Tag, why: str, word: str = "") -> RenderError:
    start = tag.start
    if word and (found := re.compile(rf"\b{re.escape(word)}\b").search(source.text, start)):
        start = found.start()
    width = len(word) or len(source.left_delimiter)
    return source.fault(RenderError(why), *line_and_column(source.text, start), width)


def _spot(error: minijinja.TemplateError, text: str) -> tuple[int, int, int]:
    """Return line, column and width of what the engine complains about; its range counts bytes."""
    if error.range is None:
        return error.line or 1, 0, 1
    encoded = text.encode()
    start, end = (len(encoded[:at].decode(errors="replace")) for at in error.range)
    return *line_and_column(text, start), max(len(text[start:end].partition("\n")[0]), 1)
