"""Templates of every construct and function, for the real agent and for us.

What the language itself does is judged by Go (folder `go`); these are about secrets and functions.
"""

# ruff: noqa: E501 - templates are lines, with odd characters on purpose

# Written as they are, since the server keeps how numbers of KV version 1 are spelt.
KV2 = r"""{
 "user": "app", "password": "p\"w'$ #ä", "port": 5432, "ratio": 1.50, "big": 12345678901234567890, "e": 1e3,
 "on": true, "off": false, "none": null, "empty": "", "dash-key": "dashed", "number": "42", "yes": "yes",
 "hosts": ["a", "b", "c"], "mixed": [1, "two", 2.5, null, true, {"k": "v"}, [1, 2]], "no": [],
 "map": {"b": 2, "a": "x", "nested": {"deep": {"er": "!"}}}, "nothing": {}, "lines": "one\ntwo\n", "spaces": "  x y  ",
 "uni": "héllo ☃ 😀 \u2028", "html": "<a href=\"x\">'&'</a>", "ctl": "\u0001\b\f\t", "json": "{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null}}",
 "yaml": "a: 1\nb:\n  - x\n  - z: 2.5\n", "csv": "k1=v1,k2=v2,bad", "b64": "aGVsbG8=", "url": "https://u:p@host:8443/p/a?q=1#f",
 "flat": {"a/b/c": "1", "a/b/d": "2", "e": "3"}, "version": "1.20.3", "words": "one two  three"
}"""
KV1 = r"""{"user": "old", "f": 1.50, "e": 1e3, "one": 1.0, "big": 12345678901234567890123, "data": {"x": 1}}"""

APP = '{{with secret "secret/data/ours/app"}}{{with .Data.data}}%s{{end}}{{end}}'
V1 = '{{with secret "kv1/ours/app"}}{{with .Data}}%s{{end}}{{end}}'

