"""Names in a sentence."""

from gitcoord.text_lists import named_tasks, some


def test_a_few_names_are_all_shown() -> None:
    assert some([]) == ""
    assert some(["a", "b"], 2) == "a, b"


def test_of_many_names_the_tail_is_counted() -> None:
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_one_task_is_a_task_and_several_are_tasks() -> None:
    assert named_tasks(["3"]) == "task 3"
    assert named_tasks(["3", "4", "5"]) == "tasks 3, 4, 5"
    assert named_tasks(["3", "4", "5"], 2) == "tasks 3, 4 and 1 more"
