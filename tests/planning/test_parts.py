"""The parts of a plan over several repositories, and what they await of each other."""

from gitcoord.planning.make_plan import build_plan
from gitcoord.planning.model import Plan
from gitcoord.planning.parts import awaited, in_dependency_order, landed_everywhere, make_part, partly_landed
from gitcoord.tasks.model import Task, TaskId, TaskList


def plan(*tasks: tuple[str, str, str]) -> Plan:
    listed = tuple(
        Task(
            id=TaskId(id),
            title=id,
            repositories=tuple(where.split()),
            depends_on=tuple(map(TaskId, needs.split())),
            modifies=("src/**",),
        )
        for id, where, needs in tasks
    )
    return build_plan(
        TaskList(tag="master", tasks=listed),
        base="main",
        strategy="multi-pr",
        max_parallel=4,
        task_branch="l{level}-t{task}",
        level_branch="level-{level}",
    )


WHOLE = plan(
    ("1", "schema", ""), ("2", "api", ""), ("3", "api", ""), ("4", "api web", "1 2"), ("5", "web", "4")
)


def part_of(name: str) -> Plan:
    return make_part(WHOLE, name, base="trunk", strategy="single-pr", awaits={})


def test_equal_paths_clash_within_a_repository_only() -> None:
    assert WHOLE.levels[0].waves == (("1", "2"), ("3",))
    assert part_of("api").levels[0].waves == (("2",), ("3",))


def test_a_part_has_its_own_tasks_and_levels() -> None:
    web = part_of("web")
    assert [level.name for level in web.levels] == ["level-1", "level-2"]
    assert (web.base, web.tasks[TaskId("4")].depends_on, web.tasks[TaskId("5")].depends_on) == (
        "trunk",
        (),
        ("4",),
    )


def test_a_task_awaits_what_is_not_in_everywhere_else() -> None:
    nothing: dict[str, set[TaskId]] = {}
    assert awaited(WHOLE, "api", nothing) == {"4": ("1",)}
    assert awaited(WHOLE, "web", nothing) == {"4": ("1", "2"), "5": ("4",)}
    some = {"schema": {TaskId("1")}, "api": {TaskId("2")}, "web": {TaskId("4")}}
    assert awaited(WHOLE, "api", some) == {}
    assert awaited(WHOLE, "web", some) == {"5": ("4",)}
    assert (landed_everywhere(WHOLE, some), partly_landed(WHOLE, some)) == ({"1", "2"}, {"4": ("api",)})


def test_a_part_waits_for_what_it_awaits() -> None:
    web = make_part(WHOLE, "web", base="main", strategy="multi-pr", awaits=awaited(WHOLE, "web", {}))
    assert web.waits_for(TaskId("4"), {}) == ["1", "2"]
    assert web.waits_for(TaskId("5"), {TaskId("4")}) == ["4"]


def test_what_others_need_lands_first() -> None:
    assert in_dependency_order(WHOLE, ["web", "api", "schema"]) == ("schema", "api", "web")
    circle = plan(("1", "a", ""), ("2", "b", "1"), ("3", "a", "2"))
    assert in_dependency_order(circle, ["b", "a"]) == ("b", "a")
