"""`gitcoord hotspots`: finds the files in which past changes would have conflicted, and suggests rules."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.foresight.hotspots import HotspotReport

_EPILOG = """\b
Examples:
  gitcoord hotspots                 # the newest 400 changes of the base
  gitcoord hotspots --changes 1000  # more of them
  gitcoord hotspots --apply         # write the rules into gitcoord.toml
"""
_WINDOW = 20
"""The number of consecutive changes that are compared with each other."""


@app.command("hotspots", epilog=_EPILOG)
def hotspots(
    changes: Annotated[
        int, typer.Option("--changes", min=_WINDOW, metavar="N", help="Number of changes to compare.")
    ] = 400,
    base: Annotated[
        str | None, typer.Option("--base", metavar="BRANCH", help="The branch whose history to read.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the suggested rules into the settings.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --apply: only show the rules.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.hotspots/1 document on stdout.")
    ] = False,
) -> None:
    """Find the files in which past changes would have conflicted if they had been made at the same time.

    Divides the history into groups of 20 consecutive changes, and compares each pair of a group. Applies the
    rules in the settings. Suggests `union` for append-only lists, and for lock files `regenerate` if the tool
    is installed here, else `exclusive`. For a hub (a file that many changes touch), suggests smaller files.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.views.hotspots import print_report
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import usage_error

    if dry_run and not apply:
        raise usage_error("usage", "--dry-run needs --apply.", "Without --apply nothing is written anyway.")
    context = open_context(reads=not apply or dry_run, several=True)
    context.store.refresh()
    report = _report(context, base, changes)
    rules = report.rules()
    if as_json:
        emit_json("hotspots", report, {"rules": rules, "applied": apply and not dry_run and bool(rules)})
    else:
        print_report(report)
    if apply and not rules:
        say("There is no rule that would help.")
    elif apply and not dry_run:
        from gitcoord.cli.setup.settings_edit import add_rules

        say(f"Wrote the rules into {add_rules(context.repository.require_working_tree(), rules)}.")


def _report(context: "Context", base: str | None, changes: int) -> "HotspotReport":
    from shutil import which

    from gitcoord.conflicts.rules import rulebook
    from gitcoord.foresight.hotspots import conflicting_paths, find_hotspots, without_paths_of_rules
    from gitcoord.foresight.mining import HistoryReader
    from gitcoord.foresight.past_conflicts import PastPair, past_conflicts
    from gitcoord.foresight.replay import past_tasks

    context.repository.require_history()
    branch, git = context.base(base), context.repository.git
    commit = context.shared.branch(branch) or branch
    reader = HistoryReader(git)
    tasks = past_tasks(reader, commit, changes)
    pairs: list[PastPair] = []
    compared = 0
    for start in range(0, len(tasks), _WINDOW):
        part = tasks[start : start + _WINDOW]
        pairs += past_conflicts(git, part).values()
        compared += len(part) * (len(part) - 1) // 2
        _show_progress(start + len(part), len(tasks))
    rules = rulebook(context.settings.rules)
    touched = {path for pair in pairs for path in pair.paths}
    ruled = {found.path for found in rules.decisions(touched) if found.rule in ("exclusive", "ignore")}
    pairs = without_paths_of_rules(pairs, ruled)
    edits = reader.count_edits(commit, conflicting_paths(pairs), after=tasks[0].parent) if tasks else {}
    return find_hotspots(len(tasks), compared, pairs, edits, lambda name: which(name) is not None)


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        text = "" if done == total else f"Comparing {done:,} of {total:,} changes"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
