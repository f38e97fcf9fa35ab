"""Merges branches that are stacked on work that the base has as other commits, after a squash or a rebase.

Git finds merge bases by commits. After a squash the base has a parent branch's changes but not its commits,
so git counts these changes as the child branch's: lines that the child reverted return, and lines that both
changed conflict. A commit with the base's tree and the landed heads as additional parents gives the merge
base that merging the parent would have given. See https://git-scm.com/docs/git-merge-base#_discussion.
"""

from collections.abc import Collection, Mapping, Sequence

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import TreeMerge, merge_tree
from gitcoord.git.write_commits import commit_to_merge_with


class Stacks:
    """Finds the branches that are stacked on landed heads.

    `landed` maps each landed head to the commit of `base` that landed it.
    """

    def __init__(self, ancestry: Ancestry, base: Oid, landed: Mapping[Oid, Oid]) -> None:
        self.base = base
        self.ancestry = ancestry
        self.landed = landed
        self._absent: dict[Oid, Oid] | None = None
        self._known: dict[Oid, tuple[Oid, ...]] = {}

    def find(self, git: Git, tips: Collection[Oid]) -> dict[Oid, tuple[Oid, ...]]:
        """Returns the stacked `tips`, each with the landed heads whose commits it has and the base lacks.

        A tip that contains the base's own commit of a landing needs no help: git's merge base is right.
        """
        fresh = {tip for tip in tips if tip not in self._known}
        heads = self._landed_elsewhere() if fresh else {}
        self._known.update(dict.fromkeys(fresh, ()))
        if heads:
            self._known.update(self._shared(git, sorted(fresh), heads))
        return {tip: self._known[tip] for tip in tips if self._known[tip]}

    def heads(self, git: Git, tip: Oid) -> tuple[Oid, ...]:
        """Returns the landed heads that `tip` is stacked on; none if git's own merge base is right."""
        return self.find(git, [tip]).get(tip, ())

    def base_for(self, git: Git, tip: Oid, *more: Oid) -> Oid:
        """Returns the commit to merge `tip` with: the base, or for a stack a synthetic commit with the base's
        tree.

        `more` are additional heads that count as landed.
        """
        return base_of_stack(git, self.base, (*self.heads(git, tip), *more))

    def merge(self, git: Git, tip: Oid) -> TreeMerge:
        """Merges `tip` onto the base, with the merge base of its own changes."""
        return merge_tree(git, self.base_for(git, tip), tip)

    def _landed_elsewhere(self) -> dict[Oid, Oid]:
        if self._absent is None:
            here = self.ancestry.existing(set(self.landed))
            inside = self.ancestry.contained(self.base, here) if here else set()
            self._absent = {head: self.landed[head] for head in sorted(here - inside)}
        return self._absent

    def _shared(self, git: Git, tips: Sequence[Oid], heads: Mapping[Oid, Oid]) -> dict[Oid, tuple[Oid, ...]]:
        request = "".join(f"{tip}\n" for tip in (*tips, *heads)) + f"^{self.base}\n"
        listing = git.text("rev-list", "--parents", "--stdin", input=request.encode())
        parents = {words[0]: words[1:] for words in map(str.split, listing.splitlines())}
        holders: dict[Oid, list[Oid]] = {}
        for head in heads:
            for commit in reached(parents, head):
                holders.setdefault(commit, []).append(head)
        found: dict[Oid, tuple[Oid, ...]] = {}
        ancestry = Ancestry(git)
        for tip in tips:
            own = reached(parents, tip)
            common = own & holders.keys()
            # If clocks were wrong, git also lists commits that the base has.
            common -= ancestry.contained(self.base, common) if common else set()
            wanted = {head for commit in common for head in holders[commit]}
            brought = ancestry.contained(tip, {heads[head] for head in wanted}) if wanted else set()
            left = tuple(sorted(head for head in wanted if heads[head] not in brought))
            if left:
                found[tip] = left
        return found


def base_of_stack(git: Git, base: Oid, heads: Sequence[Oid]) -> Oid:
    """Returns the commit to merge with a branch stacked on `heads`, which `base` has as other commits."""
    if not heads:
        return base
    return commit_to_merge_with(git, tree_of(git, base), [base, *heads])


def reached(parents: Mapping[Oid, Sequence[Oid]], tip: Oid) -> set[Oid]:
    """Returns the commits of a graph that are `tip` or its ancestors."""
    reached, todo = set[Oid](), [tip]
    while todo:
        commit = todo.pop()
        if commit in parents and commit not in reached:
            reached.add(commit)
            todo += parents[commit]
    return reached
