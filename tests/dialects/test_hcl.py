# ruff: noqa: E501 - a text in a table stays on its line

"""HCL 1 as the agents read it: the same values as the real one, errors with a line."""

import os
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.base.errors import ConfigError
from injector.config.textfile import read_text
from injector.dialects.hcl import Object, parse
from tests.dialects.peer import listeners, refused, shape, written
from tests.dialects.randomly import bodies

# More random texts, different each time: `make test-differential`.
WHOLE = bool(os.environ.get("INJECTOR_TEST_DIFFERENTIAL"))
SEED = int(os.environ.get("INJECTOR_TEST_SEED") or (random.randrange(2**32) if WHOLE else 1))

# Bodies of a block; our values are compared with those that the real agent reads.
VALUES = {
    "octal, decimal, hexadecimal": "a = 0640  b = 640  c = 0x1F  d = 0  e = -3  f = 00",
    "fractions": "a = 1.5  b = .25  c = 1e3  d = 1.5e-3  e = 0.5  f = 012.5  g = 2.",
    "booleans": "a = true  b = false",
    "escapes": r'a = "\a\b\f\n\r\t\v\\\""  b = "\101\x41\u00e4\U0001F600"',
    "half a surrogate pair": r'a = "\ud83d"',
    "unicode": 'a = "äöü Ω 😀"  ключ = 1  größe = 2',
    "interpolation is literal": r'a = "${b}"  c = "x${ "q" \n { } }y\n"  d = "$${e}"  f = "$"  g = "${a}${b}\t"',
    "a line end inside of an interpolation": 'a = "${\nx}"',
    "lists": 'a = []  b = [1, "x", true,]  c = [,1]  d = [[1], [2, 3]]  e = [{x = 1}, {y = 2}]',
    "a heredoc in a list": "a = [<<EOF\nx\nEOF\n, 2]",
    "quoted names": '"a" = 1\n"b c" { d = 1 }\n"e" = { f = 2 }',
    "names with dashes and dots": "key-with-dash = 1\na.b = 2\n_c = 3\nd9 = 4",
    "blocks": "a {}\nb { c = 1 }\nd = { e = 1 }\nf { g { h = 1 } }",
    "labels": 'a "x" { b = 1 }\nc x { d = 1 }\ne "x" "y" { f = 1 }',
    "repeated blocks": "a { x = 1 }\na { x = 2 }\na = { x = 3 }",
    "a repeated value": "a = 1\na = 2\na = 3",
    "commas": 'a = "x",\nb = 2,\nc { d = 1, e = 2 },\nf = {g = 1, h = 2,}',
    "one line without commas": 'a = { b = "x" c = "y" d = 1 }  e { f = 1 g = 2 }',
    "comments": "# one\na = 1 # two\n// three\nb = 2 // four\n/* five\n six */ c = /* seven */ 3\n#",
    "comment signs inside of texts": 'a = "# x"  b = "// y"  c = "/* z */"',
    "white space": "\ta\t=\t1\r\n\r\n  b=2",
    "crlf": 'a = "x"\r\nb {\r\n  c = 1\r\n}\r\n# d\r\n',
    "heredoc": "a = <<EOF\nline\n  indented\n\nEOF\nb = 1",
    "heredoc with an indented end": "a = <<EOH\n  x\n  y\n    EOH\nb = 1",
    "heredoc with a tab before its end": "a = <<EOH\nx\n\tEOH\nb = 1",
    "an empty heredoc": "a = <<EOF\nEOF\nb = <<-EOF\n  EOF\nc = 1",
    "heredoc, dedented": "a = <<-EOF\n    x\n      y\n    EOF\nb = 1",
    "heredoc, dedented by its end alone": "a = <<-EOF\n    x\n    y\n  EOF\nb = 1",
    "heredoc, one line less indented": "a = <<-EOF\n  x\n y\n  EOF\nb = 1",
    "heredoc, an empty line": "a = <<-EOF\n  x\n\n  y\n  EOF\nb = 1",
    "heredoc, dedented by tabs": "a = <<-EOF\n\t\tx\n\ty\n\tEOF\nb = 1",
    "heredoc, crlf": "a = <<EOF\r\nx\r\nEOF\r\nb = 1\r\n",
    "heredoc, words like its end": "a = <<EOF\nEOFx\nxEOF\nEOF x\n EOF y\nEOF\nb = 1",
    "heredoc, nothing is special in it": 'a = <<EOF\n"${x}" \\n {{ with }} # no comment\nEOF\nb = 1',
    "heredoc, odd anchors": "a = <<_x1\ny\n_x1\nb = <<9\nz\n9\nc = <<Ω\nw\nΩ\nd = 1",
    "a vault-k8s template": r'a = "{{ with secret \"kv/data/a\" }}{{ range $k, $v := .Data }}{{ $k }}: {{ $v }}\n{{ end }}{{ end }}"',
}  # fmt: skip

