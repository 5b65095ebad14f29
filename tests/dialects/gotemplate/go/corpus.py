"""Templates that the real text/template has rendered; the results are in expected.json.

To render them again, with Go installed:  python corpus.py | go run main.go > expected.json
"""

# ruff: noqa: E501, UP031 - templates are lines, with odd characters on purpose

import json
import sys
from itertools import product

DATA = r"""{
 "s": "text", "empty": "", "n": 42, "neg": -7, "f": 1.50, "e": 1e3, "big": 12345678901234567890,
 "tiny": 1e-7, "z": 0, "t": true, "fa": false, "nil": null,
 "list": [1, "two", 3.0, null, [4, 5], {"k": "v"}], "words": ["a", "b", "c"], "elist": [],
 "m": {"b": 2, "a": "x", "c": {"d": "deep"}}, "em": {}, "dash-key": "v", "1": "one",
 "keys": {"Z": 1, "a": 2, "ä": 3, "10": 4, "9": 5, "": 6},
 "uni": "héllo ☃ 😀", "html": "<a href=\"x\">'&\"</a>", "nl": "l1\nl2\n", "ctl": "\u0001\u0007\t\\"
}"""

TEXT = [
    "", "plain", "a\nb\n", "{", "}}", "{ {", "{{/* c */}}", "a {{- /* c */ -}} b", "{{/* a\nb */}}x",
    "{{/*c*/ -}}  x", "  {{- /*c*/}}x", "{{/* c */ }}", "{{ /* c */}}", "{{/* c }}", "{{/* c", "{{/**/}}",
    "a {{1}} b", "a {{- 1}} b", "a {{1 -}} b", "a {{- 1 -}} b", "a\n\n {{- 1 -}}\t\n b", "{{-1}}", "{{- -1 -}}",
    "{{-}}", "{{- }}", "{{ -}}", "{{- -}}", "{{1 - }}", "{{1-}}", "{{ 1 -}}", "x{{-\n1\n-}}y", '{{"a" -}} {{- "b"}}',
    "{{ 1\n}}", "{{\n1}}", "{{", "{{ ", "{{ 1", "{{1}", "{{}}", "{{ }}", "{{}}{{", "{{1}}{{2}}", 'a{{""}}b', "{{1}}}", "{{{1}}}",
    "\u00a0{{- 1}}", "ä{{1}}ö", "\r\n{{- 1 -}}\r\n", "{{1 -}}\n\n{{- 2}}", "{{1 -}}", "x {{- 1}}",
    "{{data.n | call}}", '{{"a" | call}}', "{{nil | call}}", "{{call}}", '{{js "\\xff<" | printf "%q"}}', "{{'\\xff'}}",
]  # fmt: skip

CONSTANTS = [
    "{{%s}}" % word
    for word in (
        "0", "1", "-1", "+1", "42", "007", "0x1F", "0X1f", "-0x10", "0b101", "0o17", "0O17", "1_000", "0x_ff", "1__0", "_1",
        "1.5", "-1.5", "+1.5", ".5", "-.5", "1.", "1e3", "1E3", "1e+3", "1e-3", "1.5e300", "1e400", "1e21", "1e20", "123456789.0",
        "100000.0", "1000000.0", "12345678.0", "0.0001", "0.00001", "0x1p4", "0x1.8p1", "1e", "0x", "1x", "1a", "0b2", "08", "09.5",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "99999999999999999999", "'a'", "'ä'", "'\\n'", "'\\x41'", "'\\u00e4'", "'ab'", "''", "'\\''", "'", "'\n'",
        '"a"', '"a\\nb"', '"\\x41\\101\\u0041\\U00000041"', '"\\""', "\"'\"", '"\\\'"', '"\\q"', '"a', '"a\nb"', '"\\xff"', '"\\xc3\\xa4"', '"\\ud800"',
        "`raw`", "`a\nb`", "`\\n`", "`", '`"`', "true", "false", "nil", "True", "null", "undefined", ".", "$", "$x", ".5.5", "1.2.3", "--1", "1-1",
        '"a".b', "1.a", "true.x", "nil.x", "(nil)", "(1)", "(1).x", "((1))", "()", "(", ")", "(1", "1)", "@", "#", "?", "%", "a,b", "1,2", "=", ":=", ":", "|",
        "1|", "|1", "1||2", "&", "!", "~", "^", "\\", "\x01", "é", "data", "data.s", "data .s", "é.x", "$é", ".é", "data.é", "data.1", "data.dash-key", "data.s.x",
    )
]  # fmt: skip

