"""Task lists as values, and hypothesis strategies for them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from gitcoord.planning.make_plan import build_plan
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import ListedStatus, Subtask, Task, TaskId, TaskList

GLOBS = ("src/main.rs", "src/**", "src/api/*.rs", "*.rs", "docs", "README.md", "**/mod.rs")


def ids(*names: int | str) -> tuple[TaskId, ...]:
    return tuple(TaskId(str(name)) for name in names)


def a_task(id: int | str, *needs: int | str, **fields: Any) -> Task:
    return Task(id=TaskId(str(id)), title=f"Task {id}", depends_on=ids(*needs), **fields)


def a_subtask(id: str, *needs: str, **fields: Any) -> Subtask:
    return Subtask(id=TaskId(id), title=f"Subtask {id}", depends_on=ids(*needs), **fields)


def listed(*tasks: Task, tag: str = "master") -> TaskList:
    return TaskList(tag=tag, tasks=tasks)


def a_plan(tasks: Iterable[Task], **options: Any) -> Plan:
    defaults: dict[str, Any] = {
        "base": "main",
        "strategy": "single-pr",
        "max_parallel": 4,
        "task_branch": "feature/level-{level}-task-{task}",
        "level_branch": "feature/level-{level}-implementation",
    }
    return build_plan(listed(*tasks), **(defaults | options))


def waves_of(plan: Plan) -> list[list[list[str]]]:
    """The ids of every wave of every level."""
    return [[[str(task) for task in wave] for wave in level.waves] for level in plan.levels]


def marked(tasks: Sequence[Task], status: ListedStatus, *which: int | str) -> list[Task]:
    """`tasks` with another status for some of them."""
    chosen = ids(*which)
    return [_with(task, status=status) if task.id in chosen else task for task in tasks]


def _with(task: Task, **changes: Any) -> Task:
    import msgspec

    return msgspec.structs.replace(task, **changes)


@st.composite
def task_lists(draw: st.DrawFn, most: int = 12, clashing: bool = True) -> list[Task]:
    """Lists without circles, in any file order, with hints of every kind."""
    count = draw(st.integers(1, most))
    tasks = []
    for number in range(count):
        needs = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        hints: Mapping[str, Any] = {}
        if clashing:
            hints = {
                "modifies": tuple(draw(st.lists(st.sampled_from(GLOBS), unique=True, max_size=2))),
                "conflicts_with": ids(*draw(st.lists(st.integers(0, count), max_size=1))),
                "parallel_safe": draw(st.integers(0, 9)) > 0,
            }
        minutes = draw(st.none() | st.integers(1, 90) | st.floats(0.1, 90))
        tasks.append(a_task(number, *needs, estimate=minutes, **hints))
    return draw(st.permutations(tasks))
