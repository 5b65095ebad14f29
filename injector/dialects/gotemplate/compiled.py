"""A compiled Go template: the secrets it needs, and its text for a snapshot of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from injector.dialects.gotemplate.catalogue import CATALOGUE, LOCAL, PER_RENDERING, REFUSED
from injector.dialects.gotemplate.explain import explained, misspelled, shown
from injector.dialects.gotemplate.functions.secrets import Secrets
from injector.dialects.gotemplate.go.faults import ExecutionFault, SyntaxFault
from injector.dialects.gotemplate.go.limits import Progress
from injector.dialects.gotemplate.go.values import bytes_of
from injector.dialects.gotemplate.mentions import TRUST_AUTHORS, names, spelled_arguments
from injector.dialects.gotemplate.model import Surroundings
from injector.dialects.gotemplate.run.expressions import Function
from injector.dialects.gotemplate.run.statements import Execution
from injector.dialects.gotemplate.syntax.lexer import tokens
from injector.dialects.gotemplate.syntax.nodes import Tree
from injector.dialects.gotemplate.syntax.parser import parsed
from injector.rendering.template import dialect
from injector.rendering.template.dialect import Contents, ExtraFile
from injector.rendering.template.model import Lacking, Rendered, Snapshot, Source
from injector.secret import Ref

if TYPE_CHECKING:
    from injector.rendering.template.uses import Use


def compile(  # noqa: A001 - what every template engine calls it
    source: Source, names: Mapping[str, Ref], surroundings: Surroundings
) -> "GoTemplate":
    """Check a template and find out what it needs; `names` are the named secrets.

    Raises RenderError with template:line for what fails regardless of the values.
    """
    try:
        found = tokens(source.text, source.left_delimiter, source.right_delimiter)
        denied = dict.fromkeys(surroundings.denied, "it is in `function_denylist`")
        tree = parsed(source.text, found, CATALOGUE, REFUSED | denied if denied else REFUSED)
    except SyntaxFault as fault:
        raise misspelled(source, fault.line, shown(fault.why), CATALOGUE) from None
    template = GoTemplate(source, tree, frozenset(names.values()), surroundings)
    template.look_ahead()
    return template


def compile_here(
    source: Source, names: Mapping[str, Ref], surroundings: dialect.Surroundings
) -> "GoTemplate":
    """Compile a template that may use this machine's addresses, too."""
    return compile(source, names, Surroundings.here(surroundings))


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution: its text or its error, and what it has used."""

    text: str
    fault: ExecutionFault | None
    secrets: Secrets
    read: frozenset[str] = frozenset()
    written: tuple[ExtraFile, ...] = ()


class GoTemplate:
    """A template that renders snapshots.

    `refs` are the secrets and `files` the files that it reads, unless they depend on a secret.
    """

    def __init__(
        self, source: Source, tree: Tree, named: frozenset[Ref], surroundings: Surroundings
    ) -> None:
        called = names(tree)
        self.refs: frozenset[Ref] = frozenset()
        self.files: frozenset[str] = frozenset()
        self.writes_files = "writeToFile" in called
        self._source = source
        self._tree = tree
        self._named = named
        self._surroundings = surroundings
        self._spelled = spelled_arguments(tree) if called & TRUST_AUTHORS else frozenset()
        # Functions that are the same in every rendering.
        self._functions: dict[str, Function] = {
            name: CATALOGUE[name] for name in called - PER_RENDERING
        }
        self._is_local = bool(called & LOCAL)

    def place(self, line: int) -> str:
        return self._source.place(line)

    def render(self, snapshot: Snapshot) -> Rendered[bytes] | Lacking:
        """Return the content, or all missing secrets that can be determined now.

        Raises MissingError for a key that a secret does not have, otherwise RenderError, both with
        template:line:column and without any value.
        """
        rendered = self.render_files(snapshot)
        if isinstance(rendered, Lacking):
            return rendered
        return Rendered(rendered.content.main, rendered.used)

    def render_files(self, snapshot: Snapshot) -> Rendered[Contents] | Lacking:
        """Return the files of `writeToFile` as well."""
        executed = self._execute(snapshot)
        if executed.secrets.lacking:
            return Lacking(frozenset(executed.secrets.lacking))
        if executed.fault is not None:
            raise explained(self._source, executed.fault, executed.secrets.path_of)
        contents = Contents(bytes_of(executed.text), executed.written)
        return Rendered(contents, frozenset(executed.secrets.used))

    def uses(self) -> "list[Use]":
        """Return every place that requests a secret, with the secret if it is known."""
        from injector.dialects.gotemplate.uses import uses  # only needed for reports

        return uses(self._tree, self._named, self._execute({}).secrets.asked)

    def look_ahead(self) -> None:
        """Find the secrets that do not depend on others, and the errors that occur in any case."""
        executed = self._execute({}, files_may_come=True)
        if executed.fault is not None:
            raise explained(self._source, executed.fault, executed.secrets.path_of)
        self.refs = frozenset(executed.secrets.lacking)
        self.files = executed.read

    def _execute(self, snapshot: Snapshot, *, files_may_come: bool = False) -> Executed:
        """Execute once; an error is part of the result."""
        progress = Progress()
        secrets = Secrets(snapshot, self._named, progress)
        functions = self._functions | secrets.functions()
        execution = Execution(
            self._tree,
            functions,
            progress,
            missing_is_error=self._source.error_on_missing_key,
        )
        local = None
        if self._is_local:
            from injector.dialects.gotemplate.functions.local import Local  # most do not need it

            local = Local(
                execution, self._surroundings, self._spelled, files_may_come=files_may_come
            )
            functions |= local.functions
        text, fault = "", None
        try:
            text = execution.run()
        except ExecutionFault as error:
            fault = error
        if local is None:
            return Executed(text, fault, secrets)
        return Executed(text, fault, secrets, local.read, local.written)