SECRETS = [
    '{{with secret "secret/data/ours/app"}}{{.Data.data.user}}{{end}}', '{{with secret "secret/ours/app"}}{{.Data.data.user}}{{end}}', '{{with secret "kv1/ours/app"}}{{.Data.user}}{{end}}',
    '{{with secret "/secret/data/ours/app/"}}{{.Data.data.user}}{{end}}', '{{with secret " secret/data/ours/app "}}{{.Data.data.user}}{{end}}', '{{$s := secret "secret/data/ours/app"}}{{$s.Data.data.user}}',
    '{{(secret "secret/data/ours/app").Data.data.user}}', '{{with (secret "secret/data/ours/app").Data.data}}{{.user}}{{end}}', '{{with $x := secret "secret/data/ours/app"}}{{$x.Data.data.user}}{{end}}',
    '{{with secret (printf "secret/data/%s/app" "ours")}}{{.Data.data.user}}{{end}}', '{{with "secret/data/ours/app" | secret}}{{.Data.data.user}}{{end}}',
    '{{with secret "secret/data/ours/app?version=1"}}{{.Data.data.user}}{{end}}', '{{with secret "secret/ours/two?version=1"}}{{.Data.data.v}}{{end}}', '{{with secret "secret/ours/two"}}{{.Data.data.v}}{{.Data.metadata.version}}{{.Data.metadata.destroyed}}{{.Data.metadata.custom_metadata}}{{end}}',
    '{{with secret "secret/data/ours/app"}}{{.LeaseID}}|{{.LeaseDuration}}|{{.Renewable}}|{{.Warnings}}|{{.Auth}}|{{.WrapInfo}}|{{printf "%T" .Data.metadata.version}}{{end}}', '{{with secret "kv1/ours/app"}}{{.LeaseDuration}}|{{printf "%T %v" .LeaseDuration .Data.e}}{{end}}',
    '{{secrets "secret/metadata/ours"}}', '{{secrets "secret/ours/"}}', '{{secrets "secret/ours"}}', '{{secrets "kv1/ours"}}', '{{secrets "secret/not/there"}}', '{{secrets "kv1/nope"}}', '{{range secrets "secret/ours/many/"}}{{.}},{{end}}', '{{len (secrets "secret/ours/many")}}', '{{if secrets "secret/none"}}a{{else}}b{{end}}', '{{range secrets "secret/none"}}a{{else}}none{{end}}',
    '{{range secrets "secret/metadata/ours/many"}}{{with secret (printf "secret/data/ours/many/%s" .)}}{{.Data.data.n}};{{end}}{{end}}', '{{range $i, $k := secrets "secret/ours/many"}}{{$i}}={{$k}} {{end}}', '{{secrets "secret/ours/many" | join ","}}', '{{secrets "secret/ours/many" | toJSON}}', '{{secrets "" | toJSON}}',
    '{{with secret "secret/data/ours/app"}}{{range $k, $v := .Data.data}}{{$k}}={{$v}}\n{{end}}{{end}}', '{{with secret "secret/data/ours/app"}}{{.Data.data}}{{end}}', '{{with secret "kv1/ours/app"}}{{.Data}}{{end}}', '{{with secret "kv1/ours/app"}}{{range $k, $v := .Data}}{{$k}}:{{$v}} {{end}}{{end}}',
    '{{with secret "secret/data/ours/app"}}{{.Data.data.missing}}|{{.Data.nope}}|{{index .Data.data "x-y"}}{{end}}', '{{with secret "secret/data/ours/app"}}{{if .Data.data.missing}}a{{else}}b{{end}}{{with .Data.data.missing}}c{{end}}{{end}}', '{{with secret "secret/data/ours/app"}}{{index .Data.data "dash-key"}}{{index .Data "data" "map" "a"}}{{end}}',
    '{{with secret "secret/data/ours/app"}}{{with secret "kv1/ours/app"}}{{.Data.user}}{{end}}{{.Data.data.user}}{{end}}', '{{if secret "secret/data/ours/app"}}yes{{end}}', '{{if and (secret "secret/data/ours/app") (secret "kv1/ours/app")}}both{{end}}', '{{with secret "secret/data/ours/pointer"}}{{with secret .Data.data.path}}{{.Data.data.user}}{{end}}{{end}}',
    '{{define "t"}}{{with secret .}}{{.Data.data.user}}{{end}}{{end}}{{template "t" "secret/data/ours/app"}}', '{{define "t"}}{{with secret "kv1/ours/app"}}{{.Data.user}}{{end}}{{end}}{{executeTemplate "t"}}', '{{$u := ""}}{{with secret "secret/data/ours/app"}}{{$u = .Data.data.user}}{{end}}{{$u}}', '{{with secret "secret/data/ours/app"}}{{scratch.Set "u" .Data.data.user}}{{end}}{{scratch.Get "u"}}',
    '{{with secret "secret/data/ours/app"}}{{if eq .Data.data.user "app"}}{{with secret "kv1/ours/app"}}{{.Data.user}}{{end}}{{end}}{{end}}', "{{secret}}", '{{with secret "sys/tools/hash/sha2-256" "input=aGVsbG8="}}{{.Data.sum}}{{end}}', '{{with secret "sys/tools/hash/sha2-256" "input=aGVsbG8=" "format=base64"}}{{.Data.sum}}{{end}}', '{{with secret "sys/tools/hash/sha2-256" " format = base64 " "" "input=aGVsbG8="}}{{.Data.sum}}{{end}}',
    '{{with secret "secret/data/ours/app"}}{{printf "%v" .Data.data.map}}{{print .Data.data.port .Data.data.ratio}}{{println .Data.data.user}}{{end}}',
    '{{- with secret "secret/data/ours/app" -}}\nexport USER="{{ .Data.data.user }}"\nexport PASSWORD={{ .Data.data.password }}\n{{- end -}}\n', '{{ with secret "secret/data/ours/app" }}{\n  "user": {{ .Data.data.user | toJSON }},\n  "hosts": {{ .Data.data.hosts | toJSON }}\n}{{ end }}', '{{/* comment */}}\n{{- with secret "secret/data/ours/app" }}\n[db]\nuser = {{ .Data.data.user }}\n{{- range $i, $h := .Data.data.hosts }}\nhost{{ $i }} = {{ $h }}\n{{- end }}\n{{- end }}\n', '{{ with secret "secret/data/ours/app" }}\r\nuser={{ .Data.data.user }}\r\n{{ end }}\r\n',
]  # fmt: skip

VALUES = [
    ".user", ".password", ".port", ".ratio", ".big", ".e", ".on", ".none", ".empty", ".number", ".hosts", ".mixed", ".no", ".map", ".nothing", ".lines", ".spaces", ".uni", ".html", ".ctl", ".flat", ".missing", "1", "-2.5", '"x"', "nil", "(parseInt .number)", "(parseFloat .number)", "(parseJSON .json)", "(split `,` .csv)", "(splitToMap `,` `=` .csv)", "(parseYAML .yaml)",
]  # fmt: skip
# Functions of one value, whatever it is.
UNARY = [
    "toJSON", "toJSONPretty", "toUnescapedJSON", "toUnescapedJSONPretty", "toYAML", "print", 'printf "%v %q"', "contains 1", "in (parseJSON `[1]`)",
]  # fmt: skip