# Whole files; only whether the agent accepts them is compared.
TEXTS = {
    "nothing": "",
    "only a comment": "# x",
    "a comment that does not end": "/* x",
    "one slash": "/ x",
    "a text that does not end": 'a = "x',
    "a text over two lines": 'a = "x\ny"',
    "a heredoc that does not end": "a = <<EOF\nx\n",
    "a heredoc whose end is the file's": "a = <<EOF\nx\nEOF",
    "a dedented heredoc whose end is not indented": "a = <<-EOF\n  x\nEOF\n",
    "a heredoc without a word": "a = <<\nx\n\n",
    "a heredoc with a quoted word": 'a = <<"EOF"\nx\nEOF\n',
    "a heredoc of a shell": "cat <<EOF > x.hcl\nvault {}\nEOF\n",
    "one angle bracket": "a = <EOF\nx\nEOF\n",
    "an unknown escape": r'a = "\s"',
    "an escape of one digit": r'a = "\7"',
    "an apostrophe": "a = 'x'",
    "a bare word": "a = x",
    "a bare word in a list": "a = [x]",
    "no value": "a\nb = 1",
    "no value at the end": "a {\n b =\n}",
    "two values": "a = 1 2",
    "two assignments on a line": "a = 1 b = 2",
    "glued assignments": 'a = trueb = "x"',
    "a missing brace": "a {\n b = 1",
    "a brace too many": "a {}\n}",
    "a list without commas": "a = [1 2]",
    "a list that does not end": "a = [1",
    "a label before an assignment": 'a "x" = 1',
    "a number as a name": "1 = 2",
    "a boolean as a name": "true = 1",
    "a block without a name": "{ a = 1 }",
    "a colon": '"a": 1',
    "a semicolon": "a = 1; b = 2",
    "digits that are not octal": "a = 0699",
    "no hexadecimal digits": "a = 0x",
    "a plus sign": "a = +1",
    "a minus sign": "a = -x",
    "an exclamation mark": "a = !x",
    "a NUL character": "a = 1\0",
    "a NUL character in a text": 'a = "x\0"',
    "a comma alone": ",",
    "two commas": "a = 1,, b = 2",
    "a function call": 'a = file("x")',
    "an expression": "a = 1 + 1",
    "a conditional": "a = b ? 1 : 2",
    "json": '{"a": {"b": [1, true, {"c": 1.5e3}], "d": null}}',
    "json with an octal number": '{"a": 0640}',
    "json without a colon": '{"a" 1}',
    "deep enough": "a { a { a { a { a { a { a { a { b = [[[[1]]]] }}}}}}}}",
}

# Files that only one of the two accepts; docs/vault-agent.md says why.
ONLY_WE = {
    "a byte-order mark": "\ufeffa = 1",
    "json, a null in a list": '{"a": [null]}',
}
ONLY_THEY = {
    # Unless it is used; then they reject it too.
    "a number that is too large": "a = 1e309",
    "a whole number that is too large": "a = 9223372036854775808",
    "no value at the end of the file": "a =",
    "json with a comma too many": '{"a": 1,}',
    "json with something behind it": '{"a": 1} x',
    "json that does not end": '{"a": 1',
}


def test_accepted_files_are_read_like_the_real_agent(tmp_path):
    texts = [
        f'listener "tcp" {{\naddress = "127.0.0.1:1"\ntls_disable = true\n{body}\n}}\n'
        for body in VALUES.values()
    ]

    theirs = listeners(written(tmp_path, texts), tmp_path)
    ours = [shape(parse("x", text).items[0].value) for text in texts]

    assert dict(zip(VALUES, ours, strict=True)) == dict(zip(VALUES, theirs, strict=True))


