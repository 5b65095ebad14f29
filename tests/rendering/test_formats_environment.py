"""dotenv, shell and github-env: what their readers give back is what Vault had."""

import re
import shutil
import string
import subprocess
import tempfile

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from injector.base.errors import RenderError
from injector.rendering.formats import dotenv_value, github_masks, render, shell_value

AWKWARD = st.sampled_from(
    [*"\n\r\t '\"\\$`#={}()!&;:~%_aK\u017f\u212a\0\ud800\x85\u2028é", "😀", "${A}", "\\'"]
)
TEXT = st.lists(AWKWARD | st.characters(), max_size=12).map("".join)
NAMES = st.text(string.ascii_letters + string.digits + "_", max_size=8).map("V_".__add__)
SECRETS = st.dictionaries(NAMES, TEXT, max_size=30)
MODEST = settings(max_examples=100, deadline=None)


def carried(format_name, secret):
    """The part of a secret that a format does not refuse."""
    return {key: value for key, value in secret.items() if is_carried(format_name, key, value)}


def is_carried(format_name, key, value):
    try:
        render(format_name, {key: value})
    except RenderError:
        return False
    return True


# --- readers -------------------------------------------------------------------------------------


def read_by_python_dotenv(content):
    with tempfile.NamedTemporaryFile(suffix=".env") as file:
        file.write(content)
        file.flush()
        return dotenv_values(file.name)


def read_by_compose(content):
    """A reference reader, not the program: compose's rules for quoted values in env files.

    Written from its documentation ("Syntax for environment files in Docker Compose") and the
    behavior of its Go parser, without octal escapes. Every variable of an interpolation is unset.
    """
    text, values = content.decode(), {}
    while text := text.lstrip():
        name, text = text.split("=", 1)
        quote, position, value = text[0], 1, ""
        assert quote in "'\"", "only quoted values are written"
        while text[position] != quote:
            escape = text[position] == "\\"
            pair = text[position : position + 1 + escape]
            value += quote if pair == "\\" + quote else pair
            position += len(pair)
        values[name] = value if quote == "'" else interpolated(unescaped(value))
        text = text[position + 1 :]
        assert text.startswith("\n"), "nothing follows a closing quote"
    return values


def unescaped(text):
    meaning = dict(zip('abfnrtv"\\', '\a\b\f\n\r\t\v"\\', strict=True)) | {"$": "$$"}
    return re.sub(r'\\([abfnrtv$"\\])', lambda match: meaning[match[1]], text)


def interpolated(text):
    # Python's case-insensitive [a-z] matches the long s and the Kelvin sign, as Go's does.
    pattern = r"\$(?:(?P<dollar>\$)|(?P<name>[_a-z][_a-z0-9]*)|(?P<braced>\{))"

    def replaced(match):
        assert not match["braced"], "an interpolation, or an error"
        return match["dollar"] or ""

    return re.sub(pattern, replaced, text, flags=re.IGNORECASE)


