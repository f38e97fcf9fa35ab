"""Branch names: filled in plainly, and judged as git judges them."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitcoord.errors import Exit, GitcoordError
from gitcoord.planning.branch_names import fill, is_branch_name
from gitcoord.tasks.model import TaskId
from tests.planning.lists import a_plan, a_task
from tests.support.laws import tries


def test_what_is_filled_in_is_not_read_again() -> None:
    filled = fill("w/{tag}/{task}/{level}/{0}/{x}", {"tag": "{task}", "task": "{level}{", "level": "0"})
    assert filled == "w/{task}/{level}{/0/{0}/{x}"


ODD = st.lists(st.sampled_from([*"ab./-@{~^:?*[\\ \t\x7f\x01é", ".lock"]), min_size=1, max_size=8).map(
    "".join
)


@settings(max_examples=tries(40))
@given(ODD)
@example("a.lock")
@example("a.lock/b")
@example("HEAD")
@example("@")
@example("a@{b")
@example("a.")
@example("a/.b")
@example("é" * 100)
@example("--upload-pack=x")
def test_names_are_accepted_as_git_accepts_them(name: str) -> None:
    asked = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    accepted = asked.returncode == 0 and not name.startswith("-") and name not in ("HEAD", "@")
    assert is_branch_name(name) == accepted


def test_names_that_no_file_can_have_are_refused() -> None:
    assert not is_branch_name("x" * 300)
    assert not is_branch_name("x\udc80")
    assert not is_branch_name("")


@pytest.mark.parametrize(
    "id", ["../../x", "a b", "x\x1b[2J", "-", "a..b", "x.lock", "*", "\udc80", "x" * 300]
)
def test_a_task_whose_branch_git_would_refuse_is_an_error_that_names_it(id: str) -> None:
    with pytest.raises(GitcoordError) as caught:
        a_plan([a_task(1), a_task(id)], task_branch="{task}")
    assert (caught.value.code, caught.value.exit) == ("bad-branch-name", Exit.USAGE)
    assert caught.value.message.startswith(f"Task {id} would get the branch")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("ids", "task_branch", "level_branch"),
    [
        (["1", "2"], "same", "l/{level}"),
        (["1"], "l/{level}", "l/{level}"),
        (["1"], "main", "l/{level}"),
        (["1"], "main/{task}", "l/{level}"),
        (["a", "a/b"], "t/{task}", "l/{level}"),
        (["a/b", "a"], "t/{task}", "l/{level}"),
    ],
)
def test_branches_that_cannot_exist_beside_each_other_are_refused(
    ids: list[str], task_branch: str, level_branch: str
) -> None:
    with pytest.raises(GitcoordError) as caught:
        a_plan([a_task(TaskId(id)) for id in ids], task_branch=task_branch, level_branch=level_branch)
    assert (caught.value.code, caught.value.exit) == ("same-branch", Exit.USAGE)


def test_the_tag_can_be_a_part_of_the_name() -> None:
    plan = a_plan([a_task(1)], task_branch="{tag}/{level}/{task}", level_branch="{tag}/level-{level}")
    assert plan.tasks[TaskId("1")].branch == "master/0/1"
    assert plan.levels[0].branch == "master/level-0"
