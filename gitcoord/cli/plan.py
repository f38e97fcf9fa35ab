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
  gitcoord plan --format mermaid --dry-run      a picture for a README
  gitcoord plan --tasks - --json < tasks.json   a list from elsewhere, for a program
"""


@app.command("plan", epilog=_EPILOG)
def plan(
    tasks: Annotated[
        str | None, typer.Option(metavar="PATH", help="The task list; `-` reads standard input.")
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="The tag of the list to plan.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Plan everything, what is done or cancelled too.")
    ] = False,
    plan_cancelled: Annotated[
        bool, typer.Option("--plan-cancelled", help="Count cancelled tasks as work that others wait for.")
    ] = False,
    strategy: Annotated[
        Literal["single-pr", "multi-pr"] | None,
        typer.Option(help="One pull request for each level, or for each task."),
    ] = None,
    max_parallel: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many tasks may run at once.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="The branch that the work lands on.")
    ] = None,
    token_budget: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tokens to split over the tasks that run at once.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    format: Annotated[
        Literal["text", "json", "mermaid", "dot", "levels"], typer.Option(help="What to print.")
    ] = "text",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Save nothing.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Start afresh instead of from the saved plan.")
    ] = False,
) -> None:
    """Plan a task list: levels, waves, branches, critical path and times.

    The tasks of a level do not depend on each other, and those of a wave do not clash. The plan is
    saved in the repository unless --dry-run. Planning again keeps the place of what is under way.
    """
    from gitcoord.cli.context import maybe_context
    from gitcoord.cli.plan_making import Asked, make_plan
    from gitcoord.cli.plan_output import print_plan
    from gitcoord.tasks.reader import read_task_list

    context = maybe_context()
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
