"""The table of units in the report's page: every unit below its task, with the time of its attempts."""

from collections.abc import Sequence

import msgspec

from gitcoord.cli.views.dashboard.rows import word
from gitcoord.cli.views.times import duration
from gitcoord.progress.attempts import TimedAttempt
from gitcoord.progress.make_picture import Parent, Picture, UnitState, UnitView


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table of units; `head`: the line of a task, above those of its subtasks."""

    id: str
    title: str
    state: UnitState
    word: str
    why: str
    tries: str
    took: str
    waited: str
    tokens: str
    head: bool


def rows_of(picture: Picture, tries: Sequence[TimedAttempt]) -> tuple[Row, ...]:
    by_unit: dict[str, list[TimedAttempt]] = {}
    for one in tries:
        by_unit.setdefault(one.unit, []).append(one)
    rows: list[Row] = []
    for parent in picture.parents:
        if not parent.whole:
            rows.append(_head(parent))
        rows += [_row(unit, by_unit.get(unit.id, [])) for wave in parent.waves for unit in wave]
    return tuple(rows)


def _head(parent: Parent) -> Row:
    return Row(
        id=parent.id,
        title=parent.title,
        state=parent.state,
        word=f"{word(parent.state)}, {parent.done} of {parent.units}",
        why="",
        tries="",
        took="",
        waited="",
        tokens="",
        head=True,
    )


def _row(unit: UnitView, tries: Sequence[TimedAttempt]) -> Row:
    waited = sum(sum(one.waited.values()) for one in tries)
    tokens = sum(one.tokens or 0 for one in tries)
    return Row(
        id=unit.id,
        title=unit.title,
        state=unit.state,
        word=word(unit.state),
        why=unit.why if unit.state in ("failed", "deferred", "blocked", "cancelled") else "",
        tries=str(len(tries)) if tries else "",
        took=duration(unit.seconds) if tries else "",
        waited=duration(waited) if waited >= 0.05 else "",
        tokens=f"{tokens:,}" if tokens else "",
        head=False,
    )
