"""Which commits contain which: by their parents alone."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.git.ancestry import Ancestry, among_ancestors
from gitcoord.git.git_cli import Git
from gitcoord.git.locate_repository import locate
from tests.support.repos import Repo


def test_wrong_clocks_hide_no_ancestor(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "1"})
    # A walk by dates gives up on the base's commits, which are older than all that a task's branch has.
    inside = [repo.commit({name: "1"}, branch=name, at="main~0") for name in ("one", "two")]
    stacked = repo.commit({"three": "1"}, branch="three", at="one")
    repo._clock = 0
    repo.commit({"one": "1", "two": "1"}, merge=("one", "two"))
    for number in range(9):
        repo.commit({"n": str(number)})
    outside = [stacked, repo.commit({"x": "1"}, branch="x"), repo.commit({"y": "1"}, branch="y", orphan=True)]
    tip = repo.tip("main")
    listed = repo.git("rev-list", *inside, *outside, f"^{tip}").split()
    assert set(inside) <= set(listed)

    assert Ancestry(Git(repo.path)).contained(tip, [*inside, *outside, "0" * 40]) == set(inside)
    assert [Ancestry(Git(repo.path)).contains(tip, one) for one in (inside[0], stacked)] == [True, False]


def test_ancestors_are_the_same_ones_when_looked_for_from_what_lies_below(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    start = repo.commit({"a": "1"})
    inside = [repo.commit({name: "1"}, branch=name, at=start) for name in ("one", "two")]
    repo.commit({"one": "1", "two": "1"}, merge=("one", "two"))
    tip = repo.commit({"b": "1"})
    outside = [repo.commit({"x": "1"}, branch="x"), repo.commit({"z": "1"}, branch="z", at=start)]
    alone = repo.commit({"y": "1"}, branch="y", orphan=True)
    git = Git(repo.path)
    for commits, below in (
        ([*inside, *outside], [start, tip]),
        ([*inside, *outside, alone], [start, tip, alone]),
        ([start, *inside], [start]),
    ):
        found = among_ancestors(git, tip, commits, below)
        assert found == among_ancestors(git, tip, commits) == {start, *inside} & set(commits)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[str]]]:
    """A repository with sixty commits of many merges and roots, and the ancestors of each one."""
    repo = Repo.create(tmp_path_factory.mktemp("graph") / "repo")
    draw, oids = random.Random(7), list[str]()
    inside: dict[str, set[str]] = {}
    tree = repo.git("hash-object", "-w", "-t", "tree", "--stdin")
    for number in range(60):
        parents = draw.sample(oids[-12:], k=min(len(oids[-12:]), draw.choice((0, 1, 1, 1, 2, 2, 3))))
        named = [word for parent in parents for word in ("-p", parent)]
        oid = repo.git("commit-tree", tree, *named, "-m", f"{number}")
        oids.append(oid)
        inside[oid] = {oid}.union(*(inside[parent] for parent in parents))
    return repo.path, inside


@given(st.data())
@settings(max_examples=60)
def test_reading_in_process_finds_the_same_ancestors(
    graph: tuple[Path, dict[str, set[str]]], data: st.DataObject
) -> None:
    path, inside = graph
    repository = locate(path).open()
    repository.read_in_process()
    ancestry, oids = Ancestry(repository.git), sorted(inside, key=lambda oid: len(inside[oid]))
    for _ in range(data.draw(st.integers(1, 5))):
        tip = data.draw(st.sampled_from(oids))
        commits = data.draw(st.sets(st.sampled_from([*oids, "0" * 40]), max_size=6))
        assert ancestry.contained(tip, commits) == {oid for oid in commits if oid in inside[tip]}
