"""All functions by name; those of a family are imported when a template names one of them."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from injector.compat.gotemplate.functions.builtins import BUILTINS

_HERE = "injector.compat.gotemplate.functions"
# Modules and their functions. The first two depend on the snapshot, on the machine, or on what was
# called before, and are made for each rendering.
FAMILIES: dict[str, tuple[str, ...]] = {
    "secrets": ("pkiCert", "secret", "secrets"),
    "environment": (
        "env", "envOrDefault", "executeTemplate", "file", "mustEnv", "scratch", "timestamp",
        "writeToFile",
    ),
    "collections": (
        "contains", "containsAll", "containsAny", "containsNone", "containsNotAll", "explodeMap",
        "in", "loop", "mergeMap", "mergeMapWithOverride",
    ),
    "debugging": ("spew_dump", "spew_printf"),
    "documents": (
        "parseJSON", "toJSON", "toJSONPretty", "toUnescapedJSON", "toUnescapedJSONPretty",
    ),
    "encoding": (
        "base64Decode", "base64Encode", "base64URLDecode", "base64URLEncode", "hmacSHA256Hex",
        "md5sum", "sha256Hex",
    ),
    "maths": ("add", "divide", "maximum", "minimum", "modulo", "multiply", "subtract"),
    "parsing": ("parseBool", "parseFloat", "parseInt", "parseUint"),
    "regex": ("regexMatch", "regexReplaceAll"),
    "text": (
        "indent", "join", "replaceAll", "split", "splitToMap", "toLower", "toTitle", "toUpper",
        "trim", "trimPrefix", "trimSpace", "trimSuffix",
    ),
    "toml": ("toTOML",),
    "yaml": ("parseYAML", "toYAML"),
}  # fmt: skip
# What each family is about, for people.
OF_FAMILY = {
    "secrets": "secrets",
    "environment": "the machine, and the rendering itself",
    "collections": "lists and maps",
    "debugging": "debugging",
    "documents": "JSON",
    "encoding": "encodings and digests",
    "maths": "arithmetic",
    "parsing": "text to numbers",
    "regex": "regular expressions",
    "text": "text",
    "toml": "TOML",
    "yaml": "YAML",
}
PER_RENDERING = frozenset((*FAMILIES["secrets"], *FAMILIES["environment"]))
_MODULES = {
    name: module
    for module, names in FAMILIES.items()
    for name in names
    if name not in PER_RENDERING
}
_CONSUL = "it asks Consul, and this program speaks to Vault only"
_NOMAD = "it asks Nomad, and this program speaks to Vault only"
_KEY_PAIRS = "it takes Consul's key pairs, and nothing here gives any"
_DUMP = "its text is not the same twice in Go either; use toJSONPretty"
REFUSED: dict[str, str] = {
    "plugin": "it would run a program while a template is rendered; use `check` or `command`",
    "pkiSign": "it would make a private key at every rendering; use pkiCert, whose key is Vault's",
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
}  # fmt: skip


class Catalogue(Mapping[str, Callable[..., Any]]):
    """The functions that are the same in every rendering; it knows the names of the others."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name in BUILTINS:
            return BUILTINS[name]
        function: Callable[..., Any] = import_module(f"{_HERE}.{_MODULES[name]}").FUNCTIONS[name]
        return function

    def __contains__(self, name: object) -> bool:
        return name in BUILTINS or name in _MODULES or name in PER_RENDERING

    def __iter__(self) -> Iterator[str]:
        yield from (*BUILTINS, *_MODULES)

    def __len__(self) -> int:
        return len(BUILTINS) + len(_MODULES)


CATALOGUE = Catalogue()
