"""Looks up facts about commits: their trees, first parents, and the paths that differ between two."""

from collections.abc import Collection

from gitcoord.git.git_cli import Git, Oid


def tree_of(git: Git, commit: Oid) -> Oid:
    """Returns the id of a commit's tree."""
    known = git.commits.commit(commit) if git.commits is not None else None
    return known.tree if known is not None else git.text("rev-parse", "--verify", f"{commit}^{{tree}}")


def trees_of(git: Git, commits: Collection[Oid]) -> dict[Oid, Oid]:
    """Returns the tree of each commit."""
    reader = git.commits
    read = {one: reader.commit(one) for one in commits} if reader is not None else {}
    known = {commit: found.tree for commit, found in read.items() if found is not None}
    wanted = sorted(set(commits) - known.keys())
    if not wanted:
        return known
    request = "".join(f"{commit}^{{tree}}\n" for commit in wanted).encode()
    answer = git.text("cat-file", "--batch-check=%(objectname)", input=request)
    return known | dict(zip(wanted, answer.splitlines(), strict=True))


def first_parents(git: Git, commits: Collection[Oid]) -> dict[Oid, Oid]:
    """Returns the first parent of each commit that has one in this repository."""
    wanted = sorted(commits)
    request = "".join(f"{commit}^1\n" for commit in wanted).encode()
    answer = git.text("cat-file", "--batch-check=%(objectname)", input=request) if wanted else ""
    found = zip(wanted, answer.splitlines(), strict=True)
    return {commit: parent for commit, parent in found if " " not in parent}


def paths_between(git: Git, old: Oid, new: Oid) -> set[str]:
    """Returns the paths that differ between two commits, including both names of a renamed file."""
    options = ("-r", "--name-only", "-z", "--no-renames", "--ignore-submodules=none")
    told = git.text("diff-tree", *options, old, new)
    return set(filter(None, told.split("\0")))