VALUES = [
    "data.s", "data.empty", "data.n", "data.neg", "data.f", "data.e", "data.big", "data.tiny", "data.z", "data.t", "data.fa", "data.nil",
    "data.list", "data.words", "data.elist", "data.m", "data.em", "data.keys", "data.uni", "data.html", "data.nl", "data.ctl", "data.missing", "data.missing.x",
    "nil", "42", "-7", "1.5", "1e21", "10000000.0", '"str"', "true", "'x'", '(parseInt "9")', '(parseUint "9")', '(parseFloat "0.1")',
    '(parseJSON `[1,2.5,1e30,"a",null,true,{"b":1}]`)', '(parseJSON "1e6")', '(split "," "x,y")', '(split "," "")', '(splitToMap "," "=" "b=2,a=1")',
    ".", "$", "(index data.uni 1)", "(len data.list)",
]  # fmt: skip

PRINTED = [
    template.replace("%s", value).replace("%%", "%").replace("%S", "%s")
    for template, value in product(
        ("{{%s}}", "{{print %s}}", "{{println %s}}", '{{printf "%%v|%%S|%%d|%%q" %s 1 2 3}}', "{{html %s}}", "{{js %s}}", "{{urlquery %s}}",
         "{{len %s}}", "{{not %s}}", "{{if %s}}T{{else}}F{{end}}", "{{with %s}}[{{.}}]{{else}}none{{end}}",
         "{{range %s}}<{{.}}>{{else}}none{{end}}", "{{range $i, $e := %s}}<{{$i}}={{$e}}>{{end}}", "{{index %s 0}}", '{{index %s "a"}}', "{{slice %s 1}}",
         "{{%s | print}}", '{{print "a" %s "b" %s 1 2}}', "{{eq %s 42}}", '{{eq %s "text"}}', "{{eq %s true}}", "{{eq %s nil}}", "{{ne %s 1.5}}", "{{lt %s 43}}", '{{gt %s "a"}}',
         "{{and %s 1}}", "{{or %s 1}}", "{{$x := %s}}{{$x}}", '{{join "," %s}}', "{{toUpper %s}}", "{{call %s}}", "{{(%s).x}}", "{{split %s `a`}}", "{{index data.list %s}}"),
        VALUES,
    )
]  # fmt: skip

VERBS = [
    '{{printf "[%s]" %s}}' % (verb, value)
    for verb, value in product(
        ("%v", "%+v", "%#v", "%T", "%%", "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "%#x", "%o", "%#o", "%O", "%b", "%c", "%q", "%#q", "%+q", "%U", "%#U",
         "%s", "%10s", "%-10s|", "%.2s", "%10.2s", "%010s", "% x", "% X", "%# x", "%e", "%E", "%f", "%F", "%.0f", "%.2f", "%8.3f", "%-8.2f|", "%+.2f", "%08.2f", "% .2f", "%g", "%G", "%.3g", "%#g", "%.10g", "%t", "%z", "%!", "%"),
        ("data.s", "data.uni", "data.n", "data.f", "42", "-7", "0", "1.5", "-0.25", "1e21", "100000.0", "3.0", "123456.789", "'x'", "0x1F600", "true", "nil", "data.list", "data.m", "data.nil", '(parseInt "9")', '(parseUint "9")', '(split "," "x,y")', "(index data.uni 1)", "data.ctl", '(splitToMap "," "=" "a=1")', '(parseJSON `[1,"a",null]`)'),
    )
]  # fmt: skip

