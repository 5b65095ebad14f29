"""The agents' command line, as people type it."""

import argparse
import re
from pathlib import Path

import pytest

from injector import cli
from injector.dialects.vault_agent.flags import NOT_TAKEN, add_flags


@pytest.mark.parametrize("flag", ["-h", "-help", "--help"])
def test_help_flags_are_those_of_go(flag, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["agent", flag])

    assert ended.value.code == 0
    assert "-exit-after-auth" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["", "=x"])
@pytest.mark.parametrize("name", NOT_TAKEN)
def test_an_unsupported_flag_is_rejected_with_the_reason(name, value, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["agent", f"-{name}{value}", "-config=agent.hcl"])

    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument -{name}/--{name}: {NOT_TAKEN[name]}\n")


def test_the_page_names_every_flag():
    parser = argparse.ArgumentParser(add_help=False)
    add_flags(parser)
    page = Path("docs/vault-agent.md").read_text("utf-8")

    flags = re.findall(r"\[(-[a-z-]+)", parser.format_usage())
    assert len(flags) > 10
    for flag in [*flags, *(f"-{name}" for name in NOT_TAKEN)]:
        assert f"`{flag}`" in page