FUNCTIONS = [
    "base64Decode .b64", "base64Encode .uni", "base64URLEncode `a?>~`", "base64URLDecode `YT8-fg==`", "base64Decode ``", "base64Encode ``", "base64Decode `aGVs\nbG8=`",
    'contains "a" .hosts', 'contains "z" .hosts', 'contains "ell" "hello"', 'in .hosts "b"', 'in "hello" "l"', "in .mixed 1", "in .mixed `two`", "contains 1 (parseJSON `[1]`)", "contains 1.0 (parseJSON `[1]`)", "in (split `,` `a,b`) `a`", "containsAll .hosts .hosts", "containsAny .hosts .hosts", "containsNone .hosts .hosts", "containsNotAll .hosts .hosts", "containsAll .mixed .hosts", "containsAny .no .hosts", "containsNone .no .hosts", "containsAll .no .hosts", "containsNotAll .no .hosts", "containsAll .hosts .user", "in 1 2", "in nil 1", "in .none 1",
    "explodeMap .flat", "explodeMap .map", "explodeMap .nothing", "mergeMap (parseJSON .json) .flat", "mergeMapWithOverride (parseJSON .json) .flat", 'mergeMap (parseJSON `{"a":1,"m":{"x":1,"e":""}}`) (parseJSON `{"a":2,"b":3,"m":{"x":2,"y":3,"e":"f"}}`)', 'mergeMapWithOverride (parseJSON `{"a":1,"m":{"x":1}}`) (parseJSON `{"a":2,"b":"","m":{"x":2,"y":3}}`)', 'mergeMapWithOverride (parseJSON `{"a":1,"b":2,"l":[1]}`) (parseJSON `{"a":"","b":0,"l":[2]}`)',
    "indent 4 .lines", "indent 0 .lines", "indent 2 ``", "indent 2 `a\n\nb`", ".lines | indent 2", 'join "-" (split "," "a,b")', 'join "-" (secrets "secret/none")', 'replaceAll "l" "L" "hello"', 'replaceAll "" "-" "ab"', '"hello" | replaceAll "l" ""', 'split "," "a,b,,c"', 'split "" "abc"', 'split "," " "', 'split "," " a , b "', 'splitToMap "," "=" .csv', 'splitToMap "," "=" ""', 'splitToMap "," ":" "a:b:c,d"',
    'trim "x" "xxaxx"', 'trim "xy" "xyaxy"', 'trim "" "a"', 'trimPrefix "a" "aab"', 'trimSuffix "b" "abb"', "trimSpace .spaces", '"\\u00a0 x\\t" | trimSpace', "toLower `ÄBC ẞ`", "toUpper `äbc ß`", "toTitle `hello wORLD o'neil foo-bar x_y 1st`", "toTitle `élan vital`", "toTitle ``",
    "parseBool `true`", "parseBool `0`", "parseBool ``", "parseFloat `1.5`", "parseFloat `1e21`", "parseFloat ``", "parseFloat `inf`", "parseFloat `0x1p-2`", "parseFloat `.5`", "parseInt `-7`", "parseInt `+7`", "parseInt ``", "parseUint `7`", "parseJSON .json", "parseJSON ``", "parseJSON `[1e6,1.0,123456789,0.1,1e21,1e-7]`", 'parseJSON `"\\ud83d\\ude00"`', "(parseJSON .json).a", "index (parseJSON .json).a 1", "(parseYAML .yaml).b", "parseYAML ``", 'parseYAML `[1, 1.5, yes, ~, 0x10, 010, "q"]`', "parseYAML `a: {b: c}`", "parseYAML `- x\n- y`", "parseYAML `1: x`", "parseYAML `12`", "parseYAML `text`", "parseYAML `a: 2001-01-01`", "parseYAML `{a: 1.0, b: 1e3, c: .inf, d: 12:30}`", "parseYAML `a: &x 1\nb: *x`", "parseYAML `<<: {a: 1}\nb: 2`",
    "toJSON .", "toJSONPretty .map", "toYAML .map", "toYAML .mixed", "toYAML .", "toTOML .map", 'toTOML (parseJSON `{"a":1,"b":{"c":[{"x":1},{"x":2}]},"d":[],"e":1.5,"g":"q\\\\\\"\\n","h i":{"j.k":1},"l":[[1,2],["a"]],"z":true}`)', 'toTOML (parseJSON `{"t":{"u":{"v":1}},"a":{"b":1,"c":{"d":2}},"n":null,"em":{}}`)', 'toTOML (parseJSON `{"x":[{"y":[{"z":1}]}],"f":1000000,"m":[1,{"a":2}]}`)', "toTOML .flat", 'toYAML (parseJSON `{"a10":1,"a9":2,"B":4,"b":5,"é":6,"_":7,"":8,"1":9,"a":{"-":1}}`)', 'toYAML (parseJSON `[[1,[2]],{"a":[]},{},1e21,0.00001]`)', "toYAML (parseYAML .yaml)", "toJSON (parseYAML .yaml)", "toUnescapedJSON .html", "toJSON (splitToMap `,` `=` .csv)", "toYAML .json", "toYAML .lines", "toYAML .yaml",
    'regexMatch "^h.*o$" "hello"', 'regexMatch "x" "hello"', 'regexReplaceAll "l+" "L" "hello"', 'regexReplaceAll "(h)(.)" "$2$1" "hello"', 'regexReplaceAll "(?P<a>l)" "<${a}>" "hello"', 'regexReplaceAll "" "-" "abc"', 'regexReplaceAll "b*" "-" "abc"', 'regexReplaceAll "(a)" "$1x" "aa"', 'regexReplaceAll "(a)" "${1}x" "aa"', 'regexReplaceAll "a" "$$" "aa"', 'regexMatch "^[[:alpha:]]+$" "abc"', 'regexMatch "\\\\d+" "a1"', 'regexMatch "a$" "a\\n"', 'regexReplaceAll "(?i)HELLO" "x" "hello"', 'regexReplaceAll "[^a-z]" "" "a1b2"', 'regexReplaceAll "(?m)^" "> " "a\\nb"', 'regexReplaceAll "\\\\s+" " " .words', 'regexMatch "a|b" "b"', 'regexReplaceAll "(x)?a" "[$1]" "a"', 'regexReplaceAll "\\\\bo" "0" "one two"', 'regexMatch "\\\\Aa\\\\z" "a"', 'regexReplaceAll "\\\\Qa.b\\\\E" "x" "a.b"', 'regexReplaceAll "a{2}" "x" "aaa"', 'regexReplaceAll "a+?" "x" "aaa"', 'regexReplaceAll "[[:^alpha:]]" "" "a1"', 'regexReplaceAll "\\\\pL" "x" "aé1"', 'regexReplaceAll "." "x" "é"', 'regexMatch "(?s)a.b" "a\\nb"',
    "sha256Hex .user", "md5sum .user", "hmacSHA256Hex .user .password", "sha256Hex ``", "sha256Hex .uni",
    "add 1 2", "add 1 2.5", "subtract 1 3", "multiply 2 3", "divide 2 7", "divide 2 -7", "divide 2.0 7", "modulo 3 10", "modulo 3 -10", "minimum 1 2", "maximum 1 2", "minimum 1.5 2", "maximum 1 2.5", "add (parseInt `1`) 2", "add (parseUint `1`) 2", "subtract (parseUint `1`) (parseUint `3`)", "printf `%T` (add 1 2)", "printf `%T` (add (parseUint `1`) (parseUint `2`))", "printf `%T` (maximum 1 2.5)", "add 9223372036854775807 1", "multiply 4611686018427387904 2", "add 1 (len .hosts)", "divide 0.0 1.0", "subtract 2 (parseInt .number)",
    "loop 0 | len", "env `OURS`", "env `NOT_SET_AT_ALL`", "envOrDefault `OURS` `d`", "envOrDefault `NOT_SET_AT_ALL` `d`", "envOrDefault `EMPTY` `d`", "mustEnv `OURS`", "file `/etc/hostname`", "file ``", "spew_dump .", "spew_printf `%v` .user", "scratch.Key `a`", "len (scratch.MapValues `a`)",
]  # fmt: skip

