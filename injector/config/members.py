"""Checks the names of a bundle's members. Text only: nothing is looked up."""


def spelling_problem(member: str) -> str:
    """Return what is wrong with a member's name; empty if nothing is."""
    parts = member.split("/")
    if member.startswith("/"):
        return "must be relative: it is inside the bundle's directory"
    if ".." in parts:
        return "must not leave the bundle's directory with '..'"
    if member.startswith(".."):
        return "must not begin with '..': such names are the bundle's own"
    if "\0" in member or not {"", "."}.isdisjoint(parts):
        return "must be written without '.', empty parts and NUL characters"
    return ""
