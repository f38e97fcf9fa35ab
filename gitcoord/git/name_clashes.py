"""Ref names that exclude each other: git keeps refs like files, so none can be another's directory."""

from collections.abc import Iterable, Mapping


def name_clashes(wanted: Iterable[str], known: Iterable[str], *, ignore_case: bool = False) -> dict[str, str]:
    """Each of the `wanted` refs that cannot be made, with one of the `known` refs that is in its way.

    `ignore_case`: the file system takes names for the same that differ in case only (`core.ignorecase`).
    """
    names = {_key(name, ignore_case): name for name in known}
    below: dict[str, str] = {}
    for key, name in names.items():
        below.update(dict.fromkeys(_directories(key), name))
    return {ref: other for ref in wanted if (other := _in_the_way(ref, _key(ref, ignore_case), names, below))}


def _in_the_way(ref: str, key: str, names: Mapping[str, str], below: Mapping[str, str]) -> str | None:
    same = names.get(key, ref)
    if same != ref:
        return same
    return below.get(key) or next((names[one] for one in _directories(key) if one in names), None)


def _key(name: str, ignore_case: bool) -> str:
    return name.casefold() if ignore_case else name


def _directories(name: str) -> list[str]:
    """The names that a ref takes as directories, below `refs/heads`."""
    parts = name.split("/")
    return ["/".join(parts[:length]) for length in range(3, len(parts))]
