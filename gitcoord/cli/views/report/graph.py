"""Lays out a report's dependency graph: a column for each level; boxes, curves in pixels. Draws nothing."""

from collections.abc import Mapping, Sequence

import msgspec
from rich.cells import cell_len, set_cell_size

from gitcoord.cli.views.output import clean
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.progress.make_picture import Parent, Picture, UnitState
from gitcoord.tasks.model import TaskId

MOST_TASKS = 250
_WIDTH, _GAP_X, _GAP_Y, _HIGH = 178, 44, 12, 44
_DOT, _DOT_GAP, _WAVE_GAP, _PER_ROW = 8, 3, 6, 13
_TOP = 34
_LETTERS = 23


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """One subtask in its parent's box."""

    x: int
    y: int
    state: UnitState
    tip: str


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One task."""

    id: str
    title: str
    tip: str
    state: UnitState
    critical: bool
    x: int
    y: int
    height: int
    dots: tuple[Dot, ...]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One dependency, as the path of an SVG; `ends` are the boxes' ids."""

    path: str
    critical: bool
    ends: tuple[str, str]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """The heading of a level."""

    x: int
    text: str


class GraphPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The complete graph; `left_out`: the number of dependencies that it omits, because others imply them."""

    width: int
    height: int
    box_width: int
    columns: tuple[Column, ...]
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]
    left_out: int


def lay_out(plan: Plan, picture: Picture, critical: frozenset[str]) -> GraphPicture | None:
    """Returns the plan's graph with the `critical` tasks marked; None for no tasks, or too many to read."""
    if not plan.tasks or len(plan.tasks) > MOST_TASKS:
        return None
    parents = {parent.id: parent for parent in picture.parents}
    edges, left_out = _needed_edges(plan)
    columns: list[Column] = []
    boxes: dict[TaskId, Box] = {}
    for place, level in enumerate(plan.levels):
        x = place * (_WIDTH + _GAP_X)
        waves = f", {len(level.waves)} waves" if len(level.waves) > 1 else ""
        columns.append(Column(x=x, text=f"{level.name}{waves}"))
        y = _TOP
        for task in _ordered(level, edges, boxes):
            box = _box(parents[task], x, y, task in critical)
            boxes[task] = box
            y += box.height + _GAP_Y
    return GraphPicture(
        width=len(plan.levels) * (_WIDTH + _GAP_X) - _GAP_X,
        height=max(box.y + box.height for box in boxes.values()) + 4,
        box_width=_WIDTH,
        columns=tuple(columns),
        boxes=tuple(boxes.values()),
        curves=tuple(
            _curve(boxes[need], boxes[task], need in critical and task in critical)
            for task, needs in edges.items()
            for need in needs
        ),
        left_out=left_out,
    )


def _needed_edges(plan: Plan) -> tuple[dict[TaskId, list[TaskId]], int]:
    """Returns the dependencies that no others imply, and the number of those that others imply."""
    above: dict[TaskId, set[TaskId]] = {}
    edges: dict[TaskId, list[TaskId]] = {}
    left_out = 0
    # The plan has its tasks in level order, so a task's dependencies come before it.
    for task in plan.tasks.values():
        needs = [need for need in task.depends_on if need in plan.tasks]
        beyond = {far for need in needs for far in above.get(need, ())}
        edges[task.id] = [need for need in needs if need not in beyond]
        left_out += len(needs) - len(edges[task.id])
        above[task.id] = beyond | set(needs)
    return edges, left_out


def _ordered(
    level: PlannedLevel, edges: Mapping[TaskId, Sequence[TaskId]], boxes: Mapping[TaskId, Box]
) -> list[TaskId]:
    """Sorts a level's tasks by the mean height of their dependencies, so fewer curves cross."""

    def height(task: TaskId) -> float:
        placed = [boxes[need].y for need in edges[task] if need in boxes]
        return sum(placed) / len(placed) if placed else 0.0

    return sorted(level.tasks, key=height)


def _box(parent: Parent, x: int, y: int, critical: bool) -> Box:
    dots = () if parent.whole else _dots(parent, x + 12, y + _HIGH - 2)
    bottom = max((dot.y + _DOT + 9 for dot in dots), default=y + _HIGH)
    return Box(
        id=parent.id,
        title=_fitted(parent.title, _LETTERS),
        tip=f"{parent.id} {parent.title}: {parent.state}",
        state=parent.state,
        critical=critical,
        x=x,
        y=y,
        height=bottom - y,
        dots=dots,
    )


def _dots(parent: Parent, left: int, top: int) -> tuple[Dot, ...]:
    dots: list[Dot] = []
    x, y = left, top
    edge = left + _PER_ROW * (_DOT + _DOT_GAP)
    for number, wave in enumerate(parent.waves):
        x += _WAVE_GAP if number and x > left else 0
        for unit in wave:
            if x + _DOT > edge:
                x, y = left, y + _DOT + _DOT_GAP
            dots.append(Dot(x=x, y=y, state=unit.state, tip=f"{unit.id} {unit.title}: {unit.state}"))
            x += _DOT + _DOT_GAP
    return tuple(dots)


def _fitted(title: str, letters: int) -> str:
    title = clean(title)  # before it is cut: a cut secret cannot be recognized
    return title if cell_len(title) <= letters else set_cell_size(title, letters - 1).rstrip() + "…"


def _curve(need: Box, task: Box, critical: bool) -> Curve:
    x1, y1 = need.x + _WIDTH, need.y + _HIGH // 2
    x2, y2 = task.x, task.y + _HIGH // 2
    bend = max(22, (x2 - x1) // 2)
    path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return Curve(path=path, critical=critical, ends=(need.id, task.id))
