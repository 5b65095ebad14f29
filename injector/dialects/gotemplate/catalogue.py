"""All functions by name; a family is imported when a template uses one of its functions."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

_HERE = "injector.dialects.gotemplate.functions"
# Modules and their functions. The first two depend on the snapshot, on the machine, or on earlier
# calls, and are created for each rendering.
FAMILIES: dict[str, tuple[str, ...]] = {
    "secrets": ("pkiCert", "secret", "secrets"),
    "local": (
        "env", "envOrDefault", "executeTemplate", "file", "mustEnv", "scratch", "sockaddr",
        "timestamp", "writeToFile",
    ),
    "builtins": (
        "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not",
        "or", "print", "printf", "println", "slice", "urlquery",
    ),
    "collections": (
        "contains", "containsAll", "containsAny", "containsNone", "containsNotAll", "explodeMap",
        "in", "loop", "mergeMap", "mergeMapWithOverride",
    ),
    "documents": (
        "parseJSON", "toJSON", "toJSONPretty", "toUnescapedJSON", "toUnescapedJSONPretty",
    ),
    "encoding": (
        "base64Decode", "base64Encode", "base64URLDecode", "base64URLEncode", "hmacSHA256Hex",
        "md5sum", "sha256Hex",
    ),
    "numbers": (
        "add", "divide", "maximum", "minimum", "modulo", "multiply", "parseBool", "parseFloat",
        "parseInt", "parseUint", "subtract",
    ),
    "regex": ("regexMatch", "regexReplaceAll"),
    "sprig_encoding": (
        "sprig_adler32sum", "sprig_b32dec", "sprig_b32enc", "sprig_b64dec", "sprig_b64enc",
        "sprig_base", "sprig_clean", "sprig_dir", "sprig_duration", "sprig_durationRound",
        "sprig_ext", "sprig_isAbs", "sprig_mustRegexFind", "sprig_mustRegexFindAll",
        "sprig_mustRegexMatch", "sprig_mustRegexReplaceAll", "sprig_mustRegexReplaceAllLiteral",
        "sprig_mustRegexSplit", "sprig_osBase", "sprig_osClean", "sprig_osDir", "sprig_osExt",
        "sprig_osIsAbs", "sprig_regexFind", "sprig_regexFindAll", "sprig_regexMatch",
        "sprig_regexQuoteMeta", "sprig_regexReplaceAll", "sprig_regexReplaceAllLiteral",
        "sprig_regexSplit", "sprig_sha1sum", "sprig_sha256sum", "sprig_sha512sum", "sprig_urlJoin",
        "sprig_urlParse",
    ),
    "sprig_lists": (
        "sprig_append", "sprig_chunk", "sprig_compact", "sprig_concat", "sprig_first", "sprig_has",
        "sprig_initial", "sprig_last", "sprig_list", "sprig_mustAppend", "sprig_mustChunk",
        "sprig_mustCompact", "sprig_mustFirst", "sprig_mustHas", "sprig_mustInitial",
        "sprig_mustLast", "sprig_mustPrepend", "sprig_mustPush", "sprig_mustRest",
        "sprig_mustReverse", "sprig_mustSlice", "sprig_mustUniq", "sprig_mustWithout",
        "sprig_prepend", "sprig_push", "sprig_rest", "sprig_reverse", "sprig_slice", "sprig_tuple",
        "sprig_uniq", "sprig_without",
    ),
    "sprig_maps": (
        "sprig_deepCopy", "sprig_dict", "sprig_dig", "sprig_get", "sprig_hasKey", "sprig_keys",
        "sprig_merge", "sprig_mergeOverwrite", "sprig_mustDeepCopy", "sprig_mustMerge",
        "sprig_mustMergeOverwrite", "sprig_omit", "sprig_pick", "sprig_pluck", "sprig_set",
        "sprig_unset", "sprig_values",
    ),
    "sprig_numbers": (
        "sprig_add", "sprig_add1", "sprig_add1f", "sprig_addf", "sprig_atoi", "sprig_biggest",
        "sprig_ceil", "sprig_div", "sprig_divf", "sprig_float64", "sprig_floor", "sprig_int",
        "sprig_int64", "sprig_max", "sprig_maxf", "sprig_min", "sprig_minf", "sprig_mod",
        "sprig_mul", "sprig_mulf", "sprig_round", "sprig_seq", "sprig_sub", "sprig_subf",
        "sprig_toDecimal", "sprig_until", "sprig_untilStep",
    ),
    "sprig_text": (
        "sprig_abbrev", "sprig_abbrevboth", "sprig_camelcase", "sprig_cat", "sprig_contains",
        "sprig_hasPrefix", "sprig_hasSuffix", "sprig_indent", "sprig_initials", "sprig_join",
        "sprig_kebabcase", "sprig_lower", "sprig_nindent", "sprig_nospace", "sprig_plural",
        "sprig_quote", "sprig_repeat", "sprig_replace", "sprig_snakecase", "sprig_sortAlpha",
        "sprig_split", "sprig_splitList", "sprig_splitn", "sprig_squote", "sprig_substr",
        "sprig_swapcase", "sprig_title", "sprig_toString", "sprig_toStrings", "sprig_trim",
        "sprig_trimAll", "sprig_trimPrefix", "sprig_trimSuffix", "sprig_trimall", "sprig_trunc",
        "sprig_untitle", "sprig_upper", "sprig_wrap", "sprig_wrapWith",
    ),
    "sprig_values": (
        "sprig_all", "sprig_any", "sprig_coalesce", "sprig_deepEqual", "sprig_default",
        "sprig_empty", "sprig_fail", "sprig_fromJson", "sprig_hello", "sprig_kindIs",
        "sprig_kindOf", "sprig_mustFromJson", "sprig_mustToJson", "sprig_mustToPrettyJson",
        "sprig_mustToRawJson", "sprig_ternary", "sprig_toJson", "sprig_toPrettyJson",
        "sprig_toRawJson", "sprig_typeIs", "sprig_typeIsLike", "sprig_typeOf",
    ),
    "text": (
        "indent", "join", "replaceAll", "spew_dump", "spew_printf", "split", "splitToMap",
        "toLower", "toTitle", "toUpper", "trim", "trimPrefix", "trimSpace", "trimSuffix",
    ),
    "toml": ("toTOML",),
    "yaml": ("parseYAML", "toYAML"),
}  # fmt: skip
# Titles of the families in the documentation.
OF_FAMILY = {
    "secrets": "secrets",
    "local": "the machine, the rendering itself",
    "builtins": "Go's own",
    "collections": "lists and maps",
    "documents": "JSON",
    "encoding": "encodings and digests",
    "numbers": "numbers: from text, arithmetic",
    "regex": "regular expressions",
    "sprig_encoding": "Sprig: encodings, digests, paths, URLs, regular expressions, durations",
    "sprig_lists": "Sprig: lists",
    "sprig_maps": "Sprig: maps",
    "sprig_numbers": "Sprig: numbers",
    "sprig_text": "Sprig: text",
    "sprig_values": "Sprig: defaults, choices, types, JSON",
    "text": "text",
    "toml": "TOML",
    "yaml": "YAML",
}
LOCAL = frozenset(FAMILIES["local"])
PER_RENDERING = LOCAL.union(FAMILIES["secrets"])
_MODULES = {
    name: module
    for module, names in FAMILIES.items()
    for name in names
    if name not in PER_RENDERING
}
_CONSUL = "it queries Consul; this program only talks to Vault"
_NOMAD = "it queries Nomad; this program only talks to Vault"


def _sprig(reason: str, names: str) -> dict[str, str]:
    return {f"sprig_{name}": reason for name in names.split()}


_KEY_PAIRS = "it takes Consul's key pairs, and no function here returns any"
_DUMP = "its output is not reproducible in Go either; use toJSONPretty"
_RANDOM = "it returns a new value at each rendering, so each one would be a change"
_OF_TIME = "it depends on the time of the rendering; use `timestamp`"
_KEYS = "it needs a cryptography library; use Vault instead (pki, transit)"
REFUSED: dict[str, str] = {
    "plugin": "it would run a program during rendering; use `check` or `command`",
    "pkiSign": "it would generate a private key at every rendering; use pkiCert instead",
    "byKey": _KEY_PAIRS,
    "explode": f"{_KEY_PAIRS}; explodeMap does the same for a map",
    "spew_sdump": _DUMP,
    "spew_sprintf": _DUMP,
    **dict.fromkeys(
        (
            "byMeta", "byPort", "byTag", "caLeaf", "caRoots", "connect", "datacenters",
            "exportedServices", "key", "keyExists", "keyOrDefault", "ls", "node", "nodes",
            "partitions", "peerings", "safeLs", "safeTree", "service", "services", "tree",
        ),
        _CONSUL,
    ),
    **dict.fromkeys(
        (
            "nomadService", "nomadServices", "nomadVar", "nomadVarExists", "nomadVarList",
            "nomadVarListSafe",
        ),
        _NOMAD,
    ),
    **_sprig(
        _RANDOM,
        "bcrypt genPrivateKey htpasswd randAlpha randAlphaNum randAscii randBytes randInt"
        " randNumeric shuffle uuidv4",
    ),
    **_sprig(
        _OF_TIME,
        "ago date dateInZone dateModify date_in_zone date_modify htmlDate htmlDateInZone"
        " mustDateModify mustToDate must_date_modify now toDate unixEpoch",
    ),
    **_sprig(
        _KEYS,
        "buildCustomCert decryptAES derivePassword encryptAES genCA genCAWithKey"
        " genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey",
    ),
    **_sprig("use `env` or `mustEnv`", "env expandenv"),
    **_sprig("it would use the network during rendering", "getHostByName"),
    **_sprig("compare versions in the tool that generates the file", "semver semverCompare"),
}  # fmt: skip


class Catalogue(Mapping[str, Callable[..., Any]]):
    """The functions that are the same in every rendering, and the names of the others."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = import_module(f"{_HERE}.{_MODULES[name]}").FUNCTIONS[name]
        return function

    def __contains__(self, name: object) -> bool:
        return name in _MODULES or name in PER_RENDERING

    def __iter__(self) -> Iterator[str]:
        yield from _MODULES

    def __len__(self) -> int:
        return len(_MODULES)


CATALOGUE = Catalogue()
