"""Heads that conflict with the base, and landed with a conflict resolved on the level branch."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence.histories import History, lines, naming
from tests.support.repos import Content

Row = Callable[[History], str]


def resolve(history: History, head: str, shared: str, more: dict[str, Content] | None = None) -> str:
    """Merges the base into the level branch at `head`, and resolves `shared.txt`; returns the tip."""
    branch = history.plan.levels[0].branch
    files = {"shared.txt": shared, **(more or {})}
    side = history.repo.commit(files, branch="resolution", at=head)
    tree, main = history.repo.tree(side), history.repo.tip("main")
    merge = history.repo.git("commit-tree", tree, "-p", head, "-p", main, "-m", "Merge main")
    history.repo.git("update-ref", f"refs/heads/{branch}", merge)
    return merge


def conflicting(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two"), "two.txt": "2\n"})
    history.repo.commit({"shared.txt": lines(_2="deux")})
    return head


def squashed(history: History) -> str:
    head = conflicting(history)
    tip = resolve(history, head, lines(_2="two, deux"))
    return history.squash(tip, naming("2", head))


def squashed_after_more_of_the_base(history: History) -> str:
    head = conflicting(history)
    tip = resolve(history, head, lines(_2="two, deux"))
    history.repo.commit({"elsewhere.txt": "1\n"})
    return history.squash(tip, naming("2", head))


def squashed_before_the_branch_moved_on(history: History) -> str:
    made = squashed(history)
    history.repo.commit({"later.txt": "by hand\n"}, branch=history.plan.levels[0].branch)
    return made


def squashed_and_quoted_later(history: History) -> str:
    made = squashed(history)
    head = history.repo.tip(history.branch("2"))
    history.repo.commit({"elsewhere.txt": "1\n"}, naming("2", head))
    return made


def squashed_and_once_more_without_a_change(history: History) -> str:
    made = squashed(history)
    head = history.repo.tip(history.branch("2"))
    history.onto_main(history.repo.tree("main"), naming("2", head))
    return made


@pytest.mark.parametrize(
    "row",
    [
        squashed,
        squashed_after_more_of_the_base,
        squashed_before_the_branch_moved_on,
        squashed_and_quoted_later,
        squashed_and_once_more_without_a_change,
    ],
    ids=lambda row: row.__name__,
)
def test_what_landed_with_its_conflict_resolved_counts(row: Row, tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    made = row(history)
    assert history.landed()["2"].commit == made


def quoted_while_the_branch_waits(history: History) -> str:
    head = conflicting(history)
    resolve(history, head, lines(_2="two, deux"))
    return history.repo.commit({"shared.txt": lines(_2="deux", _9="nine")}, naming("2", head))


def quoted_of_a_branch_that_dropped_the_work(history: History) -> str:
    head = conflicting(history)
    resolve(history, head, lines(_2="deux"), {"two.txt": None})
    return history.repo.commit({"elsewhere.txt": "1\n"}, naming("2", head))


def quoted_with_a_part_of_the_branch(history: History) -> str:
    head = conflicting(history)
    resolve(history, head, lines(_2="two, deux"))
    return history.repo.commit({"shared.txt": lines(_2="two, deux")}, naming("2", head))


def squashed_without_naming_it(history: History) -> str:
    """Another task's landing: its trailer says nothing of this one."""
    head = conflicting(history)
    tip = resolve(history, head, lines(_2="two, deux"))
    return history.squash(tip, naming("3", history.first))


@pytest.mark.parametrize(
    "row",
    [
        quoted_while_the_branch_waits,
        quoted_of_a_branch_that_dropped_the_work,
        quoted_with_a_part_of_the_branch,
        squashed_without_naming_it,
    ],
    ids=lambda row: row.__name__,
)
def test_a_quoted_head_on_a_resolved_branch_does_not_count(row: Row, tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    row(history)
    assert "2" not in history.landed()
    assert not history.spent("2")