FORMATS = [
    "{{printf %s}}" % words
    for words in (
        '"%d %d" 1', '"%d" 1 2', '"x"', '"x" 1', '"x" nil "a" 1.5 data.n', '"%[2]d %[1]d" 1 2', '"%[3]d" 1', '"%[1]d %d" 1 2', '"%[x]d" 1', '"%[1" 1', '"%[0]d" 1', '"%[2]*[1]d" 12 6', '"%*d" 5 42',
        '"%-*d|" 5 42', '"%*d" -5 42', '"%*d" "a" 42', '"%.*f" 2 3.14159', '"%.*f" -2 3.14159', '"%.*d" "a" 1', '"%[3]*.[2]*[1]f" 12.0 2 6', '"%6.2f%%" 12.0', '"%s %v" "a" "b"', '"%!d" 1', '"%-010d|" 5', '"%+s" "a"', '"%ä" 1', '"ä%sö" "ü"',
        '"%5t|%-7t|" true false', '"%5v|%-5v|" 1 2', '"%05s" "ab"', '"%.3d" 5', '"%8.3d|" 5', '"%.0d" 0', '"%+.3e" 1234.5678', '"%x" "hi"', '"%X" "hi"', '"% x" "hi"', '"%#x" "hi"', '"%x" -255', '"%5c|" 65', '"%-5c|" 65', '"%q" 65', '"%q" "a\\"b`c"', '"%#q" "a`b"', '"%+q" "ä☃😀"', '"%U" 9731', '"%#U" 9731', '"%c" 55296',
        '"%v" (printf "%d" 1)', '"%v %v" data.m data.list', '"%d" data.list', '"%s" data.m', '"%q" data.words', '"%5d|" data.list', '"%x" data.words', "1", '"%d" "1"', "data.n", '"%s" true', '"%s" 1.5', '"%d" 1.5', '"%t" 1', '"%6.2f|%-8.1f|%+d" 1.5 2.25 3', '"%3c|%-3c|" 65 66', '"%08b" 5', '"%o %#o" 8 8', '"%e" 0.0', '"%g" 1e100', '"%g" 1e-7', '"%v" 1e-5',
        '"%s" nil', '"%d" nil', '"%v" nil', '"%s %s" nil nil', '"%.2s|" "☃☃☃"', '"%5s|" "☃"', '"%-5s|" "☃"', '"%5q|" "a"', '"%.1q" "ab"', '"%.1x" "ab"', '"%v" 1_000', '"%6v|%06v|%+v" 1.5 1.5 1.5', '"%+v" data.f', '"%10v|" data.m', '"%v" true', '"%w" 1', '"%w" "a"',
        '"% d|%+d|% +d" 1 1 1', '"%x" 1.5', '"%X" -1.5', '"%b" 1.5', '"%.3x" 1.5', '"%#v" "a"', '"%#v" 1.0', '"%#v" 1', '"%#v" true', '"%#v" nil', '"%T %T %T" 1 "a" 1.5', '"%[1]T %[1]v" data.n', '"%[5]d %d" 1 2', '"%[2]d" 1 2 3', '"%d%[1]d" 1 2', '"%-+8d|" 5', '"%+-8d|" 5', '"%0-8d|" 5', '"%+08d" 5', '"% 08d" 5', '"%+08.2f" -1.5', '"%08v" -5', '"%#08x" 255', '"%-#8x|" 255', '"%8q|" 65',
    )
]  # fmt: skip

