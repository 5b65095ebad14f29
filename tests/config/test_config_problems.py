"""All problems of a file in one run, in the order of its lines, each with its key and a remedy."""

import json
import re
from typing import Any

import pytest

from injector.base.errors import ConfigError
from injector.config.introspect import blocks
from tests.support.configs import load_text, problems

KEYS = [f"{key}.{name}".strip(".") for key, kind in blocks() for name in kind.__struct_fields__]
SINGLE = (
    "expected keys with values, got a single value; write {key: value}, or the keys on the lines "
    "below, indented"
)
ODD: list[Any] = [
    *(None, True, -1, 10**400, 0.5, 1e300, ""),
    *("x", "~", "-", "[", "/", "${", "${X}", "a\0b", "\ud7ff", "http://[", "a:b:c", "x" * 10_000),
    *([], [None], [[]], {}, {"": None}, {"a": {"b": 1}}, [{"a": "b"}]),
]


def nested(key: str, value: object) -> Any:
    """Return a configuration with one value: `a[].*.b` is {a: [{name: {b: value}}]}."""
    for step in reversed(re.findall(r"[^.\[\]]+|\[\]", key)):
        value = [value] if step == "[]" else {"name" if step == "*" else step: value}
    return value


def test_all_problems_are_reported_in_one_run_in_order_of_lines(tmp_path):
    found = problems(
        tmp_path,
        """
        vault:
          address: https://vault.example:8200
          timeout: soon
        secrets:
          a-b: {path: secret/data/app}
        template:
          - source: nowhere.j2
            destinaton: /run/a
            perms: 0644
          - contents: x
            destination: run/b
            user: nobody-of-that-name
            notify: [ap]
        notify:
          app: {http: {url: "http://localhost"}}
        """,
    )

    assert found == [
        (
            "3: vault.timeout: expected a duration such as 30s, 5m, 1h30m, 500ms or a number of "
            "seconds, got 'soon'"
        ),
        "5: secrets.a-b: a name consists of letters, digits and '_'; write 'a_b' instead",
        "7: template[0].source: nowhere.j2: no such file",
        "8: template[0]: unknown key 'destinaton'; did you mean 'destination'?",
        (
            "9: template[0].perms: a bare number is refused, because YAML reads 0644 as 420; "
            'write "0644"'
        ),
        "11: template[1].destination: must be absolute; begin it with '/'",
        (
            "12: template[1].user: there is no user 'nobody-of-that-name' on this machine; "
            "a number always works"
        ),
        "13: template[1].notify[0]: 'ap' is not in `notify:`; did you mean 'app'?",
    ]


def test_an_unknown_key_without_a_similar_one_lists_the_valid_ones(tmp_path):
    assert problems(tmp_path, "cache: {file: x}") == [
        "1: cache: unknown key 'file'; expected one of: persist"
    ]


def test_a_misspelt_key_is_not_also_missing(tmp_path):
    assert problems(tmp_path, "secrets: {app: {pth: secret/data/app}}") == [
        "1: secrets.app: unknown key 'pth'; did you mean 'path'?"
    ]


def test_a_missing_key_is_shown_at_its_block(tmp_path):
    assert problems(tmp_path, "log_level: info\nsecrets:\n  app:\n    optional: true\n") == [
        "3: secrets.app.path: is required"
    ]


def test_an_unreadable_value_causes_no_further_problem(tmp_path):
    assert problems(
        tmp_path,
        """
        template:
          - contents: [x]
            destination: 5
            notify: {}
        """,
    ) == [
        "2: template[0].contents: expected a single value, got a list",
        '3: template[0].destination: expected a string, got a number; write it in quotes: "5"',
        "4: template[0].notify[0]: expected a single value, got keys with values",
    ]


def test_an_entry_that_is_not_a_block_causes_no_further_problem(tmp_path):
    assert problems(tmp_path, "template: [/run/a]\nnotify: {app: HUP}") == [
        f"1: template[0]: {SINGLE}",
        f"2: notify.app: {SINGLE}",
    ]


def test_a_long_value_is_truncated(tmp_path):
    assert problems(tmp_path, f"log_level: {'x' * 100}")[0].startswith(
        f"1: log_level: unknown value '{'x' * 60}…'; "
    )


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_any_value_of_any_key_is_valid_or_a_problem(tmp_path, value):
    for key in KEYS:
        ((block, inside),) = nested(key, value).items()
        text = f"{block}: {json.dumps(inside)}"
        try:
            load_text(tmp_path, text)
        except ConfigError as error:
            assert error.problems  # noqa: PT017 - what matters is that nothing else is raised