STATEMENTS = [
    "{{range loop 3}}{{.}}{{end}}", "{{range $i, $e := loop 2 4}}{{$i}}{{$e}},{{end}}", "{{range loop `2`}}{{.}}{{end}}", "{{range loop 3 1}}x{{else}}none{{end}}", "{{range loop 2}}{{if .}}{{break}}{{end}}{{.}}{{end}}",
    "{{define `a`}}<{{.}}>{{end}}{{executeTemplate `a` 1}}{{executeTemplate `a`}}{{executeTemplate `a` nil}}", '{{define `a`}}{{.user}}{{end}}{{executeTemplate `a` (parseJSON `{"user":"u"}`) | toUpper}}',
    "{{scratch.Set `a` 1}}{{scratch.Get `a`}}{{scratch.SetX `a` 2}}{{scratch.Get `a`}}{{scratch.SetX `b` 2}}{{scratch.Get `b`}}{{scratch.Get `c`}}{{scratch.Key `a`}}{{scratch.Key `c`}}", "{{scratch.MapSet `m` `k` `v`}}{{scratch.MapSet `m` `b` `w`}}{{scratch.MapSetX `m` `k` `no`}}{{scratch.MapValues `m`}}{{scratch.Get `m`}}{{scratch.MapValues `none`}}{{range scratch.MapValues `m`}}{{.}};{{end}}",
    "{{$x := 0}}{{range $i, $e := split `,` `a,b,c`}}{{$x = add $x 1}}{{end}}{{$x}}", '{{range $k, $v := parseJSON `{"b":1,"a":2,"10":3,"9":4}`}}{{$k}}={{$v}} {{end}}', "{{with parseYAML `a: [1, 2]`}}{{range .a}}{{.}}{{end}}{{end}}", "{{range $k, $v := parseYAML `{b: 1, a: 2, 3: x, true: y}`}}{{$k}}={{$v}} {{end}}", "{{range $i, $l := split `\n` `a\nb`}}{{if $i}}, {{end}}{{$l}}{{end}}", "{{if parseBool `1`}}t{{end}}", "{{with env `OURS`}}{{.}}{{else}}unset{{end}}", "{{if env `NOPE_NOPE`}}a{{else}}b{{end}}", "{{print (env `OURS`) 1 2}}", "{{timestamp `x` | len}}", "{{range 3}}{{.}}{{end}}", "{{`a,b` | split `,` | join `;` | toUpper | printf `[%s]`}}", "{{ `x` | toJSON }}", "{{ toJSON `<x>` }}", "{{ len (parseJSON `[1,2]`) }}", '{{ index (parseJSON `{"a-b":1}`) `a-b` }}', '{{ (parseJSON `{"a":{"b":1}}`).a.b }}', "{{ printf `%.2f` (parseFloat `1.005`) }}", "{{ printf `%d` (parseInt `5`) }}", "{{ printf `%T %T %T %T` (parseJSON `1`) (parseYAML `1`) (parseUint `1`) (loop 1) }}", "{{ with loop 1 }}{{ range . }}{{ . }}{{ end }}{{ end }}",
]  # fmt: skip

