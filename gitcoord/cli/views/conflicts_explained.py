"""Renders `check-conflicts --explain` and what-ifs: the rule that decided, the waves that would change."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from gitcoord.cli.conflicts.level_check import CheckedLevel
    from gitcoord.cli.conflicts.level_inputs import CheckRequest
    from gitcoord.conflicts.model import ConflictReport, PairReport, Side

_DECIDED = {
    "merge": "kept apart because merging them fails",
    "case-clash": "kept apart because some systems cannot tell their names apart",
    "exclusive": "kept apart because only one task at a time may touch these paths",
    "serialize-on": "kept apart because their changes are too close for `serialize-on`",
    "": "may land together",
}
_KINDS = {
    "add/add": "both add it",
    "modify/delete": "one changes what the other removes",
    "rename/delete": "one renames what the other removes",
    "rename/rename": "both rename it",
    "rename/add": "one renames to what the other adds",
    "file/directory": "a file here, a directory there",
    "file location": "one adds to a directory that the other moves",
    "directory rename split": "one adds to a directory that the other splits",
    "distinct types": "a file here, something else there",
    "distinct modes": "both change what kind of file it is",
}
"""Explanations of git's names for conflicts; the other names need none."""
_MOST_PATHS = 6
_MOST_COMMITS = 3
_SHORT = 12


def explanation(report: "ConflictReport") -> list[str]:
    """Returns lines for every pair: why it is kept apart or may land together, and the rules of its paths."""
    return [line for pair in report.pairs for line in _pair(pair)]


def where(pair: "PairReport") -> list[str]:
    """Returns a line for each conflicted path: the kind of conflict, and the base's lines that changed."""
    lines = [
        f"  {clean(one.path)}{_kind(one.kind)}"
        f"{': ' if any(side.lines or side.commits for side in one.sides) else ''}"
        + " and ".join(_side(side) for side in one.sides if side.lines or side.commits)
        for one in pair.conflicts[:_MOST_PATHS]
    ]
    more = len(pair.conflicts) - _MOST_PATHS
    return [*lines, f"  … and {more} more"] if more > 0 else lines


def _kind(kind: str) -> str:
    if not kind:
        return ""
    words = _KINDS.get(kind)
    return f" ({clean(kind)}, {words})" if words else f" ({clean(kind)})"


def _side(side: "Side") -> str:
    lines = f" {_lines(side.lines)}" if side.lines else ""
    renamed = f"{' of' if lines else ' in'} {clean(side.path)}" if side.path else ""
    shown = ", ".join(commit[:_SHORT] for commit in side.commits[:_MOST_COMMITS])
    more = " …" if len(side.commits) > _MOST_COMMITS else ""
    return f"task {clean(side.task)}{lines}{renamed}{f' by {shown}{more}' if shown else ''}"


def nearness(pair: "PairReport") -> str:
    """Returns a sentence on how close the changes of two mergeable branches are; empty if not close."""
    if pair.grade == "adjacent":
        return " Their lines lie next to each other."
    if pair.grade == "same symbol":
        return f" Both change `{clean(pair.symbols[0])}`." if pair.symbols else " Both change one function."
    return ""


def _lines(ranges: Sequence[tuple[int, int]]) -> str:
    shown = ", ".join(_range(start, end) for start, end in ranges[:_MOST_PATHS])
    only_one = len(ranges) == 1 and ranges[0][0] >= ranges[0][1]
    return f"line{'' if only_one else 's'} {shown}{' …' if len(ranges) > _MOST_PATHS else ''}"


def _range(start: int, end: int) -> str:
    if end < start:
        return f"before {start}"
    return str(start) if start == end else f"{start}-{end}"


def _pair(pair: "PairReport") -> list[str]:
    one, other = map(clean, pair.tasks)
    lines = [f"Task {one} and task {other}: {_DECIDED[pair.decided_by]}."]
    lines += [
        f"  {clean(found.path)}: {found.rule} by `{clean(found.pattern)}` ({clean(found.source)})"
        for found in pair.rules[:_MOST_PATHS]
    ]
    if len(pair.rules) > _MOST_PATHS:
        lines.append(f"  … and {len(pair.rules) - _MOST_PATHS} more paths with a rule")
    plain = [path for path in pair.overlap if path not in {found.path for found in pair.rules}]
    if plain:
        shown = some([clean(path) for path in plain], _MOST_PATHS)
        lines.append(f"  {shown}: no rule, so only {_counts(pair)}")
    return lines


def _counts(pair: "PairReport") -> str:
    return "close changes count" if pair.decided_by == "serialize-on" else "a failing merge counts"


def scratch(report: "ConflictReport") -> list[str]:
    """Returns a line for each branch with files that must not land."""
    return [
        f"Task {clean(branch.task)} has scratch files that should not land: "
        f"{some([clean(path) for path in branch.scratch], _MOST_PATHS)}."
        for branch in report.branches
        if branch.scratch and branch.state == "ready"
    ]


def carried(checked: "CheckedLevel") -> list[str]:
    """Returns a line for each branch with commits of unsubmitted tasks."""
    from gitcoord.landing.foreign_work import carried_words

    plan = checked.plan
    return [
        f"{clean(carried_words(plan, plan.tasks[task].branch, of))}: they would land with it."
        for task, of in checked.carried.items()
    ]


def what_if(checked: "CheckedLevel", request: "CheckRequest") -> list[str]:
    """Returns the changes that the what-ifs make, compared with the level now."""
    if checked.otherwise is None:
        return []
    parts = []
    if request.first:
        parts.append(f"With task {clean(request.first)} first")
    if request.without:
        left_out = ", ".join(map(clean, request.without))
        parts.append(f"{'and without' if parts else 'Without'} task {left_out}")
    now, then = len(checked.otherwise.waves), len(checked.report.waves)
    lines = [f"{' '.join(parts)} there {_are(then)}; now there {_are(now)}."]
    before = {task: n for n, wave in enumerate(checked.otherwise.waves, 1) for task in wave}
    moved = [
        f"{clean(task)} ({before[task]} → {number})"
        for number, wave in enumerate(checked.report.waves, 1)
        for task in wave
        if before.get(task, number) != number
    ]
    if moved:
        lines.append(f"Tasks that move to another wave: {', '.join(moved)}.")
    return lines


def _are(waves: int) -> str:
    return "is 1 wave" if waves == 1 else f"are {waves} waves"
