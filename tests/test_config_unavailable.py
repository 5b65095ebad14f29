"""Keys whose engine does not exist yet."""

import pytest

from injector.config import model
from injector.config.introspect import blocks
from injector.config.unavailable import UNAVAILABLE, Row
from tests.configs import load_text, problems

GO = Row("template[].language", "go", "Go is not yet available; use language: jinja")


def test_a_key_with_a_row_is_refused_whatever_its_value(tmp_path):
    text = "secrets: {app: {path: p, refresh: 5s}}"

    assert problems(tmp_path, text, unavailable=(Row("secrets.*.refresh"),)) == [
        "1: secrets.app.refresh: not yet available"
    ]


def test_without_the_row_it_is_available(tmp_path):
    text = "secrets: {app: {path: p, refresh: 5s}}"

    assert load_text(tmp_path, text, unavailable=()).config.secrets["app"].refresh == 5


def test_a_row_may_refuse_one_value_and_name_a_remedy(tmp_path):
    text = "template: [{{contents: x, destination: /run/x, language: {}}}]"

    assert problems(tmp_path, text.format("jinja"), unavailable=(GO,)) == []
    assert problems(tmp_path, text.format("go"), unavailable=(GO,)) == [
        "1: template[0].language: Go is not yet available; use language: jinja"
    ]


def test_a_row_of_templates_holds_for_files_of_bundles(tmp_path):
    text = """
        bundle:
          name: b
          directory: /run/b
          template: [{contents: x, destination: a, language: go}]
    """

    assert problems(tmp_path, text, unavailable=(GO,)) == [
        "4: bundle[0].template[0].language: Go is not yet available; use language: jinja"
    ]


def test_a_refused_key_leads_to_no_further_problem(tmp_path):
    text = "secrets: {app: {path: p}}\ntemplate: {secret: app, format: toml, destination: /run/x}"
    text = text.replace("toml", "json")

    assert problems(tmp_path, text, unavailable=(Row("template[].format", "json"),)) == [
        "2: template[0].format: 'json' is not yet available"
    ]


@pytest.mark.parametrize("row", UNAVAILABLE, ids=lambda row: f"{row.key}={row.value}")
def test_every_row_names_a_key_of_the_model(row):
    keys = {
        f"{key}.{name}".removeprefix(".")
        for key, kind in blocks(model.Config)
        for name in kind.__struct_fields__
    }

    assert row.key in keys
