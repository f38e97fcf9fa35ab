"""Finds the tasks whose records cannot be read or continued; other tasks are not affected."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from gitcoord.git.git_cli import Oid
from gitcoord.state.journal import JournalEntry
from gitcoord.tasks.model import Finding, TaskId

_LOST = "points to no object that git can read; restore it from another clone, or delete it"
_NEWER = "was written by a newer gitcoord; upgrade gitcoord on this machine"
_FOREIGN = "was not written by gitcoord; look at it with `git show {}`, and rename or delete it"


def unusable_records(
    entries: Sequence[JournalEntry], tips: Mapping[str, Oid], broken: Collection[str], prefix: str
) -> dict[TaskId, str]:
    """Returns the reason and the fix for each task whose ref below `prefix` this gitcoord cannot continue."""
    known = {entry.commit for entry in entries}
    own = {ref: tip for ref, tip in tips.items() if ref.startswith(prefix)}
    found = dict.fromkeys([*broken, *(ref for ref, tip in own.items() if tip not in known)], _LOST)
    for ref, aliens in alien_entries(entries, own).items():
        newer = any(entry.newer for entry in aliens)
        found[ref] = _NEWER if newer else _FOREIGN.format(aliens[0].commit[:12])
    return {TaskId(ref.removeprefix(prefix)): f"{ref} {why}" for ref, why in found.items()}


def find_problems(
    entries: Sequence[JournalEntry], tips: Mapping[str, Oid], broken: Collection[str]
) -> tuple[Finding, ...]:
    """Returns warnings about refs and entries that gitcoord did not write or cannot read."""
    found = [
        f"The commit {entry.commit[:12]} ({entry.subject}) in {ref} was "
        f"{'written by a newer' if entry.newer else 'not written by'} gitcoord."
        for ref, aliens in alien_entries(entries, tips).items()
        for entry in aliens
    ]
    known = {entry.commit for entry in entries}
    for ref in (*(ref for ref, tip in tips.items() if tip not in known), *broken):
        found.append(f"{ref} cannot be read: it points to no commit, or the commit is missing.")
    return tuple(Finding(code="foreign-state", message=message) for message in found)


def alien_entries(entries: Sequence[JournalEntry], tips: Mapping[str, Oid]) -> dict[str, list[JournalEntry]]:
    """Returns, for each ref, the entries that gitcoord did not write or does not know.

    In a linear history the newest is first.
    """
    if all(entry.event is not None for entry in entries):
        return {}
    known = {entry.commit: entry for entry in entries}
    found = {ref: [one for one in _reached(known, tip) if one.event is None] for ref, tip in tips.items()}
    return {ref: aliens for ref, aliens in found.items() if aliens}


def _reached(known: Mapping[Oid, JournalEntry], tip: Oid) -> Iterator[JournalEntry]:
    todo, seen = [tip], set[Oid]()
    while todo:
        commit = todo.pop()
        if commit in known and commit not in seen:
            seen.add(commit)
            yield known[commit]
            todo += known[commit].parents
