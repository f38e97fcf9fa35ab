"""Renders the worktrees and branches that `tidy` finds, can remove, and keeps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from gitcoord.cli.views.output import clean, count_of, plain, show
from gitcoord.cli.views.styled_text import TextColumn, TextTable
from gitcoord.cli.views.times import duration
from gitcoord.reclaim.model import Holding, Survey
from gitcoord.reclaim.remove import Removal

_MOST_ROWS = 60
_STYLES = {"landed": "green", "empty": "green", "unproved": "yellow", "reverted": "yellow", "dirty": "red"}
_UNITS = ("B", "kB", "MB", "GB", "TB")


def show_survey(survey: Survey) -> None:
    """Prints the removable worktrees and branches, then those that stay and why, then the totals."""
    columns = ("state", "worktree or branch", "size", "untouched", "note")
    table = TextTable(*(TextColumn(name, folds=True, right=name == "size") for name in columns))
    rows = sorted(survey.holdings, key=lambda one: (not one.removable, -one.size, one.name))
    for one in rows[:_MOST_ROWS]:
        name = f"{clean(one.path)} ({clean(one.branch or 'detached')})" if one.path else clean(one.name)
        size = size_words(one.size) if one.kind == "worktree" else ""
        note = clean(one.reason) if one.reason else _landed_note(one)
        state = plain(one.state, _STYLES.get(one.state, ""))
        table.add_row(state, name, size, duration(one.age), note)
    if table.rows:
        show(table)
    if len(rows) > _MOST_ROWS:
        show(plain(f"… and {len(rows) - _MOST_ROWS:,} more (--json shows all)"))
    for line in _sums(survey):
        show(plain(line), soft_wrap=True)


def removable_sentence(survey: Survey) -> str:
    """Returns the number of removable worktrees and branches, with their size."""
    kinds = Counter(one.kind for one in survey.removable)
    parts = [count_of(kinds["worktree"], "worktree")] if kinds["worktree"] else []
    if kinds["branch"]:
        parts.append(f"{kinds['branch']:,} branch{'' if kinds['branch'] == 1 else 'es'}")
    size = sum(one.size for one in survey.removable)
    return " and ".join(parts) + (f" ({size_words(size)})" if size else "")


def removal_lines(removals: Sequence[Removal]) -> Iterator[str]:
    """Yields a line for each removal, with the branch's last commit, and each problem."""
    for one in removals:
        holding = one.holding
        if one.removed:
            branch = f"{clean(holding.branch or 'detached HEAD')} was at {holding.tip[:12]}"
            yield f"Removed {clean(holding.name)} ({branch})." if holding.path else f"Deleted {branch}."
        if one.problem:
            yield f"warning: {clean(holding.name)}: {clean(one.problem)}"
    freed = sum(one.holding.size for one in removals if one.removed)
    if freed:
        yield f"Freed {size_words(freed)}."


def tidy_document(survey: Survey, removals: Sequence[Removal]) -> dict[str, Any]:
    """Returns the JSON document `gitcoord.tidy/1`."""
    removed = [one.holding.name for one in removals if one.removed]
    problems = {one.holding.name: one.problem for one in removals if one.problem}
    return {
        "base": survey.base,
        "base_commit": survey.base_commit,
        "holdings": [
            dict(msgspec.to_builtins(one)) | {"removable": one.removable} for one in survey.holdings
        ],
        "removed": removed,
        "problems": problems,
        "freed": sum(one.holding.size for one in removals if one.removed),
    }


def size_words(size: int) -> str:
    """Formats a number of bytes: `312 MB`."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit + 1 < len(_UNITS):
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit and amount < 10 else f"{amount:.0f} {_UNITS[unit]}"


def _landed_note(one: Holding) -> str:
    if one.state == "empty":
        return "no work of its own"
    how = "in the base" if one.contained else "as"
    return how if one.contained else f"{how} {(one.landed_as or '')[:12]}"


def _sums(survey: Survey) -> Iterator[str]:
    if not survey.holdings:
        yield "There are no linked worktrees, and no other branches."
        return
    proved = [one for one in survey.holdings if one.landed_as is not None]
    by_ancestry = sum(one.contained for one in proved)
    yield (
        f"Of {len(survey.holdings):,} worktrees and branches "
        f"{len(proved):,} are provably in {survey.base}; ancestry alone would prove {by_ancestry:,}."
    )
    yield f"Removable: {removable_sentence(survey)}." if survey.removable else "Nothing can be removed."
