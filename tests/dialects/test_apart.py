"""The dialects are separate: without them and this directory, all other tests pass."""

import re
from pathlib import Path

DIALECTS = re.compile(r'(from|import) (injector|tests)\.dialects|"language": "go"|agent\.hcl')


def test_no_other_test_needs_them():
    here = Path(__file__).parent
    others = [path for path in here.parent.rglob("*.py") if here not in path.parents]

    assert len(others) > 100
    assert [path.name for path in others if DIALECTS.search(path.read_text("utf-8"))] == []
