"""`gitcoord predict --calibrate`: replays the base's history and fits the constants to it."""

import sys
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import usage_error
from gitcoord.foresight.calibration import CalibrationResult, PairSample, Quality, calibrate
from gitcoord.foresight.constants import shipped_constants
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.own_constants import OwnConstants, save_constants
from gitcoord.foresight.past_conflicts import past_conflicts
from gitcoord.foresight.replay import PlanPoint, past_tasks, replay
from gitcoord.foresight.words import without_paths

if TYPE_CHECKING:
    from gitcoord.cli.context import Context

_WINDOW = 20
_FEWEST = 100


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The document `gitcoord.calibration/1`."""

    base: str
    changes: int
    pairs: int
    conflicts: int
    before: Quality
    after: Quality
    better: bool
    saved: bool


def calibrate_here(context: "Context", branch: str, changes: int, *, dry_run: bool) -> Calibration:
    """Fits the constants to the newest `changes`. Saves them if they predict better, unless `dry_run`.

    Raises `too-little-history` (exit 2).
    """
    context.repository.require_history()
    git, common_dir = context.repository.git, context.repository.common_dir
    reader = HistoryReader(git)
    tasks = past_tasks(reader, context.shared.branch(branch) or branch, changes + _WINDOW)
    points = len(tasks) // _WINDOW - 1
    if points * _WINDOW < _FEWEST:
        raise usage_error(
            "too-little-history",
            f"{branch} has {len(tasks)} changes that a person made, and {_FEWEST + _WINDOW} are needed.",
            "Run without --calibrate to use the shipped constants.",
        )
    shipped, samples = shipped_constants(), list[PairSample]()
    replayed = replay(reader, tasks, points=points, every=_WINDOW, common_dir=common_dir, constants=shipped)
    for number, point in enumerate(replayed, 1):
        known = past_conflicts(git, point.tasks)
        samples += _samples(point, {pair for pair, found in known.items() if found.conflict})
        _show_progress(number, points)
    found = calibrate(shipped.pairs, samples)
    saved = found.better and not dry_run
    if saved:
        save_constants(common_dir, OwnConstants(changes=points * _WINDOW, pairs=found.models))
    return _document(branch, points * _WINDOW, found, saved=saved)


def print_calibration(found: Calibration) -> None:
    """Prints the quality of the shipped and of the fitted constants, and says which will be used."""
    from gitcoord.cli.views.output import clean, emit, percent, say

    rate = percent(found.conflicts / found.pairs)
    emit(
        f"{found.pairs:,} pairs of {found.changes:,} changes of {clean(found.base)}: "
        f"{found.conflicts:,} conflicted ({rate})."
    )
    for name, quality in (("shipped constants", found.before), ("fitted constants", found.after)):
        skill = "none" if quality.brier_skill is None else f"{quality.brier_skill:.3f}"
        area = "none" if quality.auc is None else f"{quality.auc:.3f}"
        emit(f"  {name:18} AUC {area}, Brier skill {skill}, error {quality.calibration_error:.4f}")
    if found.saved:
        say("From now on, predictions in this repository use the fitted constants.")
    elif found.better:
        say("Saved nothing: this was a dry run.")
    else:
        say("Kept the shipped constants: the fitted ones are no better on the newest quarter of the history.")


def _samples(point: PlanPoint, conflicts: set[tuple[str, str]]) -> list[PairSample]:
    """Returns a sample for each pair of tasks at a plan point.

    Removes paths from commit messages: their authors knew the changed files, and authors of tasks do not.
    """
    paths = {task.commit: task.paths for task in point.tasks}
    texts = [task.text() for task in point.tasks]
    texts = [
        msgspec.structs.replace(text, title=without_paths(text.title), body=without_paths(text.body))
        for text in texts
    ]
    return [
        PairSample(
            chances.features,
            not paths[one.id].isdisjoint(paths[other.id]),
            (one.id, other.id) in conflicts,
        )
        for one, other, chances in point.foresight.pairs(texts)
    ]


def _document(branch: str, changes: int, found: CalibrationResult, *, saved: bool) -> Calibration:
    return Calibration(
        base=branch,
        changes=changes,
        pairs=found.pairs,
        conflicts=found.conflicts,
        before=found.before,
        after=found.after,
        better=found.better,
        saved=saved,
    )


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        text = (
            ""
            if done == total
            else f"Replaying the history: {done * _WINDOW:,} of {total * _WINDOW:,} changes"
        )
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
