"""What the token may do, beside what is needed: too little, and too much."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from injector.check import engines
from injector.check.excess import LEAST, Place, Probes, Rights, is_own, too_much
from injector.check.finding import Finding, note, ok, problem, warning
from injector.errors import DeniedError, InjectorError
from injector.policy import Need, Needs
from injector.policy.hcl import relative
from injector.vault import Token, Transport
from injector.vault.inspection import capabilities

ABOUT = "permissions"


async def look(transport: Transport, token: Token, needs: Needs, stranger: str) -> list[Finding]:
    """Ask about everything that is needed, and about what nobody needs.

    `stranger` is a name that nothing has: whatever is allowed there, a wildcard allows.
    """
    if token.uses and not token.ours:
        text = (
            "not asked: each question would use up one of the requests that the token is good for"
        )
        return [note(ABOUT, text)]
    wanted = {place(need, needs.login): need for need in (*needs.secrets, *needs.upkeep)}
    secrets = (place(need, needs.login) for need in needs.secrets)
    probes = Probes(tuple(at for at in secrets if not is_own(at)), needs.login, stranger)
    try:
        rights = await _rights(transport, token, {*wanted, *probes.places()})
    except DeniedError:
        remedy = "allow update on sys/capabilities-self, as Vault's policy `default` does"
        return [warning(ABOUT, "what the token may do cannot be asked", remedy)]
    except InjectorError as exc:
        return [problem(ABOUT, str(exc), like=exc)]
    # A question more would use up a token of few uses, and its refusal would be taken for another.
    mounted = [] if token.uses else await engines.look(transport, token, wanted, rights)
    extra = (warning(ABOUT, text, LEAST) for text in too_much(wanted, probes, rights))
    return [*judge(wanted, rights), *mounted, *extra, *_unknown(needs)]


def place(need: Need, login: str) -> Place:
    """Return where a policy for `login` says it; outside of that only its own namespace can."""
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


def judge(wanted: Mapping[Place, Need], rights: Rights) -> Iterator[Finding]:
    """Say what the token lacks, and what has to be added to its policy."""
    lacking = 0
    for at, need in wanted.items():
        missing = [each for each in need.capabilities if each not in rights[at]]
        if not missing or "root" in rights[at]:
            continue
        lacking += 1
        text = f"{at}: the token may not {' and '.join(missing)}"
        quoted = ", ".join(f'"{each}"' for each in need.capabilities)
        remedy = f'add to its policy: path "{at.path}" {{ capabilities = [{quoted}] }}'
        text = f"{text} ({'; '.join(need.reasons)})"
        if need.without:
            yield warning(ABOUT, f"{text}: without it, {need.without}", remedy)
        else:
            yield problem(ABOUT, text, remedy, like=DeniedError)
    if not lacking:
        yield ok(ABOUT, f"all of the {len(wanted)} paths that are needed are allowed")


def _unknown(needs: Needs) -> Iterator[Finding]:
    for unknown in needs.unknown:
        text = f"{unknown.place}: {unknown.call} depends on a secret, so its path was not asked"
        yield note(ABOUT, text)
