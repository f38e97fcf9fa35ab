"""Records in the journal how attempts ended, before anything new is decided."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from gitcoord.engines.engine import Engine, key_of
from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now
from gitcoord.event_stamp import worker_name as who
from gitcoord.events import AttemptEnded, Outcome
from gitcoord.landing.defer_task import record_deferral
from gitcoord.notices import SubmissionFailed, Tell
from gitcoord.run.attempt_state import HELD, DeadAttempt
from gitcoord.run.observe import RunView
from gitcoord.state.log_ends import write_log_end
from gitcoord.state.published_work import abandoned_work
from gitcoord.state.store import Store, Unless
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.outside import MOST_OUTSIDE, outside_of_dead
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.worker_end import noted_not_begun
from gitcoord.worker.leases import superseded, take_over
from gitcoord.worker.transient_errors import passes

_ERROR, _HINT = "gitcoord: ", "hint: "
"""The prefixes of an error message and of its hint in a worker's log."""
_LAST, _LONGEST = 4000, 300
_BY_CODE: Mapping[int, Outcome] = {0: "again", HELD: "again", 3: "again", 143: "cancelled", 130: "cancelled"}


def record_ended(
    store: Store,
    engine: Engine,
    view: RunView,
    hand_in: Callable[[TaskId], bool],
    clear: Callable[[TaskId], None],
    tell: Tell,
    log_ends: int = 0,
) -> bool:
    """Records vanished attempts and overtaken work, ends cancelled attempts, and submits finished parents.

    Returns whether it did anything, in which case the run has to observe again. Keeps the end of a log in git
    unless `log_ends` is 0.
    """
    cancelled = [view.keys[unit] for unit in view.cancelled if unit in view.keys]
    cancel_all(engine, cancelled)
    for ended in view.ended:
        _record_end(store, engine, ended, log_ends)
    for ended in view.ended:
        if ended.done:
            clear(ended.unit)
    for event in view.overtaken:
        record_deferral(store, event)
    known = store.shared.list("refs/") if view.whole else {}
    handed_in = [task for task in view.whole if _hand_in(task, hand_in, tell)]
    # Somebody else may have submitted a parent at the same moment.
    moved = bool(view.whole) and store.shared.list("refs/") != known
    return bool(cancelled or view.ended or view.overtaken or handed_in or moved)


def cancel_all(engine: Engine, keys: Sequence[str]) -> None:
    """Ends attempts and all processes that they started, in parallel."""
    if keys:
        with ThreadPoolExecutor(max_workers=16) as pool:
            list(pool.map(engine.cancel, keys))


def _record_end(store: Store, engine: Engine, ended: DeadAttempt, log_ends: int) -> None:
    """Records the end of an attempt, unless the journal already has it, a new claim, or a newer attempt."""
    store.refresh()
    told = store.progress().get(ended.unit, PENDING)
    too_late = outdated(ended)
    if too_late(told):
        return
    engine.cancel(key_of(ended.unit, ended.attempt))
    if ended.silence is not None:
        take_over(store, ended.unit, ended.silence)
        return
    place = attempt_directory(store.repository.common_dir, store.generation, ended.unit, ended.attempt)
    word = None if ended.claimed else noted_not_begun(place)
    outcome, reason = _verdict(ended, cancelled=told.cancelled)
    if word is not None and word.reason and outcome not in ("lost", "ok"):
        reason = f"it did not begin: {word.reason}"
    elif outcome == "failed":
        reason = f"{reason}{_last_words(engine, ended)}"
    plan = store.plan()
    outside = outside_of_dead(store.repository, plan, place) if plan and ended.claimed else ()
    event = AttemptEnded(
        at=now(),
        by=who(),
        task=ended.unit,
        attempt=ended.attempt,
        outcome=outcome,
        reason=reason,
        code=ended.code,
        again_at=word.again_at if word is not None else "",
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )
    log = engine.log(key_of(ended.unit, ended.attempt))
    end = None if log is None else write_log_end(store, event, Path(log), log_ends)
    store.record(event, unless=too_late, extra=end)
    with suppress(GitcoordError):  # `RemoteCleanup` tries again later
        for update in abandoned_work(store, store.progress(), ended.unit):
            store.shared.publish([update])


def _last_words(engine: Engine, ended: DeadAttempt) -> str:
    """The last error, with its hint, in the log of a worker that ended without a claim; empty if none."""
    path = engine.log(key_of(ended.unit, ended.attempt))
    if path is None:
        return ""
    with Path(path).open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST))
        lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines()]
    found = next((place for place in reversed(range(len(lines))) if lines[place].startswith(_ERROR)), None)
    if found is None:
        return ""
    hints = [line.removeprefix(_HINT) for line in lines[found + 1 : found + 2] if line.startswith(_HINT)]
    return f": {' '.join([lines[found].removeprefix(_ERROR).strip(), *hints])[:_LONGEST]}"


def outdated(ended: DeadAttempt) -> Unless:
    """Makes a condition: the attempt has ended, was claimed, or was replaced by a newer one since."""
    overtaken = superseded(ended.attempt)

    def too_late(progress: Progress) -> bool:
        claimed = any(one.number == ended.attempt and one.started is not None for one in progress.attempts)
        return overtaken(progress) or (claimed and not ended.claimed)

    return too_late


def _verdict(ended: DeadAttempt, *, cancelled: bool) -> tuple[Outcome, str]:
    if ended.done:
        return "ok", "its process is gone, and its work is submitted"
    if cancelled:
        return "cancelled", ""
    if ended.code is None or ended.code < 0 or ended.code > 128:
        known = None if ended.code is None else _BY_CODE.get(ended.code)
        return known or "lost", "" if known else "its process is gone, and it recorded no result"
    if ended.claimed:
        return "lost", f"its worker ended with code {ended.code} and recorded no result"
    outcome = _BY_CODE.get(ended.code, "failed")
    return outcome, f"its worker ended with code {ended.code} before it began"


def _hand_in(task: TaskId, hand_in: Callable[[TaskId], bool], tell: Tell) -> bool:
    try:
        return hand_in(task)
    except GitcoordError as error:
        if passes(error):
            raise
        tell(SubmissionFailed(task=task, code=error.code, message=error.message))
        return error.code == "conflict"
