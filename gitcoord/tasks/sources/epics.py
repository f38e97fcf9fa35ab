"""Epics: issues that are done when their sub-issues are.

Dependents of an epic wait for its sub-issues, and these wait for the epic's dependencies.
"""

from collections.abc import Collection, Mapping


def resolved_needs(
    id: str,
    needs: Mapping[str, Collection[str]],
    parents: Mapping[str, Collection[str]],
    below: Mapping[str, Collection[str]],
    epics: Collection[str],
) -> list[str]:
    """Returns the dependencies of an issue and of all issues above it; replaces epics with their issues."""
    own: dict[str, None] = {}
    for here in (id, *above(id, parents)):
        own.update(dict.fromkeys(needs[here]))
    found: dict[str, None] = {}
    looked: set[str] = set()
    waiting = list(own)
    while waiting:
        need = waiting.pop(0)
        if need in looked:
            continue
        looked.add(need)
        if need in epics:
            waiting += below[need]
        else:
            found[need] = None
    return list(found)


def above(id: str, parents: Mapping[str, Collection[str]]) -> list[str]:
    """Returns the issues above `id`, the nearest first."""
    found: list[str] = []
    waiting = list(parents[id])
    while waiting:
        here = waiting.pop(0)
        if here not in found and here != id:
            found.append(here)
            waiting += parents[here]
    return found
