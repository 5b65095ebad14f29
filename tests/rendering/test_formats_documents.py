"""json, yaml, properties, ini, netrc, pgpass: what their readers give back is what Vault had."""

import configparser
import json
import netrc
import re
import tempfile

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.base.errors import MissingError, RenderError
from injector.rendering.formats import render

AWKWARD = st.sampled_from(
    [*"\n\r\t\f\v\x1c '\"\\$#;=:![]{}%&*|>-?,~yn1e_\0\ud800\x85\xa0\u2028\ufeffÄß", "😀"]
)
TEXT = st.text(AWKWARD | st.characters(), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MODEST = settings(max_examples=200, deadline=None)


def rendered(format_name, data, **options):
    """The file's bytes, or None if the format refuses the data."""
    try:
        return render(format_name, data, **options)
    except RenderError:
        return None


# --- readers -------------------------------------------------------------------------------------


PROPERTY = r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)"


def read_properties(content):
    """A reference reader, not the program: java.util.Properties.load(InputStream)."""
    values = {}
    for line in re.split("[\r\n]", content.decode("latin-1")):
        logical = line.lstrip(" \t\f")
        if logical and logical[0] not in "#!":
            key, value = re.fullmatch(PROPERTY, logical).groups()  # type: ignore[union-attr]
            values[unescape_property(key)] = unescape_property(value)
    return values


def unescape_property(text):
    meaning = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
    units = re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(.))",
        lambda match: chr(int(match[1], 16)) if match[1] else meaning.get(match[2], match[2]),
        text,
    )
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def read_ini(content):
    with tempfile.NamedTemporaryFile(suffix=".ini") as file:
        file.write(content)
        file.flush()
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(file.name, encoding="utf-8")
    return {section: dict(parser[section]) for section in parser.sections()}


def read_netrc(content):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return netrc.netrc(file.name).hosts


def read_pgpass(content):
    """A reference reader, not the program: how libpq splits a line of a password file."""
    assert not content.startswith(b"#")
    (line,) = content.decode().removesuffix("\n").split("\n")
    fields = re.findall(r"((?:\\.|[^\\:])*)(?::|$)", line)
    return [re.sub(r"\\(.)", r"\1", field) for field in fields[:5]]


# --- json and yaml -------------------------------------------------------------------------------

READERS = [("json", json.loads), ("yaml", yaml.safe_load)]


@pytest.mark.parametrize(("format_name", "read"), READERS)
def test_types_are_kept(format_name, read):
    secret = {"a-b": True, "1x": 5432, "a.b": None, "ключ": [1.5, {"k": ["v"]}], "": "", "n": "\0"}

    assert read(render(format_name, secret)) == secret


@pytest.mark.parametrize(("format_name", "read"), READERS)
@MODEST
@given(secret=st.dictionaries(TEXT, JSON, max_size=4))
def test_any_secret_is_read_back_or_refused(format_name, read, secret):
    content = rendered(format_name, secret)

    carried = "\\ud800" not in json.dumps(secret) and not re.search(
        "NaN|Infinity", json.dumps(secret)
    )
    assert content is not None or not carried or has_surrogate(secret)
    assert content is None or read(content) == secret


def has_surrogate(secret):
    return re.search("[\ud800-\udfff]", json.dumps(secret, ensure_ascii=False)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "0o17",
        "0x1F",
        "n",
        "Y",
        "no",
        "null",
        "~",
        "1:30",
        "=",
        "2026-01-01",
        ".5",
        "_1",
        "<<",
    ],
)
def test_yaml_quotes_what_one_of_its_versions_reads_as_something_else(text):
    key, value = render("yaml", {text: text}).decode().rstrip("\n").split(": ")

    assert key == value
    assert key in (f'"{text}"', f"'{text}'")


def test_yaml_leaves_words_and_repeated_lists_plain():
    hosts = ["db-one", "db-two"]

    assert render("yaml", {"a_list": hosts, "same": hosts}).decode() == (
        "a_list:\n- db-one\n- db-two\nsame:\n- db-one\n- db-two\n"
    )


def test_json_is_readable_too():
    assert render("json", {"b": "ü", "a": 1}).decode() == '{\n  "a": 1,\n  "b": "ü"\n}\n'


@pytest.mark.parametrize("format_name", ["json", "yaml"])
@pytest.mark.parametrize("value", [float("nan"), [float("inf")], b"bytes", {"inner": "\ud800"}])
def test_what_json_cannot_represent_is_rejected_by_key(format_name, value):
    with pytest.raises(RenderError, match=f"format {format_name}: key 'bad': "):
        render(format_name, {"good": 1, "bad": value})


# --- properties ----------------------------------------------------------------------------------


def test_properties_are_ascii_and_readable():
    secret = {
        "db.url": "jdbc:postgresql://db/app?a=b#c",
        "a key": "  padded ",
        "ü": "😀",
        "path": "C:\\x",
    }

    assert render("properties", secret).decode("ascii").splitlines() == [
        "a\\ key=\\  padded ",
        "db.url=jdbc:postgresql://db/app?a=b#c",
        "path=C:\\\\x",
        "\\u00fc=\\ud83d\\ude00",
    ]


