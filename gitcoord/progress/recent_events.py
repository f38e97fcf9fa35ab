"""The newest events in short, and the clashes that were found."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import msgspec

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    PullRejected,
    TaskDeferred,
    TaskFolded,
    TaskLanded,
    TaskRolledBack,
    TasksClash,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks that conflicted while they ran; `open` until one of them has landed."""

    at: str
    task: TaskId
    other: TaskId
    paths: tuple[str, ...]
    open: bool


class RecentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event for display; `bad` if a person may have to act, `short` a form for narrow displays."""

    at: str
    task: str | None
    kind: str
    sentence: str
    short: str
    bad: bool = False


def clashes_of(
    events: Sequence[AnyEvent], parents: Mapping[TaskId, TaskId], landed: Collection[TaskId]
) -> tuple[Clash, ...]:
    """Returns each pair once, as it was found last, newest first."""
    newest: dict[frozenset[str], Clash] = {}
    for event in events:
        if isinstance(event, TasksClash):
            task, other = TaskId(event.task or ""), TaskId(event.other)
            pair = frozenset((task, other))
            newest.pop(pair, None)
            newest[pair] = Clash(
                at=event.at,
                task=task,
                other=other,
                paths=event.paths,
                open=not any(parents.get(one, one) in landed for one in (task, other)),
            )
    return tuple(reversed(newest.values()))


def newest(events: Sequence[AnyEvent], most: int) -> tuple[RecentEvent, ...]:
    """The newest events, oldest first, without those that the events of an attempt imply."""
    tried = {event.task for event in events if isinstance(event, AttemptStarted)}
    told = (e for e in reversed(events) if not (isinstance(e, TaskStarted | TaskFolded) and e.task in tried))
    return tuple(_news(event) for event in islice(told, most))[::-1]


def is_bad(event: AnyEvent) -> bool:
    """Whether a person may have to act on the event."""
    if isinstance(event, AttemptEnded):
        return event.outcome != "ok"
    return isinstance(event, TasksClash | TaskDeferred | TaskRolledBack | PullRejected)


def _news(event: AnyEvent) -> RecentEvent:
    kind = str(event.__struct_config__.tag)
    sentence = event.sentence()
    return RecentEvent(
        at=event.at,
        task=event.task,
        kind=kind,
        sentence=sentence,
        short=_short(event) or sentence,
        bad=is_bad(event),
    )


def _short(event: AnyEvent) -> str:
    match event:
        case AttemptStarted():
            again = (
                (", rework" if event.rework else f", attempt {event.attempt}") if event.attempt > 1 else ""
            )
            return f"{event.task} started by {event.by}{again}"
        case AttemptEnded():
            why = f": {event.reason}" if event.reason else ""
            return f"{event.task} {event.outcome}{why}"
        case TaskSubmitted():
            return f"{event.task} submitted by {event.by}"
        case TaskLanded():
            return f"{event.task} landed"
        case TasksClash():
            return f"{event.task} and {event.other} clash in {some(event.paths, 2)}"
        case TaskDeferred():
            return f"{event.task} deferred: {event.why}"
        case _:
            return ""