def read_by_shell(shell, content):
    """What a program sees that is started by a shell which sourced the file."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        script = f". {file.name} && exec {shutil.which('env')} -0"
        output = subprocess.run([shell, "-c", script], env={}, capture_output=True, check=True)
    assert output.stderr == b""
    pairs = (entry.split(b"=", 1) for entry in output.stdout.split(b"\0") if entry)
    return {
        name.decode(): value.decode()
        for name, value in pairs
        if name not in (b"PWD", b"_", b"SHLVL")
    }


def read_by_runner(content):
    """A reference reader, not the program: how the Actions runner reads $GITHUB_ENV on Linux."""
    lines, values = iter(content.decode().split("\n")), {}
    for line in lines:
        if line:
            name, end = line.split("<<", 1)
            values[name] = "\n".join(iter(lambda: next(lines), end))
    return values


SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
READERS = [
    pytest.param("dotenv", read_by_python_dotenv, id="python-dotenv"),
    pytest.param("dotenv", read_by_compose, id="compose"),
    pytest.param("github-env", read_by_runner, id="runner"),
    *[
        pytest.param("shell", lambda content, shell=shell: read_by_shell(shell, content), id=shell)
        for shell in SHELLS
    ],
]
# Whatever a shell, a parser or an editor might read differently.
VALUES = [
    *("line\nline", "line\r\nline\r\n", "'", '"', 'it\'s "both"', "\\", "a\\b", "$(id)", "`id`"),
    *("a#b", "a #b", "# a", "=", "a=b", "😀", " in front", "behind ", "", "~", "*", "a;b", "%s"),
    *(
        "-----BEGIN KEY-----\nMIIE+/=\n-----END KEY-----\n",
        "p$1",
        "cost$",
        "$HOME",
        "it's $HOME",
        "it's $\u212a",
    ),
]


@pytest.mark.parametrize(("format_name", "read"), READERS)
def test_every_usual_value_is_read_back(format_name, read):
    secret = {f"V_{number}": value for number, value in enumerate(VALUES)}

    assert read(render(format_name, secret)) == secret


@pytest.mark.parametrize(("format_name", "read"), READERS[:3])
@MODEST
@given(secret=SECRETS)
def test_any_value_is_read_back_or_refused(format_name, read, secret):
    secret = carried(format_name, secret)

    assert read(render(format_name, secret)) == secret


@pytest.mark.parametrize(("format_name", "read"), READERS[3:])
@settings(max_examples=25, deadline=None)
@given(secret=SECRETS)
def test_any_value_is_read_back_from_a_real_shell(format_name, read, secret):
    secret = carried(format_name, secret)

    assert read(render(format_name, secret)) == secret


@pytest.mark.parametrize("format_name", ["dotenv", "shell", "github-env"])
@MODEST
@given(key=TEXT | NAMES)
@example("a-b")
@example("1x")
@example("a.b")
@example("schlüssel")
@example("A\n")
@example("")
def test_a_key_is_a_variable_or_refused_by_name(format_name, key):
    legal = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) and (format_name, key) != ("shell", "_")

    if legal:
        assert key in render(format_name, {key: "x"}).decode()
    else:
        with pytest.raises(RenderError, match=re.escape(f"format {format_name}: key {key!r}: ")):
            render(format_name, {key: "x"})


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
@pytest.mark.parametrize("format_name", ["dotenv", "shell", "github-env"])
def test_what_no_environment_can_hold_is_rejected(format_name, value):
    with pytest.raises(RenderError, match=rf"format {format_name}: key 'A': .*base64"):
        render(format_name, {"A": value})


@pytest.mark.parametrize("value", ["a${HOME}b", "${X:-y}", "\\\\host\\share$x", "$x\r\n", "$x\\"])
def test_dotenv_refuses_what_its_two_readers_read_differently(value):
    with pytest.raises(RenderError, match=r"format dotenv: key 'A': .*use `format: shell`"):
        render("dotenv", {"A": value})


def test_dotenv_prefers_the_spelling_that_most_readers_know():
    assert dotenv_value("plain") == "'plain'"
    assert dotenv_value("it's") == '"it\'s"'
    assert dotenv_value("it's $x") == r"'it\'s $x'"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_own_variables_are_rejected(shell):
    own = subprocess.run(["bash", "-c", "compgen -v"], capture_output=True, text=True, check=True)
    names = {*own.stdout.split(), "RANDOM", "SECONDS", "LINENO", "OPTIND", "UID", "EUID"} - {
        "SHLVL",
        "PWD",
    }

    for name in names:
        if is_carried("shell", name, "x"):
            assert read_by_shell(shell, render("shell", {name: "x"})).get(name) == "x", name


def test_shell_value_is_one_word():
    assert shell_value("a b") == "'a b'"
    assert shell_value("") == "''"


# --- github-env ----------------------------------------------------------------------------------


def test_a_value_cannot_end_its_own_here_document():
    first = render("github-env", {"A": "x"}).decode().splitlines()[-1]
    hostile = f"x\n{first}\nPATH=/evil"

    assert read_by_runner(render("github-env", {"A": hostile})) == {"A": hostile}


@pytest.mark.parametrize("key", ["NODE_OPTIONS", "node_options", "GITHUB_SHA", "RUNNER_TEMP"])
def test_the_runners_own_variables_are_rejected(key):
    with pytest.raises(RenderError, match=f"key '{key}': the runner reserves that name"):
        render("github-env", {key: "x"})


def test_the_same_secret_makes_the_same_file():
    assert render("github-env", {"A": "1", "B": "2"}) == render("github-env", {"B": "2", "A": "1"})


def test_masks_cover_the_value_and_each_of_its_lines():
    assert github_masks({"A": "one\r\n  two: 100%\n\n"}) == [
        "::add-mask::one%0D%0A  two: 100%25%0A%0A",
        "::add-mask::one",
        "::add-mask::two: 100%25",
    ]


def test_masks_cover_numbers_and_what_is_nested():
    assert github_masks({"B": {"inner": ["deep\n"]}, "A": 123456}) == [
        "::add-mask::123456",
        '::add-mask::{"inner":["deep\\n"]}',
        '::add-mask::["deep\\n"]',
        "::add-mask::deep%0A",
        "::add-mask::deep",
    ]


def test_nothing_is_masked_that_would_black_out_the_log():
    assert github_masks({"A": "", "B": " \n ", "C": True, "D": None}) == []


@MODEST
@given(secret=SECRETS)
def test_a_mask_is_one_line_that_the_runner_reads_back(secret):
    for command in github_masks(secret):
        prefix, data = command[:12], command[12:]
        assert prefix == "::add-mask::"
        assert not set("\r\n") & set(data)
        masked = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        assert any(masked in value for value in secret.values())
