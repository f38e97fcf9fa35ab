"""Renders a conflict report: branches, a matrix, a sentence for each conflict, the waves."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitcoord.cli.views.conflicts_explained import carried, explanation, nearness, scratch, what_if, where
from gitcoord.cli.views.conflicts_summary import ending
from gitcoord.cli.views.output import clean, count_of, plain
from gitcoord.cli.views.styled_text import Shown, StyledText, TextColumn, TextTable
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from gitcoord.cli.conflicts.level_check import CheckedLevel
    from gitcoord.cli.conflicts.level_inputs import CheckRequest
    from gitcoord.conflicts.model import BranchReport, ConflictReport, PairReport
    from gitcoord.landing.proof import CheckOptions
    from gitcoord.tasks.model import TaskId

MOST_IN_MATRIX = 20
MOST_PATHS = 4
MOST_OVERLAPS = 12
_CONFLICT, _UNKNOWN, _TWINS, _APART, _NEAR, _OVERLAP = "✗", "?", "≠", "‖", "≈", "·"
_FAILS = "‡"
_CALM = (_NEAR, _OVERLAP)
_STYLES = {
    _CONFLICT: "bold red",
    _UNKNOWN: "bold yellow",
    _TWINS: "bold magenta",
    _APART: "bold yellow",
    _FAILS: "bold red",
    _NEAR: "green",
    _OVERLAP: "green",
}
_SAME_FILE = {"contents", "content", "add/add", "modify/delete", "binary", "submodule"}
_STATES = {"ready": "green", "landed": "cyan", "unknown": "bold yellow", "missing": "dim", "empty": "dim"}


def report_parts(checked: "CheckedLevel", request: "CheckRequest", *, explain: bool = False) -> list[Shown]:
    """Returns the parts of the report from top to bottom."""
    report = checked.report
    titles = {task: checked.plan.tasks[task].title for task in checked.level.tasks}
    parts: list[Shown] = [_headline(report), _branches(report, titles)]
    ready = [branch.task for branch in report.branches if branch.state == "ready"]
    failing, proved = _proof(checked)
    if (report.pairs or failing) and len(ready) <= MOST_IN_MATRIX:
        parts += [_matrix(report, ready, failing), _legend(report, failing)]
    parts += [*_clashes(report, adopted=checked.adopted), *_overlaps(report)]
    parts += [plain(line, "red") for line in proved]
    parts += [plain(line, "yellow") for line in (*scratch(report), *carried(checked))]
    if explain:
        parts += map(plain, explanation(report))
    parts += map(plain, what_if(checked, request))
    return [*parts, *ending(checked, request.most)]


def _proof(checked: "CheckedLevel") -> tuple[set[frozenset[str]], list[str]]:
    """Returns the pairs that fail together, and the check's results as sentences."""
    if checked.proof is None:
        return set(), []
    from gitcoord.cli.conflicts.level_proof import failing_pairs, proof_sentences

    return failing_pairs(checked.proof), list(proof_sentences(checked.proof, checked.report.base))


def document(
    checked: "CheckedLevel", request: "CheckRequest", options: "CheckOptions | None" = None
) -> dict[str, Any]:
    """Returns the report as a JSON document."""
    import msgspec

    report = checked.report
    found = msgspec.to_builtins(msgspec.structs.replace(report, pairs=()), str_keys=True)
    found |= {"pairs": list(map(pair_document, report.pairs)), "one_wave": report.one_wave()}
    found["carried"] = {task: dict(of) for task, of in checked.carried.items()}
    if checked.otherwise is not None:
        otherwise = {"waves": checked.otherwise.waves, "landing_order": checked.otherwise.landing_order}
        found |= {"what_if": request.first, "without": request.without, "otherwise": otherwise}
    if checked.proof is not None and options is not None:
        from gitcoord.cli.conflicts.level_proof import proof_document

        found["check"] = proof_document(checked.proof, options)
    if request.worktrees:
        found["worktrees"] = msgspec.to_builtins(checked.copies)
    return dict(found)


def pair_document(pair: "PairReport") -> dict[str, Any]:
    """Returns a pair as a JSON document."""
    import msgspec

    # There may be many pairs, so PairReport is encoded as an array; a document needs the names.
    return dict(msgspec.to_builtins(msgspec.structs.asdict(pair)))


