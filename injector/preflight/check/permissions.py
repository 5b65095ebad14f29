"""Compares what the token may do with what is needed: too little, and too much."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from injector.base.errors import DeniedError, InjectorError
from injector.config.rules.names import issues
from injector.preflight.check.engines import check_engines
from injector.preflight.check.excess import LEAST, Place, Probes, Rights, is_own, too_much
from injector.preflight.check.finding import Finding, note, ok, problem, warning
from injector.preflight.policy import Need, Needs
from injector.preflight.policy.hcl import relative
from injector.sources.vault import Token, Transport
from injector.sources.vault.inspection import capabilities

ABOUT = "permissions"


async def check_permissions(
    transport: Transport, token: Token, needs: Needs, stranger: str
) -> list[Finding]:
    """Ask about everything that is needed, and about what nothing needs.

    `stranger` is a name that does not exist: whatever is allowed there, a wildcard allows.
    """
    if token.uses and not token.ours:
        text = "not checked: each request would use up one of those that the token is good for"
        return [note(ABOUT, text)]
    wanted = {place(need, needs.login): need for need in (*needs.secrets, *needs.upkeep)}
    secrets = (place(need, needs.login) for need in needs.secrets)
    probes = Probes(tuple(at for at in secrets if not is_own(at)), needs.login, stranger)
    try:
        rights = await _rights(transport, token, {*wanted, *probes.places()})
    except DeniedError:
        remedy = "allow update on sys/capabilities-self, as Vault's policy `default` does"
        return [warning(ABOUT, "the token's permissions cannot be checked", remedy)]
    except InjectorError as exc:
        return [problem(ABOUT, str(exc), like=exc)]
    wanted = _applying(wanted, rights, needs.login)
    mounted: list[Finding] = []
    meant: Mapping[Place, str] = {}
    # Another request could use up a token with limited uses, and its refusal would be
    # misunderstood.
    if not token.uses:
        mounted = await check_engines(transport, token, wanted, rights)
        meant = await _meant(transport, token, wanted, rights, needs.login)
    extra = (warning(ABOUT, text, LEAST) for text in too_much(wanted, probes, rights))
    return [*judge(wanted, rights, meant), *mounted, *extra, *_unknown(needs)]


def place(need: Need, login: str) -> Place:
    """Return the path as a policy in namespace `login` writes it, or as its own namespace does."""
    prefix = relative(need.namespace, login)
    if prefix is None:
        return Place(need.namespace, need.path)
    return Place(login, prefix + need.path)


async def _rights(transport: Transport, token: Token, places: Iterable[Place]) -> Rights:
    by_namespace: dict[str, list[str]] = defaultdict(list)
    for at in places:
        by_namespace[at.namespace].append(at.path)
    found: dict[Place, tuple[str, ...]] = {}
    for namespace, paths in by_namespace.items():
        said = await capabilities(transport, token, sorted(paths), namespace=namespace)
        found |= {Place(namespace, path): allowed for path, allowed in said.items()}
    return found


def _applying(wanted: Mapping[Place, Need], rights: Rights, login: str) -> dict[Place, Need]:
    """Leave out needs that are satisfied by an alternative path."""
    enough = {at for at, need in wanted.items() if not _missing(need, rights[at])}
    left: dict[Place, Need] = {}
    for at, need in wanted.items():
        other = place(replace(need, path=need.instead), login)
        if not need.instead or at in enough or other not in enough | set(left):
            left[at] = need
    return left


async def _meant(
    transport: Transport, token: Token, wanted: Mapping[Place, Need], rights: Rights, login: str
) -> dict[Place, str]:
    """Return the intended path if a path is denied, but the same with `data/` is allowed."""
    forms: dict[Place, tuple[Place, str]] = {}
    for at, need in wanted.items():
        if need.without or need.instead or need.capabilities != ("read",):
            continue
        if _missing(need, rights[at]):
            parts = need.path.split("/")
            for end in range(1, len(parts)):
                form = "/".join([*parts[:end], "data", *parts[end:]])
                forms[place(replace(need, path=form), login)] = at, form
    if not forms:
        return {}
    allowed = await _rights(transport, token, forms)
    return {at: form for where, (at, form) in forms.items() if "read" in allowed[where]}


def judge(
    wanted: Mapping[Place, Need], rights: Rights, meant: Mapping[Place, str]
) -> Iterator[Finding]:
    """Report what the token lacks, and what to add to its policy."""
    lacking = 0
    for at, need in wanted.items():
        missing = _missing(need, rights[at])
        if not missing:
            continue
        lacking += 1
        text = f"{at}: the token may not {' and '.join(missing)}"
        remedy = f"add to its policy: {_block(at.path, need)}"
        if at in meant:
            remedy = f"write {meant[at]}, which it may read: KV version 2 has `data/` in its paths"
        elif need.capabilities == ("read",) and issues(need.path):
            remedy = "give the secret `params`: this path makes a credential, and cannot be read"
        elif need.instead:
            remedy += f", or {_block(need.instead, need)}: that which the mount's version has"
        text = f"{text} ({'; '.join(need.reasons)})"
        if need.without:
            yield warning(ABOUT, f"{text}: without it, {need.without}", remedy).at(need.where)
        else:
            yield problem(ABOUT, text, remedy, like=DeniedError).at(need.where)
    if not lacking:
        yield ok(ABOUT, f"all of the {len(wanted)} paths that are needed are allowed")


def _missing(need: Need, allowed: Collection[str]) -> list[str]:
    return [] if "root" in allowed else [each for each in need.capabilities if each not in allowed]


def _block(path: str, need: Need) -> str:
    quoted = ", ".join(f'"{each}"' for each in need.capabilities)
    return f'path "{path}" {{ capabilities = [{quoted}] }}'


def _unknown(needs: Needs) -> Iterator[Finding]:
    for unknown in needs.unknown:
        text = f"{unknown.place}: {unknown.call} depends on a secret, so its path was not checked"
        yield note(ABOUT, text)