ACTIONS = [
    "{{if true}}a{{end}}", "{{if false}}a{{end}}", "{{if false}}a{{else}}b{{end}}", "{{if 0}}a{{else if 1}}b{{else}}c{{end}}", "{{if 0}}a{{else if 0}}b{{else if 0}}c{{else}}d{{end}}",
    "{{if 1}}a{{else}}b{{else}}c{{end}}", "{{if}}a{{end}}", "{{if 1}}a", "{{end}}", "{{else}}", "{{if 1}}{{else 1}}{{end}}", "{{if 1}}a{{end 1}}", "{{if 1 2}}a{{end}}", "{{if $x := 1}}{{$x}}{{end}}", "{{if $x := 0}}{{else}}{{$x}}{{end}}", "{{if $x := 1}}{{end}}{{$x}}",
    "{{with 1}}{{.}}{{end}}", "{{with 0}}a{{else}}{{.}}{{end}}", "{{with $x := data.m}}{{$x.a}}{{.a}}{{end}}", "{{with 0}}{{else with 2}}{{.}}{{else}}c{{end}}", "{{with data}}{{.s}}{{with .m}}{{.a}}{{$}}{{end}}{{end}}", "{{with}}{{end}}", "{{with 0}}a{{else if 1}}b{{end}}", "{{if 0}}a{{else with 1}}b{{end}}",
    "{{range data.words}}{{.}},{{end}}", "{{range $e := data.words}}{{$e}},{{end}}", "{{range $i, $e := data.words}}{{$i}}{{$e}},{{end}}", "{{range data.elist}}a{{else}}none{{end}}", "{{range $k, $v := data.m}}{{$k}}={{$v}};{{end}}", "{{range $k, $v := data.keys}}{{$k}}={{$v}};{{end}}", "{{range 3}}{{.}}{{end}}", "{{range $i := 3}}{{$i}}{{end}}", "{{range $i, $j := 3}}{{$i}}{{end}}", "{{range 0}}a{{else}}b{{end}}", "{{range -1}}a{{else}}b{{end}}", "{{range 1.5}}a{{end}}", '{{range "abc"}}{{.}}{{end}}', '{{range $i, $c := "aä"}}{{$i}}:{{$c}} {{end}}', "{{range nil}}a{{end}}", "{{range data.s}}a{{end}}", "{{range true}}a{{end}}", "{{range (parseInt `3`)}}{{.}}{{end}}", "{{range $i := parseUint `3`}}{{printf `%T` $i}}{{end}}",
    "{{range data.words}}{{if eq . `b`}}{{break}}{{end}}{{.}}{{end}}", "{{range data.words}}{{if eq . `b`}}{{continue}}{{end}}{{.}}{{end}}", "{{range data.words}}{{range data.words}}{{break}}x{{end}}{{.}}{{end}}", "{{break}}", "{{continue}}", "{{if 1}}{{break}}{{end}}", "{{range 1}}{{break 1}}{{end}}", "{{range 2}}{{else}}{{break}}{{end}}", "{{range 1}}{{break}}{{else}}x{{end}}", "{{range 1}}{{ break }}{{end}}", "{{range 1}}{{define `x`}}{{break}}{{end}}{{end}}", "{{range 2}}{{continue}}{{end}}done", "{{range 1, 2}}{{end}}", "{{range $a, $b, $c := data.m}}{{end}}", "{{range $a, 1 := data.m}}{{end}}", "{{range $i, $e = data.m}}{{end}}", "{{$i := 0}}{{$e := 0}}{{range $i, $e = data.words}}{{$i}}{{$e}}{{end}}{{$i}}{{$e}}", "{{$e := 9}}{{range $e = data.words}}{{end}}{{$e}}", "{{range $i, $e := data.words}}{{end}}{{$i}}", "{{$x := 1}}{{range data.words}}{{$x = .}}{{end}}{{$x}}", "{{range $i := data.words}}{{$i = 5}}{{$i}}{{end}}", "{{range data.words}}{{$y := .}}{{end}}{{$y}}",
    "{{$x := 1}}{{$x}}", "{{$x := 1}}{{$x := 2}}{{$x}}", "{{$x := 1}}{{if 1}}{{$x := 2}}{{end}}{{$x}}", "{{$x := 1}}{{if 1}}{{$x = 2}}{{end}}{{$x}}", "{{$x = 1}}", "{{$x := $x}}", "{{$x := data}}{{$x.m.c.d}}", "{{$x := data}}{{$x .m}}", "{{$x, $y := 1}}", "{{$x :=}}", "{{$x := 1 2}}", "{{$x := 1 | print}}{{$x}}", "{{$ := 1}}{{$}}", "{{$x:=1}}{{$x}}", "{{$x :=1}}{{$x}}", "{{$x:= 1}}{{$x}}", "{{ $x := `a` }}{{ $x }}", "{{$x := nil}}", "{{print ($x := 1)}}", "{{print ($x := 1) $x}}", "{{(`a` | print).x}}", "{{1 | print | print}}", "{{print 1 | print 2}}", "{{1 | 2}}", "{{print | 1}}", "{{print `a` | `b`}}", "{{1 | .}}", "{{1 | data}}", "{{1 | data.s}}", "{{1 | $}}", "{{1 | (print)}}", "{{1 | nil}}", "{{nil | print}}", "{{(1 | print)}}", "{{print (print 1 2) (print 3)}}", "{{print(1)}}", "{{print (1)(2)}}", "{{data.m.a}}{{data.m.c.d}}", "{{(data).m.a}}", "{{(data.m).c.d}}", "{{data.m.zz}}", "{{data.m.zz.y}}", "{{data.s.x}}", "{{data.nil.x}}", "{{data.list.x}}", "{{data.n.x}}", "{{data.n.String}}", "{{data.n.Int64}}", "{{data.f.Float64}}", "{{data.f.Int64}}", "{{data.n.Int64 1}}", "{{data.m.a 1}}", "{{data.n.String | printf `%q`}}", "{{printf `%T` data.n.Int64}}", "{{.x}}", "{{.x.y}}", "{{$.x}}", "{{with data.m}}{{.}}{{end}}", "{{with data.m}}{{$.x}}{{end}}", "{{.m}}", "{{data.m | len}}", "{{data.words | len | printf `%03d`}}",
    "{{index data.list 1}}", "{{index data.list 9}}", "{{index data.list -1}}", '{{index data.list "a"}}', '{{index data.m "a"}}', '{{index data.m "zz"}}', "{{index data.m 1}}", '{{index data.m "c" "d"}}', '{{index data "list" 5 "k"}}', "{{index data.list 4 1}}", '{{index data "dash-key"}}', '{{index data "1"}}', "{{index data.s 0}}", "{{index data.s 99}}", "{{index nil 0}}", "{{index 1 0}}", '{{index data.nil "x"}}', "{{index data.m nil}}", "{{index data.list nil}}", "{{index data.list 1.0}}", "{{index data.list data.n}}", '{{index data.list (parseInt "1")}}', "{{index}}", "{{index data.m}}", '{{index (splitToMap "," "=" "a=1") "a"}}', '{{index (splitToMap "," "=" "a=1") "b"}}', '{{(splitToMap "," "=" "a=1").a}}', '{{(splitToMap "," "=" "a=1").b}}', '{{index (split "," "a,b") 1}}', "{{slice data.list 1 3}}", "{{slice data.s 1 2}}", "{{slice data.list 3 1}}", "{{slice data.list 0 9}}", "{{slice data.s 0 1 2}}", "{{slice data.list 0 1 2}}", "{{slice data.list 0 1 2 3}}", "{{slice data.m 1}}", "{{slice nil}}", "{{slice data.s}}", "{{slice (split `,` `a,b,c`) 1}}", "{{slice data.uni 1 3}}", "{{slice data.uni 0 2}}",
    "{{and}}", "{{or}}", "{{not}}", "{{not 1 2}}", "{{and 1 0 2}}", "{{or 0 `` 3}}", "{{and 1 2}}", "{{or 0 0}}", "{{and 0 (index data.list 99)}}", "{{or 1 (index data.list 99)}}", "{{and 1 (index data.list 99)}}", "{{1 | and 0}}", "{{0 | or 1}}", "{{0 | and 1}}", "{{3 | or 0}}", "{{and nil 1}}", "{{or nil 1}}", "{{not nil}}", "{{and data.nil 1}}", "{{or data.missing 1}}", "{{not data.missing}}", "{{if and 1 (not 0)}}y{{end}}", "{{if not (or 0 0)}}y{{end}}",
    "{{eq 1 1}}", "{{eq 1 2}}", "{{eq 1 2 3 1}}", "{{eq 1}}", "{{eq}}", "{{eq 1 1.0}}", "{{eq 1.0 1.0}}", "{{eq `a` `a`}}", "{{eq `a` 1}}", "{{eq true true}}", "{{eq true 1}}", "{{eq nil nil}}", "{{eq data.nil nil}}", "{{eq data.m data.m}}", "{{eq data.list data.list}}", "{{eq data.m nil}}", "{{eq nil data.m}}", "{{eq data.m 1}}", "{{eq data.n 42}}", "{{eq data.n `42`}}", "{{eq data.n data.n}}", "{{eq data.missing nil}}", "{{eq 'a' 97}}", "{{eq (parseInt `1`) 1}}", "{{eq (parseUint `1`) 1}}", "{{lt (parseUint `1`) -1}}", "{{gt (parseUint `1`) -1}}", "{{eq (parseUint `1`) -1}}", "{{ne 1 2}}", "{{ne 1 1}}", "{{ne 1 2 3}}", "{{lt 1 2}}", "{{lt 2 1}}", "{{le 1 1}}", "{{ge 1 1}}", "{{gt 2 1}}", "{{lt `a` `b`}}", "{{lt `b` `a`}}", "{{lt 1 `a`}}", "{{lt 1 1.5}}", "{{lt 1.5 2.5}}", "{{lt true false}}", "{{lt nil nil}}", "{{lt data.m 1}}", "{{lt data.n 43}}", "{{le `Z` `a`}}", "{{ge `ä` `z`}}", "{{1 | eq 1}}", "{{1 | lt 2}}", "{{eq . nil}}", "{{eq . .}}", "{{eq data.words (split `,` `a`)}}",
    "{{len `abc`}}", "{{len data.uni}}", "{{len data.list}}", "{{len data.m}}", "{{len 3}}", "{{len nil}}", "{{len}}", "{{len data.nil}}", "{{len data.n}}", "{{len true}}",
    "{{html `<a>` `&`}}", "{{html data.html}}", "{{js data.html}}", "{{js `=`}}", "{{js data.ctl}}", "{{js data.uni}}", "{{urlquery `a b&c=d/ä~*`}}", "{{urlquery 1 `a`}}", "{{html nil}}", "{{js 1 2}}", "{{html data.missing}}", "{{html 1 2 `a`}}", "{{`a\x00b` | html}}", "{{js `\u2028`}}", "{{js `a\u00adb`}}",
    "{{print}}", "{{print 1 2}}", "{{print `a` `b`}}", "{{print 1 `a` 2 3}}", "{{print nil}}", "{{print nil nil}}", "{{println 1 `a`}}", "{{println}}", "{{print true false}}", "{{print data.n data.n}}", "{{print data.s 1}}", "{{print 1.0 2.50}}", "{{print 1e6 1e20 1e21 1e-4 1e-5}}", "{{print 'a'}}", "{{print data.list data.m}}", "{{print . $}}", "{{println nil data.nil data.missing}}",
    "{{call print 1}}", "{{call nil}}", "{{call}}", "{{call 1}}", "{{call data.s}}", "{{call data.nil}}", "{{call .x}}",
    '{{define "a"}}[{{.}}]{{end}}{{template "a" 1}}{{template "a"}}', '{{template "b"}}', '{{define "a"}}{{template "a"}}{{end}}' , '{{define "a"}}x{{end}}{{define "a"}}y{{end}}{{template "a"}}', '{{define "a"}}x{{end}}{{define "a"}} {{end}}{{template "a"}}', '{{define "a"}} {{end}}{{define "a"}}y{{end}}{{template "a"}}', "{{define a}}x{{end}}", "{{define}}x{{end}}", '{{define "a" 1}}x{{end}}', '{{define "a"}}x', "{{define `a`}}x{{end}}{{template `a`}}", '{{if 1}}{{define "a"}}x{{end}}{{end}}', '{{define "a"}}{{define "b"}}x{{end}}{{end}}', '{{define "a"}}{{else}}{{end}}', '{{template "a" 1 2}}', "{{template a}}", "{{template}}", '{{template "a" | print}}', '{{define "a"}}{{.x}}{{end}}{{template "a" data}}', '{{define "a"}}{{$}}{{end}}{{template "a" 5}}', '{{$x := 1}}{{define "a"}}{{$x}}{{end}}', '{{define "a"}}{{$y := 2}}{{$y}}{{end}}{{template "a"}}{{$y}}', '{{block "a" 1}}<{{.}}>{{end}}', '{{block "a"}}x{{end}}', '{{block "a" .}}x{{end}}{{block "a" .}}y{{end}}', '{{block "a" 1}}{{.}}{{end}}{{template "a" 2}}', '{{define "a"}}d{{end}}{{block "a" 1}}b{{end}}', '{{block "a" 1}}b{{end}}{{define "a"}}d{{end}}', '{{range data.words}}{{template "w" .}}{{end}}{{define "w"}}-{{.}}{{end}}', '{{define "a"}}{{range .}}{{break}}{{end}}ok{{end}}{{template "a" data.words}}', '{{range 2}}{{block "q" .}}{{break}}{{end}}{{end}}', '{{define "loop"}}{{if lt . 3}}{{.}}{{template "loop" (len (print . `x`))}}{{end}}{{end}}{{template "loop" 1}}', '{{template "a" $x := 1}}', '{{ template "x" . }}{{ define "x" }}{{ .s }}{{ end }}', '{{define ""}}x{{end}}a',
    "{{foo}}", "{{foo 1}}", "{{foo.bar}}", "{{1 | foo}}", "{{if foo}}{{end}}", "{{print foo}}", "{{data.s | toUpper}}", "{{toUpper}}", "{{toUpper 1}}", "{{toUpper `a` `b`}}", "{{toUpper data.n}}", "{{toUpper data.nil}}", "{{toUpper nil}}", "{{toUpper .}}", "{{toUpper data.missing}}", "{{data.n | toUpper}}", "{{parseInt `x`}}", "{{parseInt data.s}}", "{{`5` | parseInt}}", "{{join `,` data.words}}", "{{join `,` (split `-` `a-b`)}}", "{{join `,` nil}}", "{{join 1 nil}}", "{{indent 2 `x`}}", "{{indent 2.0 `x`}}", "{{indent 2.5 `x`}}", "{{indent `2` `x`}}", "{{indent (parseInt `2`) `x`}}", "{{indent data.n `x`}}", "{{indent 0x2 `x`}}", "{{split `,` `a,b`}}", "{{split `,`}}", "{{`a,b` | split `,`}}", "{{(split `,` `a,b`) | len}}", "{{(index (split `,` `a,b`) 0) | toUpper}}", "{{toUpper (print 1)}}", "{{toUpper (1)}}",
    "a\nb {{foo}}", "a\nb\n{{index data.list 99}}", "ä {{data.s.x}}", "{{if 1}}\n{{data.s.x}}\n{{end}}", "a\n{{- 1 |\n foo}}", "{{/*\n\n*/}}{{foo}}", "a\n{{`x\ny`}}{{foo}}", "{{with data}}{{.s.x}}{{end}}", "{{range data.words}}{{.x}}{{end}}", "{{range data.list}}{{.k}}{{end}}", '{{template "t" data}}\n{{define "t"}}\n {{.s.x}}{{end}}', "{{print (index data.list 99)}}", "{{1 | index data.list 99}}", "{{len (index data.m `q`)}}", "{{(index data.list 99).x}}", "{{ $x := index data.list 99 }}", "{{if index data.list 99}}{{end}}", "{{range index data.list 99}}{{end}}", "{{with index data.list 99}}{{end}}", "{{template `x` index data.list 99}}{{define `x`}}{{end}}",
    "{{data.list | join `,`}}", "{{range data.m}}{{.}}{{end}}", "{{range .}}a{{else}}e{{end}}", "{{range data}}{{end}}", "{{range $k, $v := splitToMap `,` `=` `b=1,a=2`}}{{$k}}{{$v}}{{end}}", "{{range $i, $x := split `,` `p,q`}}{{$i}}{{$x}}{{end}}", "{{range parseJSON `[1,2]`}}{{printf `%T` .}}{{end}}", '{{with parseJSON `{"a":{"b":[1,{"c":null}]}}`}}{{.a.b}}{{index .a.b 1}}{{end}}', "{{parseJSON `{`}}", '{{(parseJSON `{"a":1}`).a}}', '{{(parseJSON `{"a":1}`).b}}', "{{(parseJSON `[1]`).b}}", "{{parseJSON `1`}}", "{{parseJSON `1000000`}}{{parseJSON `123456789`}}{{parseJSON `1e21`}}{{parseJSON `0.1`}}", '{{parseJSON `"\\u00e4"`}}', "{{printf `%v` (parseJSON `null`)}}", "{{parseJSON `null`}}",
    "{{ `a` }}{{- ` b ` -}} c", "{{if true -}} a {{- else -}} b {{- end}} c", "{{range data.words -}}\n {{.}}\n{{- end}}", "x\n{{- if 1}}\ny\n{{- end}}\nz", "{{- range $i, $w := data.words }}{{ if $i }}, {{ end }}{{ $w }}{{- end }}",
    "{{ 3 }}{{/* a */}}{{- /* b */ -}} {{ 4 }}", "{{\t1\t}}", "{{  data.s  |  toUpper  }}", "{{data.s|toUpper}}", "{{print data.s|toUpper}}", "{{ print `a` ( print `b` ) }}", "{{(print `a`)}}", "{{(print `a`) `b`}}", "{{print `a`\n`b`}}", "{{- /* x */}}", "{{nil}}", "{{.}}", "{{print .}}", "{{$}}", "{{true}}{{false}}", "{{with true}}{{.}}{{end}}", "{{not true}}", "{{len (print true)}}",
]  # fmt: skip