# What the agent does not render, and why we do not either. Each costs a run of its own.
REFUSED = [
    '{{secret "secret/data/ours/app"', "{{foo}}", '{{key "a"}}', "{{.Data.my-key}}", "{{parseInt `x`}}", "{{parseJSON `{`}}", "{{mustEnv `NOT_SET_AT_ALL`}}", "{{loop 1}}", "{{indent -1 `x`}}", "{{add 1 `a`}}", "{{regexMatch `(` `a`}}", "{{base64Decode `!`}}", "{{executeTemplate `nope`}}", "{{secret `a` `b`}}", '{{explodeMap (parseJSON `{"a":1,"a/b":2}`)}}', "{{timestamp `a` `b`}}", "{{index (split `,` `a`) 5}}", "{{split `,`}}", "{{default `x` .a}}", "{{modulo 1.5 2}}",
]  # fmt: skip
STRICT = [
    '{{with secret "secret/data/ours/app"}}{{.Data.data.user}}{{end}}', '{{with secret "secret/data/ours/app"}}{{.Data.data.missing}}{{end}}', '{{with secret "secret/data/ours/app"}}{{index .Data.data "missing"}}{{end}}', '{{with secret "secret/data/ours/app"}}{{if .Data.data.missing}}a{{end}}{{end}}',
]  # fmt: skip


def templates() -> list[str]:
    """Return every template that the agent renders, once."""
    found = [*SECRETS, *STATEMENTS]
    found += [APP % f"{{{{{call}}}}}" for call in FUNCTIONS]
    found += [APP % f"{{{{{function} {value}}}}}" for function in UNARY for value in VALUES]
    found += [V1 % f"{{{{{value} | {function}}}}}" for value in (".f", ".e", ".one", ".big", ".") for function in ("print", "toJSON", "toYAML", "printf `%v`")]  # fmt: skip
    found += [V1 % "{{toTOML .}}"]
    return list(dict.fromkeys(found))
