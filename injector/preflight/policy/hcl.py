"""Writes needs as a Vault policy, with the reasons in comments. Pure functions."""

import json
from collections.abc import Iterable

from injector.preflight.policy.need import Need
from injector.preflight.policy.needs import Needs, Unknown


def document(needs: Needs, *, file: str) -> str:
    """Return the policy for the namespace of the login.

    What it cannot express is in comments, so that it can be given to `vault policy write` as it is.
    """
    paragraphs = [_head(needs, file)]
    sections = _by_namespace((*needs.secrets, *needs.upkeep), needs.login)
    for namespace, section in sections:
        prefix = relative(namespace, needs.login)
        if len(sections) > 1 or namespace != needs.login:
            paragraphs.append(_heading(namespace, needs.login, prefix))
        for need in section:
            text = stanza(need, prefix or "")
            paragraphs.append(text if prefix is not None else _commented(text))
    paragraphs += [_unknown(unknown) for unknown in needs.unknown]
    paragraphs += [
        f"# secrets.{name}: no file uses it, so nothing asks for it" for name in needs.unused
    ]
    paragraphs.append(
        "# Only for `injector check --online`, and in Vault's policy `default` as well:\n"
        + _commented(_path("sys/capabilities-self", ("update",), None))
    )
    return "\n\n".join(paragraphs) + "\n"


def stanza(need: Need, prefix: str = "") -> str:
    """Return a path's block, preceded by why it is needed and what happens without it."""
    comments = [_one_line(f"# {reason}") for reason in need.reasons]
    if need.without:
        comments.append(f"# without it: {need.without}")
    if is_glob(need.path):
        comments.append("# A policy takes this for a pattern: it allows more than is needed.")
    return "\n".join([*comments, _path(prefix + need.path, need.capabilities, need.parameters)])


def is_glob(path: str) -> bool:
    """Return whether Vault takes a path as a pattern."""
    return path.endswith("*") or "+" in path.split("/")


def relative(namespace: str, login: str) -> str | None:
    """Return the prefix of `namespace` in a policy of `login`; None if out of its reach."""
    if namespace == login:
        return ""
    inside = f"{login}/" if login else ""
    return f"{namespace.removeprefix(inside)}/" if namespace.startswith(inside) else None


def _head(needs: Needs, file: str) -> str:
    where = f" in namespace {needs.login}," if needs.login else ""
    lines = [
        _one_line(f"# What {file} needs, and no more; made by `injector policy`."),
        f"# Write it{where} with `vault policy write NAME -`, and give NAME to the login's role.",
    ]
    if needs.unknown:
        lines.append("# INCOMPLETE: some paths depend on the values of secrets; see below.")
    return "\n".join(lines)


def _by_namespace(needs: Iterable[Need], login: str) -> list[tuple[str, list[Need]]]:
    """Return the login's namespace first, then those inside it, then the others."""
    found: dict[str, list[Need]] = {}
    for need in needs:
        found.setdefault(need.namespace, []).append(need)
    return sorted(
        found.items(),
        key=lambda item: (item[0] != login, relative(item[0], login) is None, item[0]),
    )


def _heading(namespace: str, login: str, prefix: str | None) -> str:
    title = f"# --- namespace {namespace or '(root)'} "
    title += "-" * max(80 - len(title), 3)
    if prefix is None:
        title += (
            f"\n# Not inside {login}, so no policy there reaches it. Write these in this namespace,"
            "\n# and give them to the login's entity by an identity group of this namespace:"
        )
    return title


def _path(path: str, capabilities: Iterable[str], parameters: Iterable[str] | None) -> str:
    lines = [
        f"path {_quoted(path)} {{",
        f"  capabilities = [{', '.join(map(_quoted, capabilities))}]",
    ]
    if parameters:
        lines.append("  allowed_parameters = {")
        lines += [f"    {_quoted(name)} = []" for name in parameters]
        lines.append("  }")
    return "\n".join([*lines, "}"])


def _unknown(unknown: Unknown) -> str:
    """Return a comment on what cannot be known, and what to write; a block could allow too much."""
    example = Need(f"{unknown.beginning}*", (unknown.capability,), ())
    return "\n".join(
        (
            _one_line(f"# {unknown.place}: {unknown.call}"),
            "# Which path this asks for depends on the value of a secret. Add a block for each",
            "# that it can come to, or one for all of them, which allows more than is needed:",
            _commented(_path(example.path, example.capabilities, None)),
        )
    )


def _commented(text: str) -> str:
    return "\n".join(line if line.startswith("#") else f"# {line}" for line in text.splitlines())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Keep a comment on one line, whatever a file is called."""
    return "".join(c if c.isprintable() else "?" for c in text)
