"""Opens foresight for a command: at the base's commit, with a word on stderr while much has to be read."""

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
"""Changes of history that a plan learns from."""
_MANY = 1000
"""Files that take long enough to be told of."""


def open_for(context: "Context", base: str, *, least: int = 1) -> "Foresight | None":
    """What history tells at the tip of `base`; None where it has fewer than `least` changes."""
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
    )


def foretell(context: "Context", base: str, tasks: "TaskList") -> "tuple[Risks, Finding | None]":
    """What a plan of `tasks` is told; a warning where it could not be found out, which stops no plan."""
    from gitcoord.planning.risks import NO_RISKS
    from gitcoord.tasks.model import Finding, ListedStatus

    over = (ListedStatus.DONE, ListedStatus.CANCELLED)
    left = [task for task in tasks.tasks if task.status not in over]
    commit = context.shared.branch(base)
    if len(left) < 2 or commit is None:
        return NO_RISKS, None
    # Before anything is loaded: most new repositories have no history to learn from.
    count = ("rev-list", "--first-parent", "--count", f"--max-count={_ENOUGH}", commit, "--")
    if int(context.repository.git.probe(*count) or 0) < _ENOUGH:
        return NO_RISKS, None
    from gitcoord.errors import GitcoordError
    from gitcoord.foresight.plan_risks import plan_risks

    try:
        known = open_for(context, base)
        if known is None:
            return NO_RISKS, None
        with _told(f"Comparing {len(left):,} tasks with the history", len(left) > _MANY_TASKS):
            return plan_risks(known, left), None
    except GitcoordError as error:
        message = f"What will conflict could not be foretold: {error.message}"
        return NO_RISKS, Finding(code="not-foretold", message=message)


def _ruled(context: "Context") -> "Callable[[str], bool] | None":
    """Whether a rule of the settings keeps changes of a path from conflicting; None without rules."""
    from gitcoord.conflicts.rules import rulebook

    rules = rulebook(context.settings.rules)
    kept = ("union", "exclusive", "ignore")
    if rules.patterns.keys().isdisjoint(kept):
        return None
    return lambda path: (found := rules.decide(path)) is not None and found.rule in kept


@contextmanager
def _told(what: str, long: bool) -> Iterator[None]:
    """A line on a terminal while something lasts."""
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
            say(f"Read {total:,} files to learn from the history; next time only what has changed.")

    return tell
