"""The law of the conflict check: asking git only about pairs that meet hides no conflict and invents none."""

import tempfile
from itertools import combinations
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitcoord.git.merges import commit_tree, merge_tree
from gitcoord.git.repository import Repository
from tests.conflicts.level import Level
from tests.support.repos import Content, Entry, executable, symlink

Tree = dict[str, Content]

DIRECTORIES = ("", "lib/", "lib/sub/", "core/", "Lib/")
PATHS = st.builds(str.__add__, st.sampled_from(DIRECTORIES), st.sampled_from(("a", "b", "A", "lib")))


def lines(seed: int) -> str:
    return "".join(f"{seed} line {number}\n" for number in range(12))


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    paths = draw(st.lists(PATHS, min_size=3, max_size=7, unique=True))
    tree: Tree = {"keep": "keep\n"}
    for seed, path in enumerate(paths):
        tree = placed(tree, path, lines(seed))
    return tree


def placed(tree: Tree, path: str, content: Content) -> Tree:
    """`tree` with `content` at `path`; what is in its way goes."""
    kept = {
        other: there
        for other, there in tree.items()
        if not other.startswith(path + "/") and not path.startswith(other + "/")
    }
    return kept | {path: content}


def moved(tree: Tree, old: str, new: str) -> Tree:
    """`tree` with the directory `old` moved to `new`."""
    inside = [path for path in tree if path.startswith(old)]
    rest = {path: content for path, content in tree.items() if path not in inside}
    for path in inside:
        rest = placed(rest, new + path.removeprefix(old), tree[path])
    return rest


@st.composite
def worked_on(draw: st.DrawFn, tree: Tree) -> Tree:
    """`tree` after some work of a kind that agents do."""
    for _ in range(draw(st.integers(1, 3))):
        action = draw(
            st.sampled_from(("edit", "edit", "add", "add", "delete", "rename", "move", "mode", "link"))
        )
        tree = tree | {"keep": "keep\n"}
        path = draw(st.sampled_from(sorted(set(tree) - {"keep"}) or ["keep"]))
        content = tree[path]
        if action == "edit" and isinstance(content, str):
            number = draw(st.integers(0, 11))
            word = draw(st.sampled_from(("one", "two")))
            tree = tree | {path: content.replace(f"line {number}\n", f"line {number} {word}\n")}
        elif action == "add":
            tree = placed(tree, draw(PATHS), lines(draw(st.integers(20, 22))))
        elif action == "delete":
            tree = {other: there for other, there in tree.items() if other != path}
        elif action == "rename":
            rest = {other: there for other, there in tree.items() if other != path}
            tree = placed(rest, draw(PATHS), content)
        elif action == "move":
            old, new = draw(st.permutations(("lib/", "core/", "lib/sub/", "new/")))[:2]
            tree = moved(tree, old, new)
        elif action == "mode" and isinstance(content, str):
            tree = tree | {path: executable(content)}
        elif action == "link" and not isinstance(content, Entry):
            tree = tree | {path: symlink("keep")}
    return tree | {"keep": "keep\n"}


@st.composite
def levels(draw: st.DrawFn) -> tuple[Tree, Tree, list[tuple[str, Tree]]]:
    """A base before and after it moved, and branches from before, from after or from another branch."""
    before = draw(trees())
    after = draw(worked_on(before))
    branches: list[tuple[str, Tree]] = []
    for _ in range(draw(st.integers(3, 6))):
        starts = [("old", before), ("main", after), ("main", after)]
        starts += [(str(n), tree) for n, (_, tree) in enumerate(branches)]
        name, tree = draw(st.sampled_from(starts))
        branches.append((name, draw(worked_on(tree))))
    return before, after, branches


def difference(old: Tree, new: Tree) -> Tree:
    gone: Tree = {path: None for path in old if path not in new}
    return gone | {path: content for path, content in new.items() if old.get(path) != content}


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(levels())
def test_pruned_verdicts_equal_the_merges_of_all_pairs(
    world: tuple[Tree, Tree, list[tuple[str, Tree]]],
) -> None:
    before, after, branches = world
    with tempfile.TemporaryDirectory() as directory:
        level = Level(Path(directory), before)
        level.repo.branch("old")
        level.repo.commit(difference(before, after), "the base moves")
        known = {"old": before, "main": after}
        for number, (start, tree) in enumerate(branches):
            level.branch(str(number), difference(known[start], tree), at=start)
            known[str(number)] = tree
        names = [str(number) for number in range(len(branches))]
        report = level.examine(*names)
        merging = [b.task for b in report.branches if b.state == "ready" and not b.base_conflicts]
        told = {pair.tasks: set(pair.conflicted_paths) for pair in report.pairs if pair.verdict == "conflict"}
        expected = truth(level, [str(name) for name in merging])
        for pair in combinations(merging, 2):
            assert (pair in told) == (pair in expected), pair


def truth(level: Level, names: list[str]) -> set[tuple[str, str]]:
    """The pairs of which one does not merge once the other has landed: every pair is merged, both ways."""
    git = Repository.discover(level.repo.path).git
    base = level.repo.tip("main")
    conflicts = set()
    for name in names:
        tip = level.repo.tip(name)
        tree = merge_tree(git, base, tip).tree
        landed = commit_tree(git, tree, [base, tip], "landed")
        for other in names:
            if other != name and not merge_tree(git, landed, level.repo.tip(other)).clean:
                conflicts.add((min(name, other), max(name, other)))
    return conflicts
