"""What counts as landed: each row of the table in ARCHITECTURE.md, by real histories."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence.histories import LINES, History, lines, naming
from tests.support.repos import executable, submodule

Row = Callable[[History], str]


def merged(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    history.merge(head)
    return head


def merged_by_a_person_who_kept_nothing_of_it(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    history.merge(head, "--strategy", "ours")
    return head


def fast_forwarded(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    history.repo.git("merge", "--quiet", "--ff-only", head)
    return head


def named_squash(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"}, {"shared.txt": lines(_2="two")})
    history.repo.commit({"shared.txt": lines(_20="twenty")})
    return history.squash(head, naming("2", head))


def named_squash_quoted_later(history: History) -> str:
    made = named_squash(history)
    head = history.repo.tip(history.branch("2"))
    history.repo.commit({"later.txt": "1\n"}, naming("2", head))
    return made


def squash_of_two_tasks(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two"), "two.txt": "2\n"})
    other = history.work("3", {"shared.txt": lines(_20="twenty")})
    both = history.repo.commit(
        {"shared.txt": lines(_2="two", _20="twenty"), "two.txt": "2\n"}, branch="both", at=head
    )
    return history.squash(both, naming("2", head, ("3", other)))


def squash_named_by_a_short_id(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    return history.squash(head, naming("2", head[:9]))


def squash_named_under_another_task(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    return history.squash(head, naming("3", head))


def squash_onto_a_renamed_file(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two")})
    history.repo.commit({"shared.txt": None, "renamed.txt": LINES})
    return history.squash(head, naming("2", head))


def squash_of_modes_and_submodules(history: History) -> str:
    head = history.work("2", {"run.sh": executable("echo\n"), "lib": submodule("1" * 40)})
    history.repo.commit({"else.txt": "1\n"})
    return history.squash(head, naming("2", head))


def squash_of_nothing(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"}, {"two.txt": None})
    return history.squash(head, naming("2", head))


def picked_from_another_branch(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    picked = history.repo.commit({"two.txt": "2\n"}, naming("2", head), branch="release", at="main")
    history.repo.commit({"else.txt": "1\n"})
    history.merge(picked)
    return picked


def rebased(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"}, {"shared.txt": lines(_2="two")})
    history.repo.commit({"shared.txt": lines(_20="twenty")})
    return history.rebase(head)


def rebased_without_what_the_base_had(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_9="nine")}, {"two.txt": "2\n"})
    history.repo.commit({"shared.txt": lines(_9="nine")}, "somebody did the same")
    return history.rebase(head)


def rebased_over_a_part_of_one_commit(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two", _9="nine")})
    history.repo.commit({"shared.txt": lines(_9="nine")}, "somebody took a line over")
    return history.rebase(head)


def rebased_and_picked_in_part_again(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two")}, {"shared.txt": lines(_2="two", _9="nine")})
    made = history.rebase(head)
    history.repo.commit({"shared.txt": lines(_2="edited", _9="edited")}, "somebody edits both lines")
    history.repo.commit({"shared.txt": lines(_2="two", _9="edited")}, "away")
    history.repo.git("commit", "--quiet", "--amend", "--no-edit", f"--reuse-message={made}~1")
    return made


def carried_by_what_is_stacked_on_it(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    top = history.work("3", {"two.txt": None, "three.txt": "3\n"}, at=head)
    return history.squash(top, naming("3", top))


def squashed_by_a_person(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    made = history.squash(head, "In my own words")
    history.merged_pull("2", head, made)
    return made


def squashed_while_gitcoord_merged_the_base_into_the_branch(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    history.repo.commit({"elsewhere.txt": "1\n"})
    history.update("2", head)
    made = history.squash(head, "In my own words")
    history.merged_pull("2", head, made)
    return made


def settled_in_the_forge(history: History) -> str:
    head = history.work("2", {"shared.txt": lines(_2="two")})
    history.repo.commit({"shared.txt": lines(_2="deux")})
    settled = history.repo.commit({"shared.txt": lines(_2="two, deux")}, branch="settled", at=head)
    made = history.squash(head, "Squash", tree=history.repo.tree(settled))
    history.merged_pull("2", settled, made)
    return made


def merged_with_commits_that_were_never_fetched(history: History) -> str:
    head = history.work("2", {"two.txt": "2\n"})
    made = history.squash(head, "Squash")
    history.merged_pull("2", "1" * 40, made)
    return made


def merged_by_a_person_while_started(history: History) -> str:
    history.start("2")
    head = history.repo.commit({"two.txt": "2\n"}, branch=history.branch("2"))
    made = history.squash(head, "In my own words")
    history.repo.git("branch", "--quiet", "-D", history.branch("2"))
    history.merged_pull("2", head, made)
    return made


LANDED_ROWS: list[Row] = [
    merged,
    merged_by_a_person_who_kept_nothing_of_it,
    fast_forwarded,
    named_squash,
    named_squash_quoted_later,
    squash_of_two_tasks,
    squash_named_by_a_short_id,
    squash_named_under_another_task,
    squash_onto_a_renamed_file,
    squash_of_modes_and_submodules,
    squash_of_nothing,
    picked_from_another_branch,
    rebased,
    rebased_without_what_the_base_had,
    rebased_over_a_part_of_one_commit,
    rebased_and_picked_in_part_again,
    carried_by_what_is_stacked_on_it,
    squashed_by_a_person,
    squashed_while_gitcoord_merged_the_base_into_the_branch,
    settled_in_the_forge,
    merged_with_commits_that_were_never_fetched,
    merged_by_a_person_while_started,
]


@pytest.mark.parametrize("row", LANDED_ROWS, ids=lambda row: row.__name__)
def test_what_the_base_provably_has_counts(row: Row, tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    made = row(history)
    assert history.landed()["2"].commit == made
    # A branch of which the base has no change any more is kept, unless the forge merged it.
    if row not in (merged_by_a_person_while_started, carried_by_what_is_stacked_on_it):
        assert history.spent("2")
