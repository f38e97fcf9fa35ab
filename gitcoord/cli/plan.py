"""`gitcoord plan`: reads the task list, makes the plan, saves it and shows it."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  gitcoord plan                                 plan the project's task list and save the plan
  gitcoord plan --dry-run --max-parallel 8      only look, with eight workers
  gitcoord plan --tag api --strategy multi-pr   another tag, a pull request for each task
  gitcoord plan --format levels                 [[1,3],[2],[4]] for a workflow template
  gitcoord plan --format waves                  the same for every wave: what may start together
  gitcoord plan --format mermaid --dry-run      a picture for a README
  gitcoord plan --tasks - --json < tasks.json   a list from elsewhere, for a program
"""


_Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="PATH", help="The task list; `-` reads standard input.")
]
_Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag of the list to plan.")]
_Everything = Annotated[bool, typer.Option("--all", help="Plan everything, what is done or cancelled too.")]
_PlanCancelled = Annotated[
    bool, typer.Option("--plan-cancelled", help="Count cancelled tasks as work that others wait for.")
]
_Strategy = Annotated[
    Literal["single-pr", "multi-pr"] | None,
    typer.Option("--strategy", help="One pull request for each level, or for each task."),
]
_MaxParallel = Annotated[
    int | None,
    typer.Option("--max-parallel", min=1, metavar="N", help="How many tasks may run at once (default: 4)."),
]
_Base = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="The branch that the work lands on.")
]
_TokenBudget = Annotated[
    int | None,
    typer.Option("--token-budget", min=1, metavar="N", help="Tokens to split over what runs at once."),
]
_Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
_Format = Annotated[
    Literal["text", "json", "mermaid", "dot", "levels", "waves"],
    typer.Option("--format", help="What to print."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Save nothing.")]
_Reset = Annotated[bool, typer.Option("--reset", help="Start afresh instead of from the saved plan.")]


@app.command("plan", epilog=_EPILOG)
def plan(
    tasks: _Tasks = None,
    tag: _Tag = None,
    everything: _Everything = False,
    plan_cancelled: _PlanCancelled = False,
    strategy: _Strategy = None,
    max_parallel: _MaxParallel = None,
    base: _Base = None,
    token_budget: _TokenBudget = None,
    as_json: _Json = False,
    format: _Format = "text",
    dry_run: _DryRun = False,
    reset: _Reset = False,
) -> None:
    """Plan a task list: levels, waves, branches, critical path and times.

    The tasks of a level do not depend on each other, and those of a wave do not clash. The plan is
    saved in the repository unless --dry-run. Planning again keeps the place of what is under way.
    """
    from gitcoord.cli.context import maybe_context
    from gitcoord.cli.plan_making import Asked, make_plan
    from gitcoord.cli.plan_output import print_plan
    from gitcoord.tasks.reader import read_task_list

    context = maybe_context(reads=dry_run)
    listed = read_task_list(
        root=context.repository.root if context else None,
        tasks=tasks,
        tag=tag,
        cancelled_satisfies=not plan_cancelled,
    )
    asked = Asked(
        base=base,
        strategy=strategy,
        max_parallel=max_parallel,
        everything=everything,
        cancelled_satisfies=not plan_cancelled,
        token_budget=token_budget,
        reset=reset,
    )
    made = make_plan(context, listed, asked)
    if context is not None and not dry_run:
        context.store.save_plan(made)
    print_plan(
        made,
        format="json" if as_json else format,
        saved=context is not None and not dry_run,
        homeless=context is None,
    )
