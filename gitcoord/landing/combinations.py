"""Computes the trees of combinations: merges branches onto a base in memory, one after the other."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from gitcoord.checks.model import Checker
from gitcoord.checks.subjects import ByItself, CheckSeen, Combination, Subject
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.stacks import Stacks, base_of_stack
from gitcoord.git.write_commits import commit_to_merge_with
from gitcoord.landing.proof import ResultOf

Regenerate = Callable[[Oid], Oid | None]


class Combinations:
    """Combinations of `heads` on the base of `stacks`; their commits are in git, but no ref names them.

    `regenerate` takes a tree and returns it with its generated files updated; None if these cannot be
    generated.
    """

    def __init__(
        self, git: Git, stacks: Stacks, heads: Sequence[Oid], regenerate: Regenerate = lambda tree: tree
    ) -> None:
        self._regenerate = regenerate
        self._git = git
        self._stacks = stacks
        self._heads = heads
        self._commits: dict[Combination, Oid | None] = {(): stacks.base}
        self._trees: dict[Subject, Oid | None] = {}

    def tree(self, subject: Subject) -> Oid | None:
        """Returns the tree of `subject`; None if its branches do not merge one after the other, or if its
        files cannot be generated.
        """
        if subject not in self._trees:
            commit = self._heads[subject.branch] if isinstance(subject, ByItself) else self.commit(subject)
            tree = None if commit is None else tree_of(self._git, commit)
            made = tree is None or not subject or isinstance(subject, ByItself)
            self._trees[subject] = tree if made or tree is None else self._regenerate(tree)
        return self._trees[subject]

    def merging(self) -> tuple[int, ...]:
        """Returns the numbers of the branches that merge one after the other, without those that conflict."""
        found: Combination = ()
        for number in range(len(self._heads)):
            if self.commit((*found, number)) is not None:
                found = (*found, number)
        return found

    def commit(self, combination: Combination) -> Oid | None:
        """Returns the commit of `combination`; None if its branches do not merge one after the other."""
        if combination not in self._commits:
            before = self.commit(combination[:-1])
            self._commits[combination] = None if before is None else self._merged(before, combination[-1])
        return self._commits[combination]

    def _merged(self, before: Oid, number: int) -> Oid | None:
        head, git = self._heads[number], self._git
        merged = merge_tree(git, base_of_stack(git, before, self._stacks.heads(git, head)), head)
        if not merged.clean:
            return None
        return commit_to_merge_with(git, merged.tree, [before, head])


class RunningCombinations(Container[Subject]):
    """The subjects whose trees are being checked now."""

    def __init__(self, combinations: Combinations, checker: Checker) -> None:
        self._combinations = combinations
        self._checker = checker

    def __contains__(self, subject: object) -> bool:
        running = self._checker.running
        if not running or not isinstance(subject, tuple | ByItself):
            return False
        tree = self._combinations.tree(subject)
        return tree is not None and tree in running


class SeenCombinations(Mapping[Subject, CheckSeen]):
    """Maps subjects to the results of their trees; looks each one up when it is needed."""

    def __init__(self, combinations: Combinations, result_of: ResultOf) -> None:
        self._combinations = combinations
        self._result_of = result_of

    def __getitem__(self, subject: Subject) -> CheckSeen:
        tree = self._combinations.tree(subject)
        if tree is None:
            # There is no tree to check: after so many runs, the search asks for no further one.
            return CheckSeen(outcome="unclear", runs=99)
        result = self._result_of(tree)
        if result is None:
            raise KeyError(subject)
        return CheckSeen(outcome=result.outcome, runs=result.runs)

    def __iter__(self) -> Iterator[Subject]:
        raise NotImplementedError("supports lookups only")

    def __len__(self) -> int:
        raise NotImplementedError("supports lookups only")
