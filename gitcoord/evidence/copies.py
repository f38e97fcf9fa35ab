"""Copies of work: squashes and rebases in the base's history, and the proof that they are what they seem.

Messages and stamps only say which commits to look at; a merge in memory decides.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from gitcoord.evidence.content import bringing_commit
from gitcoord.evidence.trailers import LANDED, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP

_SHORTEST_ID = 7
_MOST_TWINS = 50
"""So many commits are tried for a head: a longer rebase is found by its newest commits."""


def find_copies(git: Git, ancestry: Ancestry, base: Oid, heads: Collection[Oid]) -> dict[Oid, Oid]:
    """For heads that the base does not contain: its commit that holds their work all the same."""
    unknown = sorted(head for head in heads if not ancestry.recalls((base, head)))
    found = _search(git, base, unknown) if unknown else {}
    copies = {head: ancestry.remembered((base, head), partial(found.get, head)) for head in heads}
    return {head: commit for head, commit in copies.items() if commit is not None}


def _search(git: Git, base: Oid, heads: Sequence[Oid]) -> dict[Oid, Oid]:
    """All heads in a few processes; merges prove only what a trailer or a stamp points at."""
    root = git.probe("merge-base", "--octopus", base, *heads)
    fields = f"--format=%H%x1f{STAMP}%x1f%B"
    named: dict[str, list[Oid]] = {}
    stamped: list[tuple[str, Oid]] = []
    for line in _records(git, fields, f"{base}\n" + (f"^{root}\n" if root else "")):
        commit, email, time, subject, message = line.split("\x1f", 4)
        stamped.append(("\x1f".join((email, time, subject)), commit))
        for value in values(LANDED, message):
            named.setdefault(value.rpartition(" ")[2], []).append(commit)
    found = _brought(git, {head: _pointed(named, head) for head in heads})
    left = [head for head in heads if head not in found]
    if not left or {stamp for stamp, _ in stamped}.isdisjoint(_stamps(git, base, left)):
        return found
    return found | _brought(git, {head: _twins(stamped, _stamps(git, base, [head])) for head in left})


def _brought(git: Git, pointed: Mapping[Oid, Sequence[Oid]]) -> dict[Oid, Oid]:
    """For each head the commit that provably brought it, of those that point at it, newest first."""
    proved = {head: bringing_commit(git, commits, head) for head, commits in pointed.items() if commits}
    return {head: commit for head, commit in proved.items() if commit is not None}


def _pointed(named: Mapping[str, Sequence[Oid]], head: Oid) -> Sequence[Oid]:
    """The commits whose trailers name the head, by a short id perhaps, newest first."""
    if head in named:
        return named[head]
    short = (word for word in named if len(word) >= _SHORTEST_ID and head.startswith(word))
    return next((named[word] for word in short), ())


def _records(git: Git, fields: str, revisions: str) -> list[str]:
    text = git.text(
        "log", "-z", "--topo-order", "--no-show-signature", fields, "--stdin", input=revisions.encode()
    )
    return [record.strip("\n") for record in text.split("\0") if record]


def _stamps(git: Git, base: Oid, heads: Sequence[Oid]) -> set[str]:
    """Author, time and subject of the commits that only the heads have; a rebase keeps the three."""
    revisions = "".join(f"{head}\n" for head in heads) + f"^{base}\n"
    return set(_records(git, f"--format={STAMP}", revisions))


def _twins(stamped: Sequence[tuple[str, Oid]], stamps: Collection[str]) -> list[Oid]:
    """The newest of the base's commits that a rebase may have made of commits with these stamps."""
    return [commit for stamp, commit in stamped if stamp in stamps][:_MOST_TWINS]


def older_version(git: Git, tip: Oid, head: Oid) -> Oid | None:
    """The commit up to which `tip` began with commits that `head` has rewritten: same author, time, subject.

    Amending and rebasing keep the three. The first pair has to have a path in common, too.
    """
    options = ("--topo-order", "--reverse", "--no-merges", "--left-right", f"--format=%m%x1f%H%x1f{STAMP}")
    lines = git.text("log", "-z", "--no-show-signature", *options, f"{tip}...{head}")
    records = [record.strip("\n").split("\x1f") for record in lines.split("\0") if record]
    rewritten = {tuple(stamp): commit for side, commit, *stamp in records if side == ">"}
    last: Oid | None = None
    for side, commit, *stamp in records:
        twin = rewritten.get(tuple(stamp))
        if side != "<":
            continue
        if twin is None or (last is None and not _touch_alike(git, commit, twin)):
            break
        last = commit
    return last


def _touch_alike(git: Git, one: Oid, other: Oid) -> bool:
    return not _touched(git, one).isdisjoint(_touched(git, other))


def _touched(git: Git, commit: Oid) -> set[str]:
    told = git.text("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only", commit)
    return set(filter(None, told.split("\0")))
