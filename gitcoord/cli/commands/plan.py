"""`gitcoord plan`: reads the task list, makes the plan, saves it and shows it."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app, not_nan
from gitcoord.cli.planning.list_options import ListOrigin

_EPILOG = """\b
Examples:
  gitcoord plan                                 # plan the list, and save it
  gitcoord plan --dry-run --max-parallel 8      # show it, for eight workers
  gitcoord plan --tag api --strategy multi-pr   # another tag, a PR per task
  gitcoord plan --format levels                 # [[1,3],[2],[4]] as saved
  gitcoord plan --format waves                  # what may start together
  gitcoord plan --rework-cost 2                 # a conflict costs two waves
  gitcoord plan --format mermaid --dry-run      # a diagram of the list
  gitcoord plan --new-list                      # another list and branches
  gitcoord plan --tasks - --json < tasks.json   # a list from elsewhere
  gitcoord plan --from kiro                     # the tasks.md of a Kiro spec
  gitcoord plan --from yaml:plan.yaml           # see gitcoord help sources
  gitcoord plan --from github --label parallel  # issues with that label
"""


_Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="PATH", help="The task list; `-` reads standard input.")
]
_Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag of the list to plan.")]
_Everything = Annotated[
    bool | None, typer.Option("--all/--no-all", help="Plan all tasks, even those that are done or cancelled.")
]
_PlanCancelled = Annotated[
    bool | None,
    typer.Option(
        "--plan-cancelled/--no-plan-cancelled", help="Plan cancelled tasks, too; others wait for them."
    ),
]
_Strategy = Annotated[
    Literal["single-pr", "multi-pr"] | None,
    typer.Option("--strategy", help="One pull request for each level, or for each task."),
]
_MaxParallel = Annotated[
    int | None,
    typer.Option("--max-parallel", min=1, metavar="N", help="Maximum number of tasks at once (default: 4)."),
]
_Base = Annotated[str | None, typer.Option("--base", metavar="BRANCH", help="The branch that work lands on.")]
_TokenBudget = Annotated[
    int | None,
    typer.Option(
        "--token-budget",
        min=0,
        metavar="N",
        help="Tokens to share among the tasks that run at once; 0: no limit.",
    ),
]
_Predict = Annotated[
    bool | None,
    typer.Option("--predict/--no-predict", help="Predict conflicts from the history (default: yes)."),
]
_ReworkCost = Annotated[
    float | None,
    typer.Option(
        "--rework-cost",
        min=0,
        max=1_000_000,
        callback=not_nan,
        metavar="R",
        help="Add a wave if it prevents 1/R conflicts; 0: never.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Plan, and print one gitcoord.plan/1 document.")]
_Format = Annotated[
    Literal["text", "json", "mermaid", "dot", "levels", "waves"] | None,
    typer.Option(
        "--format", help="The format to print; with no other option, print the saved plan and change nothing."
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Save nothing.")]
_Reset = Annotated[bool, typer.Option("--reset", help="Start afresh instead of from the saved plan.")]
_Force = Annotated[bool, typer.Option("--force", help="With --reset: discard work in progress.")]
_NewList = Annotated[
    bool, typer.Option("--new-list", help="Start a new task list, with new branches and its own journal.")
]
_SameTasks = Annotated[
    bool, typer.Option("--same-tasks", help="Keep tasks in progress although their texts changed.")
]


_IssueLabel = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME", help="With --from github: issues that have this label."),
]
_Milestone = Annotated[
    str | None,
    typer.Option("--milestone", metavar="TITLE", help="With --from github: issues of this milestone."),
]


@app.command("plan", epilog=_EPILOG)
def plan(
    tasks: _Tasks = None,
    origin: ListOrigin = None,
    label: _IssueLabel = None,
    milestone: _Milestone = None,
    tag: _Tag = None,
    everything: _Everything = None,
    plan_cancelled: _PlanCancelled = None,
    strategy: _Strategy = None,
    max_parallel: _MaxParallel = None,
    base: _Base = None,
    token_budget: _TokenBudget = None,
    predict: _Predict = None,
    rework_cost: _ReworkCost = None,
    as_json: _Json = False,
    format: _Format = None,
    dry_run: _DryRun = False,
    reset: _Reset = False,
    force: _Force = False,
    new_list: _NewList = False,
    same_tasks: _SameTasks = False,
) -> None:
    """Plan a task list: levels, waves, branches, critical path and times.

    The tasks of a level do not depend on each other, and those of a wave do not clash. If the history shows
    that tasks will probably conflict, they get different waves, as long as that adds no wave (see
    --rework-cost). Saves the plan in the repository unless --dry-run. A new plan keeps tasks in progress
    where they are, and keeps the saved value of each option that is not given.
    """
    from gitcoord.cli.context import acts_across, maybe_context
    from gitcoord.cli.planning.plan_making import PlanRequest
    from gitcoord.cli.planning.plan_saving import plan_and_save, print_saved

    if label or milestone is not None:
        from gitcoord.tasks.sources.issue_filter import with_filter

        origin = with_filter(origin, label or (), milestone)
    request = PlanRequest(
        base=base,
        strategy=strategy,
        max_parallel=max_parallel,
        everything=everything,
        cancelled_satisfies=None if plan_cancelled is None else not plan_cancelled,
        token_budget=token_budget,
        predict=predict,
        rework_cost=rework_cost,
        reset=reset,
        force=force,
        new_list=new_list,
        same_tasks=same_tasks,
    )
    alone = not (as_json or dry_run) and tasks is None and origin is None
    only_reads = format is not None and alone and request == PlanRequest()
    context = maybe_context(reads=dry_run or only_reads, several=True)
    if context is not None and acts_across(context.settings):
        from gitcoord.cli.across.repositories import across

        context = across(context)
    if context is not None:
        context.store.refresh()
    if only_reads and format and context is not None and (saved := context.store.plan()) is not None:
        print_saved(context, saved, format, tag)
        return
    shown = "json" if as_json else format or "text"
    plan_and_save(context, request, tasks=tasks, origin=origin, tag=tag, format=shown, dry_run=dry_run)