def test_rejected_files_are_those_that_the_real_agent_rejects(tmp_path):
    texts = {**TEXTS, **ONLY_WE, **ONLY_THEY}
    files = dict(zip(texts, written(tmp_path, texts.values()), strict=True))

    refused_by_them = refused(list(files.values()), tmp_path)
    theirs = {name for name in texts if files[name] in refused_by_them}
    ours = {name for name in texts if not is_accepted(files[name])}

    assert ours - theirs == ONLY_THEY.keys()
    assert theirs - ours == ONLY_WE.keys()


def test_random_texts_are_read_as_the_real_agent_reads_them(tmp_path):
    texts = [
        f'listener "tcp" {{\naddress = "127.0.0.1:1"\ntls_disable = true\n{body}\n}}\n'
        for body in bodies(2000 if WHOLE else 200, seed=SEED)
    ]
    files = written(tmp_path, texts)

    refused_by_them = refused(files, tmp_path)
    taken = [file for file in files if file not in refused_by_them]
    assert [file for file in files if is_accepted(file)] == taken, f"seed {SEED}"
    theirs = listeners(taken, tmp_path)
    ours = [shape(parse("x", file.read_text()).items[0].value) for file in taken]
    differing = [
        (file.read_text(), own, their)
        for file, own, their in zip(taken, ours, theirs, strict=True)
        if own != their
    ]
    assert not differing, f"seed {SEED}"


def is_accepted(file):
    try:
        parse(str(file), read_text(str(file)))
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a {\n  b = 1\n", "1:3: this '{' is never closed; add '}' where the block ends"),
        ('a = 1\nb = "x', "2:5: a string is not closed: its '\"' is missing"),
        ("a = 1\n\n  b", "3:4: expected '=' or '{' after 'b', got the end of the file"),
        ('a\n"b" = 1', "2:5: expected '{' after the label of 'a', got '='"),
        ("a = [1\n2]", "2:1: expected ',' or ']' in a list, got a number"),
        ("a = yes", "1:5: expected a value, got a name (strings need quotes)"),
        ("a = 1\nb = 0689", "2:5: a number that begins with 0 is octal: its digits are 0 to 7"),
        ("x = <<EOF\na\n", "1:5: a heredoc is not closed: it ends with 'EOF' alone on a line"),
        ('{"a": 1,\n "b" 2}', "2:6: not JSON: Expecting ':' delimiter"),
        ("a {" * 60, "1:153: nested too deeply"),
    ],
)
def test_an_error_names_the_position_and_what_was_expected(text, problem):
    with pytest.raises(ConfigError) as caught:
        parse("agent.hcl", text)

    assert str(caught.value) == f"agent.hcl:{problem}"


@pytest.mark.parametrize(
    "text",
    [
        'token "hunter2" "hunter3" = "hunter4"',
        "secret_id = hunter2",
        "secret_id = 5hunter2-3",
        "secret_id = 5hunter2 hunter3",
        "command = [hunter2]",
        "command = [5hunter2]",
    ],
)
def test_an_error_quotes_no_string_because_it_may_be_a_secret(text):
    with pytest.raises(ConfigError) as caught:
        parse("agent.hcl", f"vault {{ {text} }}")

    assert "hunter" not in str(caught.value)


def test_everything_knows_its_line():
    tree = parse("x", '\na {\n  b = 1\n  c "d" {\n    e = [\n2]\n}\n}\nf = <<EOF\nx\nEOF\ng = 1')

    assert [(item.key, item.line) for item in tree.items] == [("a", 2), ("f", 9), ("g", 12)]
    (a, *_) = tree.items
    assert isinstance(a.value, Object)
    assert [(item.key, item.line) for item in a.value.items] == [("b", 3), ("c", 4)]


PIECES = st.sampled_from(
    (
        *("{", "}", "[", "]", "=", ",", "#", "//", "/*", "*/", " ", "\n", "\r", "\0", "-", "ü"),
        *("<<EOF\n", "<<-E\n", "EOF\n", "  E\n", '"', '"x"', '"${', "\\", "\\n"),
        *("a", "key", "0640", "1.5", "true"),
    )
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(string.printable, max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_document_or_an_error_with_its_line(text):
    try:
        assert isinstance(parse("x", text), Object)
    except ConfigError as error:
        where = str(error).split(":")
        assert where[0] == "x"
        assert 1 <= int(where[1]) <= text.count("\n") + 1
