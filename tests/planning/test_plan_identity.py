"""Which task an id is: what counts, what does not, and what is known of plans without digests."""

import pytest
from msgspec.structs import replace

from gitcoord.planning.plan_identity import changed_tasks, identity_of, is_another, same
from gitcoord.planning.task_texts import CUT, MOST_EACH, MOST_OF_ALL, task_texts
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Subtask, Task, TaskId

A, B, C = TaskId("1"), TaskId("2"), TaskId("3")


def entry(title: str, details: str = "", **more: str) -> Task:
    return Task(id=A, title=title, details=details, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("title", ["LOGIN", " login ", "Ｌogin"])
def test_the_same_words_are_the_same_task(title: str) -> None:
    assert same(identity_of(entry("Login", "a b")), identity_of(entry(title, "a \n b")))


def test_title_and_details_do_not_run_into_each_other() -> None:
    assert not same(identity_of(entry("a b", "c")), identity_of(entry("a", "b c")))


def test_a_description_counts_only_where_there_are_no_details() -> None:
    assert not same(identity_of(entry("a", description="x")), identity_of(entry("a", description="y")))
    assert same(identity_of(entry("a", "d", description="x")), identity_of(entry("a", "d", description="y")))


def test_without_a_digest_the_title_tells() -> None:
    old = TaskIdentity(title="Login")
    assert same(old, identity_of(entry("login", "anything")))
    assert not same(old, identity_of(entry("Billing")))


def test_new_words_for_one_half_are_not_another_task() -> None:
    before = identity_of(entry("Login", "a form"))
    assert not is_another(before, entry("Sign in", "a form"))
    assert not is_another(before, entry("Login", "a page"))
    assert is_another(before, entry("Billing", "a page"))
    assert is_another(identity_of(entry("Login")), entry("Billing"))


def test_swapped_ids_are_named_and_twins_are_not() -> None:
    one, two = identity_of(entry("one")), identity_of(entry("two"))
    swapped = changed_tasks({A: one}, {A: two, B: one}, {A: one, B: two})
    assert [(change.task, change.moved_to) for change in swapped] == [(A, B)]
    twins = changed_tasks({A: one}, {A: two, B: one}, {A: one, B: one})
    assert [(change.task, change.moved_to) for change in twins] == [(A, None)]
    assert changed_tasks({A: one}, {C: two}, {A: one}) == []


def test_texts_keep_within_their_bounds() -> None:
    part = Subtask(id=TaskId("1.1"), title="part", details="y" * (MOST_EACH - 100), test_strategy="look")
    long = Task(id=A, title="t", details="x" * MOST_EACH, subtasks=(part,))
    kept = task_texts([long])[A]
    assert kept.cut
    # A subtask's own words come first: who does it is given the whole task shortened anyway.
    assert (kept.subtasks[0].details, kept.subtasks[0].test_strategy) == (part.details, "look")
    assert kept.details.endswith(CUT)
    parts = [
        part,
        Subtask(id=TaskId("1.2"), title="next", details="z" * 500),
        replace(part, id=TaskId("1.3")),
    ]
    kept = task_texts([replace(long, description="Why", subtasks=tuple(parts))])[A]
    # Of too much only the longest is cut: no text pushes another one out.
    assert [len(one.details) // 1000 for one in kept.subtasks] == [14, 0, 14]
    assert [one.test_strategy for one in kept.subtasks] == ["look", "", "look"]
    assert (kept.title, kept.description, len(kept.details) // 1000) == ("t", "Why", 3)
    assert len(kept.details) + sum(len(one.details) for one in kept.subtasks) < MOST_EACH * 1.01
    many = [Task(id=TaskId(str(n)), title="t", details="z" * (MOST_EACH if n else 100)) for n in range(200)]
    all_kept = task_texts(many)
    assert sum(len(one.details) for one in all_kept.values()) < MOST_OF_ALL * 1.01
    assert all_kept[TaskId("0")].details == "z" * 100
    assert all_kept[TaskId("9")].details[20_000] == "z"
    half = task_texts([Task(id=A, title="t", details="\ud83d half a pair")])[A]
    assert half.details.isascii()
