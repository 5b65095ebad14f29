"""A configuration in the environment: `env:NAME` in the place of a file's name."""

import base64

import pytest

from injector.base.errors import ConfigError
from injector.config import load
from tests.support.configs import complete

TEXT = complete("log_level: debug\n")


@pytest.mark.parametrize("text", [TEXT, base64.b64encode(TEXT.encode()).decode(), f"\n{TEXT}"])
def test_it_is_read_as_it_is_or_from_its_base64(text):
    loaded = load("env:CONFIG", {"CONFIG": text})

    assert loaded.config.log_level == "debug"
    assert loaded.files == frozenset(), "there is nothing to watch"


@pytest.mark.parametrize("environ", [{}, {"CONFIG": " "}])
def test_one_that_is_not_there_is_named(environ):
    with pytest.raises(ConfigError, match=r"^env:CONFIG: the environment variable CONFIG is not"):
        load("env:CONFIG", environ)


def test_a_problem_is_shown_with_its_line():
    with pytest.raises(ConfigError, match=r"^env:CONFIG:1:1: unknown key 'log_levl'; did you"):
        load("env:CONFIG", {"CONFIG": TEXT.replace("log_level", "log_levl")})
