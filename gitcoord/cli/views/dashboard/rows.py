"""Chooses the rows that fit on the dashboard: the most urgent, in the plan's order; sums up the rest.

Draws nothing.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gitcoord.cli.views.output import count_of
from gitcoord.progress.make_picture import Parent, Picture, UnitState, UnitView
from gitcoord.progress.unit_state import FINISHED, parent_state
from gitcoord.text_lists import some

URGENCY: dict[UnitState, int] = {
    "running": 0,
    "failed": 0,
    "deferred": 0,
    "ready": 1,
    "cancelled": 2,
    "blocked": 3,
    "waiting": 4,
    "submitted": 5,
    "done": 6,
    "landed": 7,
}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the dashboard with a headline: a task with subtasks, or a level's tasks without subtasks."""

    key: str
    title: str
    state: UnitState
    waves: tuple[tuple[UnitView, ...], ...]
    parent: Parent | None = None

    @property
    def units(self) -> tuple[UnitView, ...]:
        """All units, in the order of their waves."""
        return tuple(unit for wave in self.waves for unit in wave)

    @property
    def done(self) -> int:
        """The number of finished units."""
        return sum(unit.state in FINISHED for unit in self.units)

    @property
    def active(self) -> bool:
        """Whether a unit runs, can start, or needs a person."""
        return any(unit.state not in FINISHED and unit.state != "waiting" for unit in self.units)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a headline (only `frame`), a unit of a frame, or a note about rows that do not fit."""

    frame: Frame | None = None
    unit: UnitView | None = None
    note: str = ""


def frames_of(picture: Picture) -> list[Frame]:
    """Returns the frames in the plan's order."""
    frames: list[Frame] = []
    for level in dict.fromkeys(parent.level for parent in picture.parents):
        members = [parent for parent in picture.parents if parent.level == level]
        whole = [parent for parent in members if parent.whole]
        if whole:
            frames.append(_level_frame(level, whole, alone=len(whole) == len(members)))
        frames += [
            Frame(key=one.id, title=one.title, state=one.state, waves=one.waves, parent=one)
            for one in members
            if not one.whole
        ]
    return frames


def choose(frames: Sequence[Frame], room: int) -> list[Line]:
    """Returns at most `room` lines: all if they fit, else the active frames with their most urgent units."""
    everything = [line for frame in frames for line in _lines(frame, set(_ids(frame)))]
    if len(everything) <= room:
        return everything
    finished = [frame for frame in frames if frame.done == len(frame.units)]
    waiting = [frame for frame in frames if not frame.active and frame not in finished]
    space = max(1, room - bool(finished) - bool(waiting) - 1)
    active = _most_urgent([frame for frame in frames if frame.active], space)
    shown = _urgent_units(active, space - len(active))
    lines = [line for frame in active for line in _lines(frame, shown)]
    left = room - len(lines) - 1
    # Use the remaining lines for waiting frames, then for finished ones.
    for what, folded, kept in (("waiting", waiting, bool(finished)), ("finished", finished, False)):
        fits = len(folded) <= left - kept
        part = [Line(frame=frame) for frame in folded] if fits else _note(what, folded)
        left -= len(part)
        lines += part
    return [*lines, *_hidden(active, shown)][:room]


def word(state: UnitState) -> str:
    """Returns the word that people read for a state."""
    return "at work" if state == "running" else state


def id_of(frame: Frame, unit: UnitView) -> tuple[str, str]:
    """Returns a key for a unit that is unique among all frames."""
    return frame.key, unit.id


def _ids(frame: Frame) -> list[tuple[str, str]]:
    return [id_of(frame, unit) for unit in frame.units]


def _level_frame(level: int, whole: Sequence[Parent], *, alone: bool) -> Frame:
    waves: dict[int, list[UnitView]] = {}
    for parent in whole:
        view = parent.waves[0][0]
        waves.setdefault(parent.wave, []).append(msgspec.structs.replace(view, wave=parent.wave))
    units = [unit for wave in waves.values() for unit in wave]
    state: UnitState = "landed" if all(unit.state == "landed" for unit in units) else parent_state(units)
    return Frame(
        key=f"level-{level}",
        # Tasks with subtasks have their own headlines.
        title=count_of(len(units), "task") + ("" if alone else " without subtasks"),
        state=state,
        waves=tuple(tuple(waves[number]) for number in sorted(waves)),
    )


def _lines(frame: Frame, shown: set[tuple[str, str]]) -> list[Line]:
    units = [unit for unit in frame.units if id_of(frame, unit) in shown]
    return [Line(frame=frame), *(Line(frame=frame, unit=unit) for unit in units)]


def _most_urgent(frames: Sequence[Frame], most: int) -> list[Frame]:
    ranked = sorted(frames, key=lambda frame: min(URGENCY[unit.state] for unit in frame.units))
    kept = {frame.key for frame in ranked[:most]}
    return [frame for frame in frames if frame.key in kept]


def _hidden(frames: Sequence[Frame], shown: set[tuple[str, str]]) -> list[Line]:
    hidden = Counter(
        unit.state for frame in frames for unit in frame.units if id_of(frame, unit) not in shown
    )
    more = [f"{hidden[state]} {word(state)}" for state in URGENCY if hidden[state] and state not in FINISHED]
    return [Line(note=f"not shown: {', '.join(more)}")] if more else []


def _urgent_units(frames: Sequence[Frame], room: int) -> set[tuple[str, str]]:
    candidates = [
        (URGENCY[unit.state], place, id_of(frame, unit))
        for frame in frames
        for place, unit in enumerate(frame.units)
        if unit.state not in FINISHED and unit.state != "blocked"
    ]
    # With equal urgency, take the first units of every frame before later ones.
    return {name for _, _, name in sorted(candidates)[: max(0, room)]}


def _note(what: str, frames: Sequence[Frame]) -> list[Line]:
    if not frames:
        return []
    units = sum(len(frame.units) for frame in frames)
    return [Line(note=f"{what}: {some([frame.key for frame in frames], 6)} ({units} in all)")]
