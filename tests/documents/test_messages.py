"""Every error and every loud event has its words in a document, and says what to do."""

import re

import pytest

from tests.documents.test_documents import codes, marked, page, rows
from tools.docs.messages import (
    advice,
    error_classes,
    messages,
    renewed,
    sentences,
    unexplained,
    warnings,
)

# What only passes on the words of others, which are in the list themselves.
PASSED_ON = {
    "engine/auth/cert: AuthError(str(exc))",
    "cli/inject: ConfigError(*refused)",
    "config/blockfile: ConfigError(*document.shown(problems))",
    "config/listening: ConfigError(*document.shown(walk.problems))",
    "config/document: ConfigError(*(problem.within(file, lines) for problem in problems))",
    "config/document: ConfigError(Problem(line, (), said).within(file, lines_of(text)))",
    "config: ConfigError(*outside, *document.shown(problems), *hints(path))",
    "targets/files/bundle: WriteError('\\n'.join(foreign))",
    "targets/files/swap: WriteError('\\n'.join(foreign))",
    "engine/handover/file: ConfigError(str(error))",
    "engine/handover/file: ConfigError(str(explain.failure('use', self.path, error)))",
    "targets/notify/signal: HookError('; '.join(problems))",
    "rendering/template/compiled: RenderError(said)",
    "rendering/template/compiled: RenderError(why)",
    "rendering/template/explain: RenderError(reading.misprint)",
    "rendering/template/printing: RenderError(value._why)",
    "sources/vault/adapter: Stale(message, undone=undone)",
    (
        "sources/vault/adapter: "
        "TransientError(message, retry_after=_seconds(retry_after), undone=undone)"
    ),
    "sources/vault/adapter: Unreachable(message, undone=undone)",
}
# Words by which a message says what to do.
REMEDY = re.compile(
    r"\b(add|ask|call|check|choose|correct|create|declare|did you mean|do you|drop|end|find|free"
    r"|give|has it|install|is (it|there|`)|issue|let|look|make|mount|move|name|provide|put|raise"
    r"|remove|rename|renew|report|run|say|set|share|store|the token's policy has to allow|stop"
    r"|try again|unseal|use|wrap|write)\b"
)


def test_the_message_of_every_error_can_be_read_from_the_source():
    assert set(unexplained()) == PASSED_ON


def test_the_page_has_every_message_and_none_that_is_gone():
    text = page("errors.md")

    assert renewed(text) == text, "run: python -m tools.docs"


@pytest.mark.parametrize("kind", [*sorted(set(error_classes().values())), "Vault"])
def test_every_class_has_its_table_and_every_message_says_what_to_do(kind):
    table = dict(advice(marked(page("errors.md"), f"messages: {kind}")))

    head = 2 if table else 0
    assert len(table) == len(messages()[kind]) + head
    mute = [shape for shape, what in table.items() if not what and not REMEDY.search(shape)]
    assert mute == []


def test_the_reader_of_the_source_sees_what_is_there():
    """A few of each kind, so that a reader that finds nothing is noticed."""
    found = messages()

    assert "… is empty: put the … into it" in found["AuthError"]  # an f-string
    assert (
        "a map cannot be printed; name a key in it, or use `tojson`" in found["RenderError"]
    )  # a name
    assert any(text.startswith("… does not handle …") for text in found["HookError"])  # a function
    assert any("`sizeLimit`" in text for text in found["WriteError"])  # a constant's values
    assert "permission denied" in found["Vault"]
    assert len(sentences("config")) > 100
    assert {kind for kind in error_classes() if kind.endswith("Error")} >= {"UnusableError"} or (
        "UnusablePair" in error_classes()
    )


def test_every_loud_event_is_in_the_table_of_events():
    documented = {
        event
        for cells in rows(page("operations.md").split("## Log events")[1])
        for event in codes(cells[0])
    }

    missing = {
        shape
        for shape in warnings()
        if not any(re.fullmatch(re.escape(shape).replace("…", ".+"), e) for e in documented)
    }
    assert missing == set()