def sentence(pair: "PairReport") -> str:
    """Describes how two branches overlap or conflict, in one sentence."""
    who = f"Task {clean(pair.tasks[0])} and task {clean(pair.tasks[1])}"
    shared = _paths(pair.overlap or pair.ignored or pair.hub or pair.union or pair.regenerated)
    meet = f"{who} both touch {shared}"
    if pair.verdict == "unknown":
        reason = clean(pair.reason)
        if not shared:
            return f"Git could not merge {who[0].lower()}{who[1:]}: {reason}."
        return f"{meet}; git could not merge them: {reason}."
    if pair.verdict == "conflict":
        return f"{_failure(pair, who)}{' It is an ignored path.' if pair.only_ignored else ''}"
    if pair.case_clashes:
        return (
            f"{who} create names that some systems cannot tell apart: {_paths(pair.case_clashes)}. "
            "Git merges them, but not every system can check them out."
        )
    if pair.exclusive:
        apart = _paths(pair.exclusive)
        if set(pair.exclusive) <= {*pair.overlap}:
            return f"{meet}; git merges them, but a rule lets only one task at a time touch {apart}."
        return f"A rule lets only one task at a time touch {apart}; {who[0].lower()}{who[1:]} both do."
    if pair.union and not pair.overlap:
        return f"{meet}, and a merge keeps the lines of both sides there."
    if pair.regenerated and not (pair.overlap or pair.ignored or pair.hub):
        return f"{meet}, which landing regenerates."
    hub = " Many tasks touch it." if pair.hub and not pair.overlap else ""
    return f"{meet}, and git merges them.{hub}{nearness(pair)}"


def _failure(pair: "PairReport", who: str) -> str:
    paths = _paths(pair.conflicted_paths)
    shared = pair.overlap + pair.ignored + pair.hub + pair.union + pair.regenerated
    if set(pair.conflicted_paths) <= {*shared} and not {*pair.kinds} - _SAME_FILE:
        place = "there" if len(pair.conflicted_paths) == len(shared) else f"in {paths}"
        return f"{who} both change {_paths(shared)}, and merging them fails {place}."
    return f"Merging {who[0].lower()}{who[1:]} fails in {paths}."


def _headline(report: "ConflictReport") -> StyledText:
    line = plain(clean(report.level), "bold cyan")
    line.append(f"  onto {clean(report.base)} at {report.base_commit[:12]}", "dim")
    metrics = report.metrics
    if metrics.pairs:
        line.append(
            f"  {count_of(metrics.pairs, 'pair')}, {metrics.overlapping} overlapping, "
            f"{metrics.conflicting} conflicting",
            "dim",
        )
    return line


def _branches(report: "ConflictReport", titles: "Mapping[TaskId, str]") -> TextTable:
    wave_of = {task: number for number, wave in enumerate(report.waves, 1) for task in wave}
    table = TextTable(
        TextColumn("task", most=14),
        TextColumn("title", ratio=1),
        TextColumn("branch", most=30),
        TextColumn("state"),
        TextColumn("files", right=True),
        TextColumn("wave", right=True),
        full=True,
    )
    for branch in report.branches:
        state = "blocked" if branch.base_conflicts else branch.state
        table.add_row(
            plain(clean(branch.task)),
            plain(clean(titles.get(branch.task, ""))),
            plain(clean(branch.branch), "dim"),
            plain(state, _STATES.get(state, "bold red")),
            plain(str(len(branch.changed_paths)) if branch.changed_paths else ""),
            plain(str(wave_of.get(branch.task, ""))),
        )
    return table


def _matrix(
    report: "ConflictReport", ready: "Sequence[TaskId]", failing: "Collection[frozenset[str]]"
) -> TextTable:
    marks: dict[frozenset[str], str] = {frozenset(pair.tasks): _mark(pair) for pair in report.pairs}
    marks |= dict.fromkeys(failing, _FAILS)
    ids = [clean(task) for task in ready]
    # Long ids would make the columns too wide: then the columns have the numbers of the rows.
    short = max(map(len, ids)) <= 2
    table = TextTable(
        TextColumn("" if short else "task", most=14),
        *([] if short else [TextColumn("", right=True, style="dim")]),
        *(TextColumn(id if short else str(number), right=True) for number, id in enumerate(ids, 1)),
        before=0,
    )
    for number, task in enumerate(ready, 1):
        name = [plain(clean(task), "bold")] if short else [plain(clean(task), "bold"), plain(str(number))]
        cells = [
            plain("-", "dim") if other == task else _cell(marks.get(frozenset((task, other)), ""))
            for other in ready
        ]
        table.add_row(*name, *cells)
    return table


