"""What the documents say is what the program does."""

import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, walk_packages

import grimp
import pytest
from prometheus_client import ProcessCollector

import injector
from injector.base import errors
from injector.base.metrics import Metrics
from injector.cli import COMMANDS, INTERNAL_ERROR
from injector.config import load

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "config/**/*.md",
        "benchmarks/**/*.md",
        ".github/**/*.md",
    )
    for page in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text("utf-8")
# A YAML block that begins with this comment is a complete configuration.
CONFIGURATION = re.compile(r"^```ya?ml\n(# injector\.yaml.*?)^```", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """Return the cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def marked(text: str, name: str) -> str:
    """Return what stands between `<!-- name -->` and `<!-- end -->`."""
    found = re.search(f"<!-- {name} -->(.*?)<!-- end -->", text, re.DOTALL)
    assert found, f"no <!-- {name} -->"
    return found[1]


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- metrics -----------------------------------------------------------------------------------


# What prometheus-client measures of any process.
OF_PROCESS = {
    sample.name
    for family in ProcessCollector("injector", registry=None).collect()
    for sample in family.samples
}


def test_every_metric_has_a_row_with_its_labels_and_no_row_is_made_up():
    documented = {
        next(iter(codes(cells[0]))): codes(cells[2])
        for cells in rows(page("metrics.md"))
        if cells[0].startswith("`injector_")
    }

    real = {metric.name: set(getattr(metric, "labels", ())) for metric in Metrics().all()}
    others = {"injector_build_info": {"version"}, **{name: set[str]() for name in OF_PROCESS}}
    assert documented == real | others


def test_alerts_name_real_metrics():
    names = {metric.name for metric in Metrics().all()} | {"injector_build_info"} | OF_PROCESS

    used = set(re.findall(r"\binjector_[a-z_]+", page("metrics.md")))

    assert {name.removesuffix("_bucket") for name in used} == names


# --- exit codes and commands -------------------------------------------------------------------


def error_classes() -> list[type[errors.InjectorError]]:
    return [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.InjectorError)
    ]


def test_the_table_of_exit_codes_is_the_error_tree():
    table = {
        int(cells[0].strip("`")): cells[1].strip("`")
        for cells in rows(page("operations.md"))
        if re.fullmatch(r"`\d+`", cells[0])
    }

    assert table == {0: ""} | {kind.exit_code: kind.label for kind in error_classes()}
    assert table[INTERNAL_ERROR] == "internal"


def test_the_rules_beyond_the_table_are_there():
    text = page("operations.md")

    assert "| 128+n |" in text
    assert "exit code of a supervised command is passed through" in text


def test_the_readme_names_every_exit_code():
    line = next(line for line in README.splitlines() if line.startswith("`injector once` ends"))

    named = {int(code) for code in codes(line) if code.isdigit()}
    assert named == {0} | {kind.exit_code for kind in error_classes()}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command):
    assert f"| `injector {command}" in page("operations.md")


# --- architecture ------------------------------------------------------------------------------


def test_the_layers_are_those_that_are_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")

    block = re.search(r"<!-- layers -->\n```\n(.*?)```", page("architecture.md"), re.DOTALL)

    assert block
    assert block[1].splitlines() == layers


def test_no_module_imports_what_imports_it():
    """Not even inside a function or for its types: who reads one need not read the other."""
    program = grimp.build_graph("injector")
    try:
        TopologicalSorter(
            {name: program.find_modules_directly_imported_by(name) for name in program.modules}
        ).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


def packages() -> list[str]:
    """Return every package of the program, by its name."""
    found = walk_packages(injector.__path__, "injector.")
    return [module.name for module in found if module.ispkg]


@pytest.mark.parametrize("package", packages())
def test_the_docstring_of_a_package_names_its_modules(package):
    module = import_module(package)
    named = set(codes(module.__doc__ or ""))

    there = {found.name for found in iter_modules(module.__path__) if found.name[0] != "_"}
    there -= set(COMMANDS) if package == "injector.cli" else set()  # `injector --help` has those
    assert there - named == set(), f"say in {package}'s docstring what they are for"


def test_the_tree_is_drawn_as_it_is():
    drawn = re.findall(r"^[├└]── (\w+)", page("architecture.md"), re.MULTILINE)

    there = {found.name for found in iter_modules(injector.__path__)} - {"__main__"}
    assert set(drawn) == there | {"dialects"}


def test_modules_that_are_named_exist():
    """`delivery.notifier` is a module, `secret.next_step` something in one."""
    top = {module.name for module in iter_modules(injector.__path__)}
    named = [name for name in codes(page("architecture.md")) if "." in name]
    assert len(named) > 5
    for name in named:
        package, dot, rest = name.partition(".")
        if not dot or package not in top or not re.fullmatch(r"[\w.]+", rest):
            continue
        module = import_module(f"injector.{package}")
        for part in rest.split("."):
            if not hasattr(module, part):
                module = import_module(f"{module.__name__}.{part}")
            else:
                module = getattr(module, part)


# --- configurations, links, index, version -----------------------------------------------------

EXAMPLES = [
    pytest.param(block, id=f"{relative(path)}-{number}")
    for path in PAGES
    for number, block in enumerate(CONFIGURATION.findall(path.read_text("utf-8")), start=1)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_configuration_loads_without_a_warning(tmp_path, example):
    path = tmp_path / "injector.yaml"
    path.write_text(example, "utf-8")

    loaded = load(str(path), {"SECRETS": "/dev/shm/made-by-mktemp"})

    assert loaded.warnings == ()


def test_the_readme_has_a_configuration_for_each_mode():
    assert len(CONFIGURATION.findall(README)) == 3


def anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


LINKS = [
    pytest.param(path, target, id=f"{relative(path)} → {target}")
    for path in PAGES
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8"))
    if not re.match(r"[a-z]+:", target)
]


@pytest.mark.parametrize(("path", "target"), LINKS)
def test_every_link_leads_somewhere(path, target):
    file, _, anchor = target.partition("#")
    goal = (path.parent / file) if file else path

    assert goal.exists()
    if anchor:
        assert anchor in anchors(goal)


def test_every_rule_of_the_guidance_links_to_a_page_or_a_feature():
    rules = [cells for cells in rows(page("guidance.md")) if cells[0] != "the rule"]

    assert len(rules) == 14
    for rule, here in rules:
        assert "](" in here, rule


def test_the_index_has_every_page():
    text = page("README.md")

    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name != "README.md":
            assert f"]({path.name})" in text, f"docs/README.md does not mention {path.name}"


def test_the_changelog_is_about_this_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")

    newest = re.search(r"^## \[(\d[^]]*)\]", text, re.MULTILINE)

    assert newest
    assert newest[1] == injector.__version__
