"""Opens foresight for a command at the base's commit; shows progress on stderr if it has much to read."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.foresight.foresee import Foresight
    from gitcoord.planning.risks import Risks
    from gitcoord.tasks.model import Finding, TaskList

_MANY_TASKS = 40
_ENOUGH = 20
"""The minimum number of changes in the history for a prediction in a plan."""
_MANY = 1000
"""The number of files from which reading is slow enough to show progress."""


def open_for(context: "Context", base: str, *, least: int = 1) -> "Foresight | None":
    """Opens foresight at the tip of `base`.

    Returns None if there is no such branch, or if its history has fewer than `least` changes.
    """
    from gitcoord.cli.foresight.experience import read_experience
    from gitcoord.foresight.foresee import open_foresight
    from gitcoord.foresight.mining import HistoryReader
    from gitcoord.foresight.own_constants import load_constants

    commit = context.shared.branch(base)
    if commit is None:
        return None
    repository = context.repository
    return open_foresight(
        HistoryReader(repository.git),
        repository.common_dir,
        commit,
        least=least,
        constants=load_constants(repository.common_dir),
        tell=_teller(),
        left_out=_ruled(context),
        pairs=read_experience(context).pairs,
    )


def foretell(context: "Context", base: str, tasks: "TaskList") -> "tuple[Risks, Finding | None]":
    """Predicts the risks for a plan of `tasks`. On an error, returns no risks and a warning.

    Returns no risks for fewer than two unfinished tasks, or for a history of fewer than `_ENOUGH` changes.
    """
    from gitcoord.planning.risks import NO_RISKS
    from gitcoord.tasks.model import Finding, ListedStatus

    over = (ListedStatus.DONE, ListedStatus.CANCELLED)
    left = [task for task in tasks.tasks if task.status not in over]
    commit = context.shared.branch(base)
    if len(left) < 2 or commit is None:
        return NO_RISKS, None
    # Count before loading anything: most new repositories have no history to learn from.
    count = ("rev-list", "--first-parent", "--count", f"--max-count={_ENOUGH}", commit, "--")
    if int(context.repository.git.probe(*count) or 0) < _ENOUGH:
        return NO_RISKS, None
    from gitcoord.errors import GitcoordError
    from gitcoord.foresight.plan_risks import plan_risks

    try:
        known = open_for(context, base)
        if known is None:
            return NO_RISKS, None
        with _progress_line(f"Comparing {len(left):,} tasks with the history", len(left) > _MANY_TASKS):
            return plan_risks(known, left), None
    except GitcoordError as error:
        message = f"Conflicts could not be predicted: {error.message}"
        return NO_RISKS, Finding(code="not-foretold", message=message)


def _ruled(context: "Context") -> "Callable[[str], bool] | None":
    """Returns a test for paths that a rule in the settings keeps from conflicting; None if no rule does."""
    from gitcoord.conflicts.rules import rulebook

    rules = rulebook(context.settings.rules)
    kept = ("union", "regenerate", "exclusive", "ignore")
    if rules.patterns.keys().isdisjoint(kept):
        return None
    return lambda path: (found := rules.decide(path)) is not None and found.rule in kept


@contextmanager
def _progress_line(what: str, long: bool) -> Iterator[None]:
    """Shows a line on the terminal while the block runs; does nothing unless `long`."""
    shown = long and sys.stderr.isatty()
    if shown:
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()
    yield
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _teller() -> Callable[[int, int], None]:
    from gitcoord.cli.views.output import say

    def tell(done: int, total: int) -> None:
        if total < _MANY:
            return
        if sys.stderr.isatty():
            text = "" if done == total else f"Reading the history: {done:,} of {total:,} files"
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif done == total:
            say(f"Read {total:,} files to learn from the history; the next time reads only changed ones.")

    return tell
