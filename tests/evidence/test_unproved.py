"""What does not count as landed, whatever is said of it: rows of the table in ARCHITECTURE.md."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence.histories import History, lines, naming
from tests.support.repos import executable

Row = Callable[[History], str]


def quoted_by_a_person(history: History) -> str:
    """The one shared line is another one there, and the file of its own is nowhere."""
    head = history.work("2", {"shared.txt": lines(_2="two"), "two.txt": "2\n"})
    return history.repo.commit({"shared.txt": lines(_2="deux")}, naming("2", head))


def quoted_by_another_tasks_worker(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two"), "two.txt": "2\n"})
    other = history.work("3", {"shared.txt": lines(_2="three")})
    return history.squash(other, naming("2", head, ("3", other)))


def quoted_where_nothing_was_done(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    return history.repo.commit({"else.txt": "1\n"}, naming("2", head))


def named_without_all_of_its_files(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n", "shared.txt": lines(_2="two")})
    return history.repo.commit({"shared.txt": lines(_2="two")}, naming("2", head))


def named_without_its_mode(history: History) -> str:
    head = history.work("2", {"run.sh": executable("echo\n"), "two.txt": "2\n"})
    return history.repo.commit({"two.txt": "2\n"}, naming("2", head))


def named_by_a_first_commit(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    other = history.repo.commit({"else.txt": "1\n"}, naming("2", head), branch="other", orphan=True)
    return history.merge(other, "--allow-unrelated-histories")


def rebased_without_one_of_its_commits(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"}, {"shared.txt": lines(_2="two")})
    history.repo.commit({"else.txt": "1\n"})
    return history.rebase(f"{head}~1")


def the_same_patch_but_for_white_space(history: History) -> str:
    head = history.work("2", {"code.py": "if a:\n    b()\n    c()\n"})
    history.repo.commit({"else.txt": "1\n"})
    tree = history.repo.commit({"code.py": "if a:\n    b()\n c()\n"}, branch="aside")
    return _with_stamp_of(history, head, tree)


def another_mode_by_the_same_patch(history: History) -> str:
    head = history.work("2", {"run.sh": executable("echo\n")})
    history.repo.commit({"run.sh": executable("echo\n"), "else.txt": "1\n"})
    tree = history.repo.commit({"run.sh": "echo\n"}, branch="aside")
    return _with_stamp_of(history, head, tree)


def _with_stamp_of(history: History, head: str, like: str) -> str:
    """A commit on the base that a rebase of `head` could have made, by author, time and subject."""
    email, when, subject = history.repo.git("log", "-1", "--format=%ae%n%at%n%s", head).split("\n")
    who = (f"--author=A Worker <{email}>", f"--date={when} +0000")
    history.repo.git("checkout", "--quiet", "main")
    history.repo.git("read-tree", "-u", "--reset", like)
    history.repo.git("commit", "--quiet", *who, "--message", subject)
    return history.repo.tip("main")


def merged_at_another_head(history: History) -> str:
    earlier = history.work("2", {"two.txt": "2\n"})
    made = history.squash(earlier, "In my own words")
    history.merged_pull("2", earlier, made)
    history.work("2", {"more.txt": "2\n"})
    return made


def merged_into_what_was_reset(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    made = history.squash(head, "In my own words")
    history.repo.git("reset", "--quiet", "--hard", f"{made}~1")
    history.merged_pull("2", head, made)
    return made


def closed_unmerged(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    history.merged_pull("2", head, None, state="closed")
    return head


def earlier_work_of_a_reused_name(history: History) -> str:
    head = history.repo.commit({"two.txt": "an earlier task\n"}, branch=history.branch("2"))
    made = history.squash(head, "In my own words")
    history.repo.git("branch", "--quiet", "-D", history.branch("2"))
    history.merged_pull("2", head, made)
    history.start("2")
    return made


def merged_in_part_while_the_branch_has_more(history: History) -> str:
    history.start("2")
    head = history.repo.commit({"two.txt": "2\n"}, branch=history.branch("2"))
    made = history.squash(head, "The first part")
    history.repo.commit({"more.txt": "2\n"}, branch=history.branch("2"))
    history.merged_pull("2", head, made)
    return made


def merged_while_an_attempt_is_running(history: History) -> str:
    history.start("2", attempt=True)
    head = history.repo.commit({"two.txt": "2\n"}, branch=history.branch("2"))
    made = history.squash(head, "In my own words")
    history.merged_pull("2", head, made)
    return made


def merged_before_anybody_began(history: History) -> str:
    """Nothing tells whose work it was: names of branches come again."""
    head = history.repo.commit({"two.txt": "2\n"}, branch=history.branch("2"))
    made = history.squash(head, "In my own words")
    history.repo.git("branch", "--quiet", "-D", history.branch("2"))
    history.merged_pull("2", head, made)
    return made


def just_made(history: History) -> str:
    history.repo.branch(history.branch("2"))
    return history.repo.commit({"else.txt": "1\n"}, naming("2", history.first))


NOT_LANDED_ROWS: list[Row] = [
    quoted_by_a_person,
    quoted_by_another_tasks_worker,
    quoted_where_nothing_was_done,
    named_without_all_of_its_files,
    named_without_its_mode,
    named_by_a_first_commit,
    rebased_without_one_of_its_commits,
    the_same_patch_but_for_white_space,
    another_mode_by_the_same_patch,
    merged_at_another_head,
    merged_into_what_was_reset,
    closed_unmerged,
    earlier_work_of_a_reused_name,
    merged_in_part_while_the_branch_has_more,
    merged_while_an_attempt_is_running,
    merged_before_anybody_began,
    just_made,
]


@pytest.mark.parametrize("row", NOT_LANDED_ROWS, ids=lambda row: row.__name__)
def test_what_nothing_proves_does_not_count(row: Row, tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    row(history)
    assert "2" not in history.landed()
    if row not in (earlier_work_of_a_reused_name, merged_before_anybody_began, just_made):
        assert history.spent("2") == (row is merged_while_an_attempt_is_running)
