"""The catalogue of functions, the modules and the documentation agree."""

from importlib import import_module
from pathlib import Path

import pytest

from injector.base.errors import RenderError
from injector.dialects.gotemplate import Surroundings, catalogue
from injector.dialects.gotemplate.catalogue import CATALOGUE, FAMILIES, PER_RENDERING, REFUSED
from tests.dialects.gotemplate.render import template
from tools.docs.go_templates import renewed

PAGE = Path("docs/go-templates.md")
MODULES = [name for name in FAMILIES if not PER_RENDERING.intersection(FAMILIES[name])]


@pytest.mark.parametrize("family", MODULES)
def test_a_module_has_the_functions_that_the_catalogue_lists(family):
    module = import_module(f"{catalogue.__package__}.functions.{family}")

    assert set(module.FUNCTIONS) == set(FAMILIES[family])


def test_the_documentation_lists_every_function_and_every_refusal():
    page = PAGE.read_text("utf-8")

    assert renewed(page) == page, "run: python -m tools.docs"
    for name in (*CATALOGUE, *PER_RENDERING, *REFUSED):
        assert f"`{name}`" in page


def test_unsupported_functions_are_rejected_with_the_reason():
    assert not REFUSED.keys() & {*CATALOGUE, *PER_RENDERING}
    for name, reason in REFUSED.items():
        with pytest.raises(RenderError) as error:
            template(f"a\n{{{{ {name} }}}}")
        assert str(error.value) == f't.tpl:2: function "{name}" is not supported: {reason}'


def test_a_function_can_be_denied():
    with pytest.raises(
        RenderError, match='1: function "env" is not supported: it is in `function_'
    ):
        template("{{ env `A` }}", surroundings=Surroundings(denied=("env",)))
