"""Plans of heads that were there before."""

from gitcoord.planning.adopted import AdoptedHead, KnownTask, adopted_plan, name_heads
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId


def head(branch: str, pull: int | None = None, *needs: str) -> AdoptedHead:
    return AdoptedHead(branch=branch, commit=f"tip of {branch}", title=branch, pull=pull, needs=needs)


def plan(saved: Plan | None, *heads: AdoptedHead, **journal: KnownTask) -> Plan:
    known = {TaskId(task.removeprefix("t")): one for task, one in journal.items()}
    return adopted_plan(saved, heads, base="main", strategy="multi-pr", journal=known)[0]


def levels(made: Plan) -> dict[str, tuple[str, ...]]:
    return {level.name: level.tasks for level in made.levels}


def test_a_pull_request_is_known_by_its_number_and_a_branch_by_its_name() -> None:
    made = plan(None, head("agent/one", 12), head("agent/two"), head("lisa:fix", 15), head("7"))
    assert {task: one.branch for task, one in made.tasks.items()} == {
        "12": "agent/one",
        "agent-two": "agent/two",
        "15": "lisa:fix",
        "branch-7": "7",
    }
    assert made.adopted
    assert levels(made) == {"adopted-1": ("12", "agent-two", "15", "branch-7")}


def test_an_id_stands_for_one_branch_until_that_has_landed_and_for_no_other_afterwards() -> None:
    first = plan(None, head("a/b"), head("c"))
    assert plan(first, head("a/b", 20), head("c")).tasks.keys() == {"a-b", "c"}
    assert plan(first, head("a-b"), head("a/b")).tasks.keys() == {"a-b", "a-b-2", "c"}
    landed = {TaskId("a-b"): KnownTask(branch="a/b", landed=True)}
    assert name_heads([head("a/b")], None, landed) == {"a/b": "a-b-2"}
    assert name_heads([head("a/b", 20)], None, landed) == {"a/b": "20"}
    merged = {TaskId("20"): KnownTask(branch="a/b", landed=True)}
    assert name_heads([head("a/b", 20)], None, merged) == {"a/b": "20"}
    assert name_heads([head("a/b", 21)], None, merged) == {"a/b": "21"}


def test_what_needs_what_is_said_by_branches_and_weighs_what_waits_for_it() -> None:
    made = plan(None, head("one", 1), head("two", 2, "one", "elsewhere"), head("three", 3, "two"))
    assert {task: one.depends_on for task, one in made.tasks.items()} == {"1": (), "2": ("1",), "3": ("2",)}
    assert [one.estimate for one in made.tasks.values()] == [3.0, 2.0, 1.0]


def test_each_selection_is_a_level_and_a_head_is_in_the_newest_that_names_it() -> None:
    first = plan(None, head("one", 1), head("two", 2), head("three", 3))
    again = plan(first, head("one", 1), head("two", 2), head("three", 3))
    assert again == first
    second = plan(first, head("three", 3), head("four", 4))
    assert levels(second) == {"adopted-1": ("1", "2"), "adopted-2": ("3", "4")}
    gone = plan(second, head("five", 5), t1=KnownTask(branch="one", landed=True))
    assert levels(gone) == {"adopted-1": ("1", "2"), "adopted-2": ("3", "4"), "adopted-3": ("5",)}
    landed = {
        f"t{task}": KnownTask(branch=branch, landed=True) for task, branch in {"1": "one", "2": "two"}.items()
    }
    assert levels(plan(gone, head("six", 6), **landed)).keys() == {"adopted-2", "adopted-3", "adopted-4"}


def test_a_head_that_comes_again_under_another_id_leaves_its_older_level() -> None:
    """A branch that landed and has more work since, or whose pull request was closed and opened anew."""
    first = plan(None, head("a/b"), head("other", 2, "a/b"))
    landed = {"ta-b": KnownTask(branch="a/b", landed=True)}
    again = plan(first, head("a/b", 20), **landed)
    assert levels(again) == {"adopted-1": ("2",), "adopted-2": ("20",)}
    assert again.tasks[TaskId("2")].depends_on == ("20",)
    reopened = plan(plan(None, head("one", 1), head("two", 2)), head("one", 3))
    assert levels(reopened) == {"adopted-1": ("2",), "adopted-2": ("3",)}


def test_a_level_branch_is_one_that_is_not_there_yet() -> None:
    heads = [head("one", 1)]
    made, level = adopted_plan(
        None, heads, base="main", strategy="single-pr", journal={}, branches={"gitcoord/adopted-1"}
    )
    assert level.branch == "gitcoord/adopted-2"
    assert made.level_of(TaskId("1")) == level