OPTIONS = [
    [text, "missingkey=error"]
    for text in (
        "{{data.m.a}}", "{{data.m.zz}}", "{{data.zz.y}}", "{{index data.m `zz`}}", "{{if data.zz}}a{{end}}", "{{with data.zz}}a{{end}}", "{{or data.zz 1}}", "{{.x}}", "{{$.x}}", "{{.}}", "{{(splitToMap `,` `=` `a=1`).b}}", "{{with data.m}}{{.zz}}{{end}}", "{{range $k, $v := data.m}}{{$v}}{{end}}", "{{data.nil}}", "{{data.nil.x}}", "{{print data.zz}}", "{{data.m.c.zz}}",
    )
] + [
    ["[[1]] {{2}} [[/* c */]] [[- 3 -]] x", "[[\x00]]"], ["<%1%>", "<%\x00%>"], ["((1))(( (print 2) ))", "((\x00))"], ["$1$", "$\x00$"], ["<<data.s>>", "<<\x00>>"], ["a[[data.m.a]]b[[`]]`]]", "[[\x00]]"], ["{1}", "{\x00}"], ["|1|", "|\x00|"], ["[[ data.s", "[[\x00]]"], ["<!--1-->", "<!--\x00-->"], ["--1--", "--\x00--"],
]  # fmt: skip


def cases():
    """Return every case once: a template and its options."""
    texts = [*TEXT, *CONSTANTS, *PRINTED, *VERBS, *FORMATS, *ACTIONS]
    known = dict.fromkeys(texts)
    return [[text] for text in known] + OPTIONS


if __name__ == "__main__":
    # As text, to preserve the notation of numbers.
    sys.stdout.write(f'{{"Data": {DATA}, "Cases": {json.dumps(cases())}}}')
