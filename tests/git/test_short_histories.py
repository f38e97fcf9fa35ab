"""Ancestors, merge bases and forks in short histories, read in-process, are those of git."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.conflicts.fork_points import find_forks
from gitcoord.git.ancestry import Ancestry, common_base, merge_base
from gitcoord.git.git_cli import Git
from gitcoord.git.locate_repository import locate
from tests.support.git_processes import VARIABLE
from tests.support.laws import tries
from tests.support.repos import Repo

NUMBERS = st.integers(0, 30)
GRAPHS = st.lists(st.tuples(NUMBERS, st.none() | NUMBERS), min_size=3, max_size=9)


@settings(max_examples=tries(15))
@given(graph=GRAPHS, packed=st.booleans(), picked=st.lists(NUMBERS, min_size=3, max_size=3))
def test_ancestors_and_forks_are_those_of_git(
    graph: list[tuple[int, int | None]], packed: bool, picked: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        repo = Repo.create(Path(place) / "repo")
        specs: list[tuple[str, str | None, dict[str, str]]] = [("b0", None, {"0": "0"})]
        specs, merges = [*specs, ("other", None, {"other": "root"})], {}
        for number, (start, merged) in enumerate(graph, 1):
            name = f"b{number}"
            specs.append((name, "other" if start == 30 else f"b{start % number}", {str(number): name}))
            if merged is not None and f"b{merged % number}" != specs[-1][1]:
                merges[name] = f"b{merged % number}"
        repo.commit_many(specs, merges)
        if packed:
            repo.git("repack", "-adq")
        repository, asking = locate(repo.path).open(), Git(repo.path)
        repository.read_in_process()
        git = repository.git
        assert asking.commits is None
        tips = [repo.tip(f"b{number % (len(graph) + 1)}") for number in picked]
        for one in tips:
            for other in tips:
                assert merge_base(git, one, other) == merge_base(asking, one, other)
                assert Ancestry(git).contains(one, other) == Ancestry(asking).contains(one, other)
        assert common_base(git, *tips) == common_base(asking, *tips)
        found, told = (find_forks(one, tips[0], tips[1:]) for one in (git, asking))
        for tip in tips[1:]:
            assert set(found[tip].commits) == set(told[tip].commits)
            assert (found[tip].inside, set(found[tip].merge_bases)) == (
                told[tip].inside,
                set(told[tip].merge_bases),
            )


def test_in_a_short_history_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.create(tmp_path / "repo")
    start = repo.commit({"file.txt": "1"})
    side = repo.commit({"other.txt": "x"}, branch="side")
    main = repo.commit({"file.txt": "merged"}, merge=["side"])
    repository, trace = locate(repo.path).open(), tmp_path / "trace"
    repository.read_in_process()
    git = repository.git
    monkeypatch.setenv(VARIABLE, str(trace))
    assert merge_base(git, start, side) == start
    assert common_base(git, main, side, start) == start
    assert find_forks(git, start, [side, main])[side].merge_bases == (start,)
    assert not trace.exists()
