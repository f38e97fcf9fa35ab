"""`gitcoord check-conflicts`: what the branches of a level do to each other, and the waves that follow."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.conflicts.model import BranchInput, ConflictReport
    from gitcoord.git.run import Oid
    from gitcoord.planning.model import Plan, PlannedLevel

_EPILOG = """\b
Examples:
  gitcoord check-conflicts                         the first level that has not landed
  gitcoord check-conflicts level-0 --save          write the waves that follow into the plan
  gitcoord check-conflicts 0 --serialize-on overlap --ignore '*.lock' --ignore docs/
  gitcoord check-conflicts --json                  for a program
"""


@app.command("check-conflicts", epilog=_EPILOG)
def check_conflicts(
    level: Annotated[
        str | None,
        typer.Argument(
            help="level-0 or 0; default: the first level that has not landed.", show_default=False
        ),
    ] = None,
    serialize_on: Annotated[
        Literal["conflict", "overlap"] | None,
        typer.Option(
            "--serialize-on",
            help="What keeps two tasks out of one wave: a failing merge, or any shared path.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="GLOB",
            help="Paths whose overlap does not count, as in .gitignore; may be repeated.",
        ),
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Write the waves into the plan.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.conflicts/1 document on stdout.")
    ] = False,
) -> None:
    """Find which branches of LEVEL really conflict, by merging them in memory.

    Exit code 0 when the whole level can land as one wave, 1 when it has to be split. Neither the
    working tree nor a branch is touched. Paths that are ignored do not keep tasks apart; a merge that
    fails in one is a conflict all the same, because landing would fail there.
    """
    import msgspec

    from gitcoord.cli.conflicts_view import show_conflicts
    from gitcoord.cli.context import open_context
    from gitcoord.cli.levels import find_level
    from gitcoord.cli.output import emit_json, say, stdout_console
    from gitcoord.conflicts.examine import examine
    from gitcoord.errors import Exit
    from gitcoord.merging.order import candidates

    context = open_context()
    context.repository.require_history()
    context.store.refresh()
    plan = context.store.require_plan()
    base_commit = context.shared.branch(context.base(plan.base)) or ""
    inputs = _inputs(context, plan, base_commit)
    chosen = find_level(plan, level, [branch.task for branch in inputs if branch.landed])
    report = examine(
        context.repository,
        level=chosen.name,
        base=plan.base,
        base_commit=base_commit,
        branches=[branch for branch in inputs if branch.task in chosen.tasks],
        candidates=candidates(plan, chosen),
        serialize_on=serialize_on or context.settings.serialize_on,
        ignore=(*context.settings.ignore, *(ignore or ())),
    )
    saved = save and _save(context, plan, chosen, report)
    if as_json:
        document = msgspec.to_builtins(report, str_keys=True)
        emit_json("conflicts", {**document, "one_wave": report.one_wave(), "saved": saved})
    else:
        show_conflicts(stdout_console(), report, titles={t: plan.tasks[t].title for t in chosen.tasks})
        if save:
            say("The waves are saved in the plan." if saved else "The plan has these waves already.")
    if not report.one_wave():
        raise typer.Exit(Exit.NO)


def _inputs(context: "Context", plan: "Plan", base_commit: "Oid") -> "list[BranchInput]":
    """Every task's branch as the shared refs show it."""
    from gitcoord.conflicts.model import BranchInput
    from gitcoord.merging.landed import landed_tasks

    tips = context.shared.branches()
    landed = landed_tasks(
        context.repository.git,
        base_commit=base_commit,
        plan=plan,
        progress=context.store.progress(),
        tips=tips,
    )
    return [
        BranchInput(task=task, branch=planned.branch, commit=tips.get(planned.branch), landed=task in landed)
        for task, planned in plan.tasks.items()
    ]


def _save(context: "Context", plan: "Plan", level: "PlannedLevel", report: "ConflictReport") -> bool:
    """Writes the report's waves into the plan; False when it had them already."""
    from gitcoord.conflicts.into_plan import plan_with_waves
    from gitcoord.events import WavesSaved
    from gitcoord.state.journal import now, worker_name

    changed = plan_with_waves(plan, level, report)
    waves = next(after.waves for after in changed.levels if after.number == level.number)
    told = WavesSaved(at=now(), by=worker_name(), level=level.name, waves=waves)
    return changed != plan and context.store.save_plan(changed, told)