@MODEST
@given(secret=st.dictionaries(TEXT, TEXT, max_size=4))
def test_any_properties_are_read_back_or_refused(secret):
    content = rendered("properties", secret)

    assert (content is None) == has_surrogate(secret)
    assert content is None or read_properties(content) == secret


# --- ini -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["100%", "a;b", "a # b", "%(x)s", "=", "[x]", '"q"', "", "a\tb", "😀", "a = b : c"]
)
def test_ini_is_read_back(value):
    assert read_ini(render("ini", {"key": value}, section="db")) == {"db": {"key": value}}


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb", " a", "a ", "\xa0a", "a\0", "a\u2028b"])
def test_ini_refuses_what_its_readers_would_change(value):
    with pytest.raises(RenderError, match=r"format ini: key 'key': the value .*use `format: json`"):
        render("ini", {"key": value}, section="db")


@pytest.mark.parametrize("key", ["", "a=b", "a:b", "[a", "#a", ";a", " a", "a\nb"])
def test_ini_rejects_keys_that_are_not_options(key):
    with pytest.raises(RenderError, match=re.escape(f"format ini: key {key!r}: ")):
        render("ini", {key: "x"}, section="db")


def test_ini_refuses_keys_that_differ_in_case_only():
    with pytest.raises(RenderError, match=r"key 'user': .*'USER'"):
        render("ini", {"USER": "a", "user": "b"}, section="db")


@pytest.mark.parametrize("section", ["", "a]b", " a", "a\nb", "\ud800"])
def test_ini_needs_a_section_that_can_be_written(section):
    with pytest.raises(RenderError, match="format ini: "):
        render("ini", {"key": "x"}, section=section)


@MODEST
@given(secret=st.dictionaries(TEXT, TEXT, max_size=3), section=TEXT)
def test_any_ini_is_read_back_or_refused(secret, section):
    content = rendered("ini", secret, section=section)

    expected = {section: {key.lower(): value for key, value in secret.items()}}
    assert content is None or read_ini(content) == expected


# --- netrc and pgpass ----------------------------------------------------------------------------


def test_netrc_names_its_login():
    secret = {"machine": "git.internal", "login": "bot", "password": "a b", "ttl": 60}

    assert render("netrc", secret).decode() == 'machine git.internal\nlogin bot\npassword "a b"\n'


@pytest.mark.parametrize(
    ("password", "written"),
    [
        ("p!a#ss'$", "p!a#ss'$"),
        ("#pass", '"#pass"'),
        ("pässword", '"pässword"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("", '""'),
    ],
)
def test_netrc_quotes_only_what_old_readers_could_not_read_anyway(password, written):
    content = render("netrc", {"machine": "m", "login": "l", "password": password})

    assert content.decode() == f"machine m\nlogin l\npassword {written}\n"


@MODEST
@given(machine=TEXT, login=TEXT, password=TEXT, account=TEXT)
def test_any_netrc_is_read_back_or_refused(machine, login, password, account):
    secret = {"machine": machine, "login": login, "password": password, "account": account}
    content = rendered("netrc", secret)

    assert content is None or read_netrc(content) == {machine: (login, account, password)}


def test_pgpass_of_a_database_role_fits_anywhere():
    secret = {"username": "v-app", "password": "a:b\\c", "lease": 1}

    assert render("pgpass", secret) == b"*:*:*:v-app:a\\:b\\\\c\n"


@MODEST
@given(fields=st.lists(TEXT, min_size=5, max_size=5))
def test_any_pgpass_is_read_back_or_refused(fields):
    names = ("host", "port", "database", "username", "password")
    content = rendered("pgpass", dict(zip(names, fields, strict=True)))

    assert content is None or read_pgpass(content) == fields


@pytest.mark.parametrize(
    ("format_name", "missing"),
    [("netrc", "machine"), ("netrc", "password"), ("pgpass", "username")],
)
def test_a_login_names_the_missing_key(format_name, missing):
    secret = dict.fromkeys(["machine", "login", "username", "password"], "x")
    del secret[missing]

    with pytest.raises(
        MissingError, match=f"format {format_name}: the secret has no key '{missing}'"
    ):
        render(format_name, secret)


@pytest.mark.parametrize("format_name", ["netrc", "pgpass"])
@pytest.mark.parametrize("password", ["a\nb", "a\0b", "\ud800", None, ["a"]])
def test_a_password_that_no_line_can_hold_is_refused(format_name, password):
    secret = {"machine": "m", "login": "l", "username": "u", "password": password}

    with pytest.raises(RenderError, match=f"format {format_name}: key 'password': "):
        render(format_name, secret)


def test_a_machine_needs_a_name():
    with pytest.raises(RenderError, match="format netrc: key 'machine': "):
        render("netrc", {"machine": "", "login": "l", "password": "p"})