def _mark(pair: "PairReport") -> str:
    if pair.verdict == "conflict":
        return _CONFLICT
    if pair.verdict == "unknown":
        return _UNKNOWN
    if pair.case_clashes:
        return _TWINS
    if pair.exclusive:
        return _APART
    return _NEAR if pair.grade in ("adjacent", "same symbol") else _OVERLAP


def _cell(mark: str) -> StyledText:
    return plain(mark, _STYLES.get(mark, ""))


def _legend(report: "ConflictReport", failing: "Collection[frozenset[str]]") -> StyledText:
    words = {
        _CONFLICT: "conflict",
        _TWINS: "names clash",
        _UNKNOWN: "not known",
        _APART: "one after another by rule",
        _FAILS: "fail the check together, merge is clean",
        _NEAR: "close together, merge is clean",
        _OVERLAP: "same paths, merge is clean",
    }
    used = {_mark(pair) for pair in report.pairs if frozenset(pair.tasks) not in failing}
    used |= {_FAILS} if failing else set()
    return plain("   ".join(f"{mark} {word}" for mark, word in words.items() if mark in used), "dim")


def _clashes(report: "ConflictReport", *, adopted: bool) -> list[StyledText]:
    lines = [
        _unmergeable(report, branch, adopted=adopted) for branch in report.branches if branch.base_conflicts
    ]
    lines += [
        plain(f"The branch of task {clean(branch.task)} cannot be merged: {clean(branch.reason)}.", "yellow")
        for branch in report.branches
        if branch.state == "unknown"
    ]
    lines += [_overtaken(report, branch, adopted=adopted) for branch in report.branches if branch.overtaken]
    for pair in report.pairs:
        if _mark(pair) not in _CALM:
            lines.append(plain(sentence(pair), _STYLES[_mark(pair)].removeprefix("bold ")))
            lines += [plain(line, "dim") for line in where(pair)]
    for joint in report.joint:
        before = [f"task {clean(task)}" for task in joint.tasks[:-1]]
        lines.append(
            plain(
                f"Task {clean(joint.tasks[-1])} merges with {' and with '.join(before)}, but no longer when "
                f"{'both' if len(before) == 2 else 'all of them'} have landed: "
                f"{_paths(joint.conflicted_paths)}.",
                "red",
            )
        )
    return lines


def _unmergeable(report: "ConflictReport", branch: "BranchReport", *, adopted: bool) -> StyledText:
    base = clean(report.base)
    way = f"Merge {base} into it." if adopted else "Its worker resolves it with `gitcoord checkout`."
    return plain(
        f"Task {clean(branch.task)} does not merge with the current {base}: "
        f"{_paths(branch.base_conflicts)}. {way}",
        "red",
    )


def _overtaken(report: "ConflictReport", branch: "BranchReport", *, adopted: bool) -> StyledText:
    base = clean(report.base)
    way = f"Merge {base} into it." if adopted else "Its worker updates it with `gitcoord checkout`."
    return plain(
        f"Task {clean(branch.task)} touches exclusive paths that changed in {base} after it started: "
        f"{_paths(branch.overtaken)}. {way}",
        "yellow",
    )


def _overlaps(report: "ConflictReport") -> list[StyledText]:
    apart = report.serialize_on != "conflict"
    merging = [pair for pair in report.pairs if _mark(pair) in _CALM]
    lines = [plain(sentence(pair), "" if apart and pair.clash else "dim") for pair in merging[:MOST_OVERLAPS]]
    if len(merging) > MOST_OVERLAPS:
        more = count_of(len(merging) - MOST_OVERLAPS, "more pair")
        lines.append(plain(f"… and {more} with paths in common that git merges.", "dim"))
    return lines


def _paths(paths: Sequence[str]) -> str:
    return some([clean(path) for path in paths], MOST_PATHS)
