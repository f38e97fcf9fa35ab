"""Finds squashed and rebased copies of work in the base's history, and proves them by content.

Trailers and stamps only select the commits to check; a merge in memory decides.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from gitcoord.evidence.proof_by_content import proved_commit
from gitcoord.evidence.trailer_syntax import LANDED, values
from gitcoord.git.ancestry import Ancestry, common_base
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP

_SHORTEST_ID = 7
_MOST_TWINS = 50
"""The largest number of commits to try for a head; a longer rebase is found by its newest commits."""


def find_copies(git: Git, ancestry: Ancestry, base: Oid, heads: Collection[Oid]) -> dict[Oid, Oid]:
    """Returns, for heads that the base does not contain, the base's commit that landed their changes.

    Leaves out heads without such a commit.
    """
    unknown = sorted(head for head in heads if not ancestry.recalls((base, head)))
    found = _search(git, ancestry, base, unknown) if unknown else {}
    copies = {head: ancestry.remembered((base, head), partial(found.get, head)) for head in heads}
    return {head: commit for head, commit in copies.items() if commit is not None}


def naming_commits(git: Git, ancestry: Ancestry, base: Oid, head: Oid) -> Sequence[Oid]:
    """Returns the base's commits whose trailers name `head`, newest first; the base must lack `head`."""
    newest = ("named", base, head)
    if ancestry.recalls(newest) and ancestry.remembered(newest, lambda: None) is None:
        return ()
    return _pointed(_read_base(git, base, [head]).named, head)


class _BaseHistory(NamedTuple):
    """The base's commits, newest first: by the heads that their trailers name, and with their stamps."""

    named: Mapping[str, Sequence[Oid]]
    stamped: Sequence[tuple[str, Oid]]


def _read_base(git: Git, base: Oid, heads: Sequence[Oid]) -> _BaseHistory:
    """Reads the base's commits since the last commit that the base and all heads have in common."""
    root = common_base(git, base, *heads)
    if root == base:
        return _BaseHistory({}, ())  # The heads contain all of the base.
    fields = f"--format=%H%x1f{STAMP}%x1f%B"
    named: dict[str, list[Oid]] = {}
    stamped: list[tuple[str, Oid]] = []
    for line in _records(git, fields, f"{base}\n" + (f"^{root}\n" if root else "")):
        commit, email, time, subject, message = line.split("\x1f", 4)
        stamped.append(("\x1f".join((email, time, subject)), commit))
        for value in values(LANDED, message):
            named.setdefault(value.rpartition(" ")[2], []).append(commit)
    return _BaseHistory(named, stamped)


def _search(git: Git, ancestry: Ancestry, base: Oid, heads: Sequence[Oid]) -> dict[Oid, Oid]:
    """Searches for all heads with a few processes; tries only commits that a trailer or stamp points to."""
    named, stamped = _read_base(git, base, heads)
    pointed = {head: _pointed(named, head) for head in heads}
    for head, commits in pointed.items():
        ancestry.remembered(("named", base, head), partial(next, iter(commits), None))
    found = _proved_commits(git, pointed)
    left = [head for head in heads if head not in found]
    if not left or {stamp for stamp, _ in stamped}.isdisjoint(_stamps(git, base, left)):
        return found
    twins = {head: _twins(stamped, _stamps(git, base, [head])) for head in left}
    return found | _proved_commits(git, twins, copies=True)


def newest_copies(git: Git, base: Oid, tips: Sequence[Oid]) -> dict[Oid, Oid]:
    """Returns, for each tip that has one, the base's newest copy of one of the tip's own commits."""
    root = common_base(git, base, *tips) if tips else base
    if root == base:
        return {}
    fields = f"--format=%H%x1f{STAMP}"
    lines = _records(git, fields, f"{base}\n" + (f"^{root}\n" if root else ""))
    stamped = [(stamp, commit) for commit, _, stamp in (line.partition("\x1f") for line in lines)]
    known = {stamp for stamp, _ in stamped}
    own = {tip: known & _stamps(git, base, [tip]) for tip in tips}
    return {tip: _twins(stamped, stamps)[0] for tip, stamps in own.items() if stamps}


def _proved_commits(
    git: Git, pointed: Mapping[Oid, Sequence[Oid]], *, copies: bool = False
) -> dict[Oid, Oid]:
    """Returns, for each head with a proof, the commit that landed it.

    `pointed` has the candidates of each head, newest first.
    """
    proved = {
        head: proved_commit(git, commits, head, copies=copies) for head, commits in pointed.items() if commits
    }
    return {head: commit for head, commit in proved.items() if commit is not None}


def _pointed(named: Mapping[str, Sequence[Oid]], head: Oid) -> Sequence[Oid]:
    """The commits whose trailers name the head, perhaps by a short id, newest first."""
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
    """Author, time and subject of the heads' own commits; a rebase keeps these three."""
    revisions = "".join(f"{head}\n" for head in heads) + f"^{base}\n"
    return set(_records(git, f"--format={STAMP}", revisions))


def _twins(stamped: Sequence[tuple[str, Oid]], stamps: Collection[str]) -> list[Oid]:
    """The newest commits of the base with one of these stamps, which a rebase may have made."""
    return [commit for stamp, commit in stamped if stamp in stamps][:_MOST_TWINS]


def older_version(git: Git, tip: Oid, head: Oid) -> Oid | None:
    """Returns the commit up to which `head` has the commits of `tip` in a rewritten form; else None.

    A rewritten commit has the same author, time and subject, which amend and rebase keep. The oldest commit
    and its rewritten form must also have a changed path in common.
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
